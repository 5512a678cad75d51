using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Keystores;

/// <summary>Key files that geth, ethers and wallets read and write: Web3 Secret Storage, version 3.</summary>
public static class Web3Keystore
{
    /// <summary>scrypt's cost by default, as geth's and ethers' (2^17: 128 MiB, about half a second).</summary>
    public const int CostDefault = 1 << 17;

    private const int SizeMax = 64 * 1024;

    /// <summary>Encrypts a key under a passphrase: scrypt, AES-128-CTR, Keccak-256.</summary>
    /// <param name="identity">The key.</param>
    /// <param name="passphrase">In UTF-8.</param>
    /// <param name="cost">scrypt's N, a power of two.</param>
    /// <returns>JSON text.</returns>
    public static string Encrypt(Secp256k1Identity identity, SecretKey passphrase, int cost = CostDefault)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(passphrase);
        if (!Scrypt.AreParametersGood(cost, 8, 1))
        {
            throw new ArgumentOutOfRangeException(nameof(cost), cost, "A power of two up to 2^18.");
        }

        var salt = RandomNumberGenerator.GetBytes(32);
        var iv = RandomNumberGenerator.GetBytes(16);
        using var derived = Derive(passphrase, salt, cost, 8, 1);
        using var key = derived.Lend();
        using var scalar = identity.ExportScalar();
        using var plain = scalar.Lend();
        var ciphertext = new byte[32];
        CounterMode(key.Span[..16], iv, plain.Span, ciphertext);
        var id = new Guid(RandomNumberGenerator.GetBytes(16));
        return new JsonObject
        {
            ["address"] = Convert.ToHexStringLower(identity.Address.AsSpan()),
            ["id"] = id.ToString("D"),
            ["version"] = 3,
            ["crypto"] = new JsonObject
            {
                ["cipher"] = "aes-128-ctr",
                ["cipherparams"] = new JsonObject { ["iv"] = Convert.ToHexStringLower(iv) },
                ["ciphertext"] = Convert.ToHexStringLower(ciphertext),
                ["kdf"] = "scrypt",
                ["kdfparams"] = new JsonObject
                {
                    ["dklen"] = 32,
                    ["n"] = cost,
                    ["r"] = 8,
                    ["p"] = 1,
                    ["salt"] = Convert.ToHexStringLower(salt),
                },
                ["mac"] = Convert.ToHexStringLower(Mac(key.Span, ciphertext)),
            },
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>Opens a key file; untrusted.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="passphrase">In UTF-8.</param>
    /// <param name="identity">The key, unless there is a fault.</param>
    public static KeystoreFault TryDecrypt(string json, SecretKey passphrase, out Secp256k1Identity? identity)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(passphrase);
        identity = null;
        if (json.Length > SizeMax)
        {
            return KeystoreFault.Malformed;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return Decrypt(document.RootElement, passphrase, out identity);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return KeystoreFault.Malformed;
        }
    }

