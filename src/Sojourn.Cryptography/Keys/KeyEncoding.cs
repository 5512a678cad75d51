using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Keys;

/// <summary>Encryption keys in the forms that other tools read: PKCS#8 and SPKI (RFC 5958, RFC 5280), JWK (RFC 7517, RFC 7518), encrypted PEM.</summary>
public static class KeyEncoding
{
    /// <summary>Rounds of PBKDF2 in encrypted PEM files.</summary>
    public const int Rounds = 600_000;

    /// <summary>The most iterations that an encrypted key file may ask for: some seconds of work.</summary>
    public const int IterationsMax = 10_000_000;

    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";

    /// <summary>SubjectPublicKeyInfo, DER.</summary>
    /// <param name="key">The key.</param>
    public static byte[] ToSpki(this HpkePublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var handle = Platform(key);
        return handle.ExportSubjectPublicKeyInfo();
    }

    /// <summary>SubjectPublicKeyInfo, PEM.</summary>
    /// <param name="key">The key.</param>
    public static string ToPem(this HpkePublicKey key) => PemEncoding.WriteString("PUBLIC KEY", key.ToSpki());

    /// <summary>A public JWK.</summary>
    /// <param name="key">The key.</param>
    public static string ToJwk(this HpkePublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var size = (key.Bytes.Length - 1) / 2;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = CurveName(key.Kem),
            ["x"] = Base64Url.EncodeToString(key.Bytes.Span.Slice(1, size)),
            ["y"] = Base64Url.EncodeToString(key.Bytes.Span[(1 + size)..]),
        }.ToJsonString();
    }

    /// <summary>Reads a public key in any form: raw uncompressed point in hexadecimal, SPKI in PEM, JWK; untrusted.</summary>
    /// <param name="text">The text.</param>
    /// <param name="key">The key.</param>
    public static bool TryParsePublic(string text, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        ArgumentNullException.ThrowIfNull(text);
        key = null;
        text = text.Trim();
        if (text.Length > 8192)
        {
            return false;
        }

        try
        {
            if (text.StartsWith('{'))
            {
                return TryReadJwk(text, out key);
            }

            if (text.StartsWith("-----", StringComparison.Ordinal))
            {
                using var handle = ECDiffieHellman.Create();
                handle.ImportFromPem(text);
                return TryRead(handle.ExportParameters(false), out key);
            }

            var bytes = Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
            return bytes.Length switch
            {
                65 => HpkePublicKey.TryImport(HpkeKem.P256, bytes, out key),
                97 => HpkePublicKey.TryImport(HpkeKem.P384, bytes, out key),
                133 => HpkePublicKey.TryImport(HpkeKem.P521, bytes, out key),
                _ => false,
            };
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }

    /// <summary>Reads a DER SubjectPublicKeyInfo; untrusted.</summary>
    /// <param name="spki">The bytes.</param>
    /// <param name="key">The key.</param>
    public static bool TryImportSpki(ReadOnlySpan<byte> spki, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        key = null;
        try
        {
            using var handle = ECDiffieHellman.Create();
            handle.ImportSubjectPublicKeyInfo(spki, out var read);
            return read == spki.Length && TryRead(handle.ExportParameters(false), out key);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }

    /// <summary>An unencrypted PKCS#8 key, DER, as a secret.</summary>
    /// <param name="key">The key.</param>
    public static SecretKey ExportPkcs8(this HpkePrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var handle = Platform(key);
        return SecretKey.Take(handle.ExportPkcs8PrivateKey());
    }

    /// <summary>A key file that OpenSSL reads too: PKCS#8 under PBES2 (PBKDF2-HMAC-SHA-256, AES-256-CBC), PEM.</summary>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">In UTF-8.</param>
    /// <param name="rounds">PBKDF2's iterations.</param>
    public static string ToEncryptedPem(this HpkePrivateKey key, SecretKey passphrase, int rounds = Rounds)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(passphrase);
        using var handle = Platform(key);
        using var words = passphrase.Lend();
        var der = handle.ExportEncryptedPkcs8PrivateKey(words.Span, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, rounds));
        return PemEncoding.WriteString(EncryptedLabel, der) + "\n";
    }

    /// <summary>A private JWK, as a secret.</summary>
    /// <param name="key">The key.</param>
    public static SecretKey ExportJwk(this HpkePrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var scalar = key.ExportScalar();
        using var lease = scalar.Lend();
        Span<byte> encoded = stackalloc byte[128];
        Base64Url.EncodeToUtf8(lease.Span, encoded, out _, out var written);
        var open = Encoding.ASCII.GetBytes(key.Public.ToJwk()[..^1] + ",\"d\":\"");
        return SecretKey.Take([.. open, .. encoded[..written], .. "\"}"u8]);
    }

    /// <summary>Reads a private key: PKCS#8 in PEM, encrypted or not, SEC 1 in PEM, or JWK.</summary>
    /// <param name="text">The file's text; wipe its source.</param>
    /// <param name="passphrase">For encrypted files.</param>
    /// <param name="key">The key.</param>
    public static bool TryParsePrivate(string text, SecretKey? passphrase, [NotNullWhen(true)] out HpkePrivateKey? key)
    {
        ArgumentNullException.ThrowIfNull(text);
        key = null;
        try
        {
            if (text.TrimStart().StartsWith('{'))
            {
                return TryReadPrivateJwk(text, out key);
            }

            using var handle = ECDiffieHellman.Create();
            if (text.Contains(EncryptedLabel, StringComparison.Ordinal))
            {
                if (passphrase is null || !IsBounded(text))
                {
                    return false;
                }

                using var words = passphrase.Lend();
                handle.ImportFromEncryptedPem(text, words.Span);
            }
            else
            {
                handle.ImportFromPem(text);
            }

            var parameters = handle.ExportParameters(true);
            try
            {
                if (KemOf(parameters.Curve) is not { } kem || parameters.D is null)
                {
                    return false;
                }

                key = HpkePrivateKey.Import(kem, parameters.D);
                return true;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(parameters.D);
            }
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }

    /// <summary>Whether deriving the file's key ends in reasonable time: PBES2 with PBKDF2 (RFC 8018, A.2 and A.4) and at most <see cref="IterationsMax"/> iterations.</summary>
    private static bool IsBounded(string text)
    {
        var fields = PemEncoding.Find(text);
        var info = new AsnReader(Convert.FromBase64String(text[fields.Base64Data]), AsnEncodingRules.BER).ReadSequence();
        var algorithm = info.ReadSequence();
        if (algorithm.ReadObjectIdentifier() != "1.2.840.113549.1.5.13")
        {
            return false;
        }

        var derivation = algorithm.ReadSequence().ReadSequence();
        if (derivation.ReadObjectIdentifier() != "1.2.840.113549.1.5.12")
        {
            return false;
        }

        var parameters = derivation.ReadSequence();
        parameters.ReadOctetString();
        return parameters.TryReadInt32(out var iterations) && iterations is > 0 and <= IterationsMax;
    }

    /// <summary>What the platform throws for bytes that are no key it knows; an unknown curve counts as not supported.</summary>
    private static bool IsRefusal(Exception e) => e is CryptographicException or AsnContentException or FormatException or ArgumentException or JsonException or NotSupportedException or InvalidOperationException;

    private static ECDiffieHellman Platform(HpkePublicKey key)
    {
        var size = key.Parameters.ScalarSize;
        return ECDiffieHellman.Create(new ECParameters
        {
            Curve = key.Parameters.Curve,
            Q = new ECPoint { X = key.Bytes.Slice(1, size).ToArray(), Y = key.Bytes[(1 + size)..].ToArray() },
        });
    }

    private static ECDiffieHellman Platform(HpkePrivateKey key)
    {
        using var scalar = key.ExportScalar();
        using var lease = scalar.Lend();
        var d = GC.AllocateArray<byte>(lease.Span.Length, pinned: true);
        try
        {
            lease.Span.CopyTo(d);
            return ECDiffieHellman.Create(new ECParameters { Curve = key.Parameters.Curve, D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    private static bool TryRead(ECParameters parameters, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        key = null;
        return KemOf(parameters.Curve) is { } kem && HpkePublicKey.TryImport(kem, [4, .. parameters.Q.X!, .. parameters.Q.Y!], out key);
    }

    private static HpkeKem? KemOf(ECCurve curve) => curve.Oid?.Value switch
    {
        "1.2.840.10045.3.1.7" => HpkeKem.P256,
        "1.3.132.0.34" => HpkeKem.P384,
        "1.3.132.0.35" => HpkeKem.P521,
        _ => curve.Oid?.FriendlyName switch
        {
            "nistP256" or "ECDSA_P256" => HpkeKem.P256,
            "nistP384" or "ECDSA_P384" => HpkeKem.P384,
            "nistP521" or "ECDSA_P521" => HpkeKem.P521,
            _ => null,
        },
    };

    private static bool TryReadJwk(string text, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 4 });
        return TryReadJwk(document.RootElement, out _, out key);
    }

    private static bool TryReadJwk(JsonElement root, out HpkeKem kem, [NotNullWhen(true)] out HpkePublicKey? key)
    {
        kem = Text(root, "crv") switch { "P-256" => HpkeKem.P256, "P-384" => HpkeKem.P384, "P-521" => HpkeKem.P521, _ => default };
        key = null;
        return Enum.IsDefined(kem) && Text(root, "kty") == "EC"
            && HpkePublicKey.TryImport(kem, [4, .. Base64Url.DecodeFromChars(Text(root, "x")), .. Base64Url.DecodeFromChars(Text(root, "y"))], out key);
    }

    private static bool TryReadPrivateJwk(string text, [NotNullWhen(true)] out HpkePrivateKey? key)
    {
        key = null;
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 4 });
        if (!TryReadJwk(document.RootElement, out var kem, out var stated))
        {
            return false;
        }

        var d = Base64Url.DecodeFromChars(Text(document.RootElement, "d"));
        try
        {
            var read = HpkePrivateKey.Import(kem, d);
            if (!read.Public.Equals(stated))
            {
                read.Dispose();
                return false;
            }

            key = read;
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    private static string Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string CurveName(HpkeKem kem) => kem switch { HpkeKem.P256 => "P-256", HpkeKem.P384 => "P-384", _ => "P-521" };
}