    /// <summary>The account a key file is for, where it says so, without opening it.</summary>
    /// <param name="json">The file's text.</param>
    public static Address? AddressOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("address", out var text)
                && text.ValueKind == JsonValueKind.String
                && Address.TryParse(text.GetString(), out var address) ? address : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static KeystoreFault Decrypt(JsonElement root, SecretKey passphrase, out Secp256k1Identity? identity)
    {
        identity = null;
        if (root.GetProperty("version").GetInt32() != 3)
        {
            return KeystoreFault.Unsupported;
        }

        // ethers writes "Crypto", geth "crypto".
        var crypto = root.TryGetProperty("crypto", out var lower) ? lower : root.GetProperty("Crypto");
        var parameters = crypto.GetProperty("kdfparams");
        if (crypto.GetProperty("cipher").GetString() != "aes-128-ctr" || parameters.GetProperty("dklen").GetInt32() != 32)
        {
            return KeystoreFault.Unsupported;
        }

        var salt = Hex(parameters, "salt");
        var ciphertext = Hex(crypto, "ciphertext");
        var iv = Hex(crypto.GetProperty("cipherparams"), "iv");
        var mac = Hex(crypto, "mac");
        if (ciphertext.Length != 32 || iv.Length != 16 || mac.Length != 32)
        {
            return KeystoreFault.Malformed;
        }

        SecretKey derived;
        switch (crypto.GetProperty("kdf").GetString())
        {
            case "scrypt":
                long n = parameters.GetProperty("n").GetInt64(), r = parameters.GetProperty("r").GetInt64(), p = parameters.GetProperty("p").GetInt64();
                if (!Scrypt.AreParametersGood(n, r, p))
                {
                    return KeystoreFault.Unsupported;
                }

                derived = Derive(passphrase, salt, (int)n, (int)r, (int)p);
                break;
            case "pbkdf2":
                var rounds = parameters.GetProperty("c").GetInt32();
                if (parameters.GetProperty("prf").GetString() != "hmac-sha256" || rounds is < 1 or > 20_000_000)
                {
                    return KeystoreFault.Unsupported;
                }

                using (var words = passphrase.Lend())
                {
                    derived = SecretKey.Create(32, new Inputs(words.Span, salt, rounds), static (bytes, inputs) =>
                        Rfc2898DeriveBytes.Pbkdf2(inputs.Passphrase, inputs.Salt, bytes, inputs.Rounds, HashAlgorithmName.SHA256));
                }

                break;
            default:
                return KeystoreFault.Unsupported;
        }

        using (derived)
        {
            using var key = derived.Lend();
            if (!CryptographicOperations.FixedTimeEquals(Mac(key.Span, ciphertext), mac))
            {
                return KeystoreFault.WrongPassphrase;
            }

            Span<byte> plain = stackalloc byte[32];
            try
            {
                CounterMode(key.Span[..16], iv, ciphertext, plain);
                identity = Secp256k1Identity.Import(plain);
            }
            catch (CryptographicException)
            {
                return KeystoreFault.Malformed;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }
        }

        if (root.TryGetProperty("address", out var stated) && Address.TryParse(stated.GetString(), out var address) && address != identity.Address)
        {
            identity.Dispose();
            identity = null;
            return KeystoreFault.AddressMismatch;
        }

        return KeystoreFault.None;
    }

    private static SecretKey Derive(SecretKey passphrase, byte[] salt, int n, int r, int p)
    {
        using var words = passphrase.Lend();
        return SecretKey.Create(32, new ScryptInputs(words.Span, salt, n, r, p), static (bytes, inputs) =>
            Scrypt.Derive(inputs.Passphrase, inputs.Salt, inputs.N, inputs.R, inputs.P, bytes));
    }

    private static byte[] Mac(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> input = stackalloc byte[48];
        derived.Slice(16, 16).CopyTo(input);
        ciphertext.CopyTo(input[16..]);
        var mac = Keccak256.Hash(input);
        CryptographicOperations.ZeroMemory(input);
        return mac;
    }

    /// <summary>AES-128 in counter mode over 32 bytes (NIST SP 800-38A, 6.5): two blocks of keystream.</summary>
    private static void CounterMode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> input, Span<byte> output)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        Span<byte> counters = stackalloc byte[32];
        Span<byte> stream = stackalloc byte[32];
        iv.CopyTo(counters);
        var next = BinaryPrimitives.ReadUInt128BigEndian(iv) + 1;
        BinaryPrimitives.WriteUInt128BigEndian(counters[16..], next);
        aes.EncryptEcb(counters, stream, PaddingMode.None);
        for (var i = 0; i < 32; i++)
        {
            output[i] = (byte)(input[i] ^ stream[i]);
        }

        CryptographicOperations.ZeroMemory(stream);
    }

    private static byte[] Hex(JsonElement element, string name)
    {
        var text = element.GetProperty(name).GetString() ?? "";
        return Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
    }

    private readonly ref struct Inputs(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int rounds)
    {
        public readonly ReadOnlySpan<byte> Passphrase = passphrase;
        public readonly ReadOnlySpan<byte> Salt = salt;
        public readonly int Rounds = rounds;
    }

    private readonly ref struct ScryptInputs(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int n, int r, int p)
    {
        public readonly ReadOnlySpan<byte> Passphrase = passphrase;
        public readonly ReadOnlySpan<byte> Salt = salt;
        public readonly int N = n;
        public readonly int R = r;
        public readonly int P = p;
    }
}
