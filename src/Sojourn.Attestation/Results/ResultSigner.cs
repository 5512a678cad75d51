using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Primitives.Cose;

namespace Sojourn.Attestation.Results;

/// <summary>Signs attestation results with one P-256 key: as a JWT (RFC 7519, ES256) and as a CWT (RFC 8392, COSE_Sign1).</summary>
public sealed class ResultSigner : IDisposable
{
    private readonly ECDsa key;

    /// <summary>Makes a signer.</summary>
    /// <param name="key">A P-256 key; the signer owns it.</param>
    public ResultSigner(ECDsa key)
    {
        if (key.KeySize != 256)
        {
            throw new ArgumentException("Results are signed with ES256: a P-256 key is needed.", nameof(key));
        }

        this.key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
        KeyId = Convert.ToHexStringLower(SHA256.HashData(PublicKey.Span))[..16];
    }

    /// <summary>The public key as SubjectPublicKeyInfo: all that a third party needs.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The key's short name in headers.</summary>
    public string KeyId { get; }

    /// <summary>Signs as a JWT.</summary>
    /// <param name="claims">The claims.</param>
    public string SignJwt(ResultClaims claims)
    {
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"ES256","kid":"{{KeyId}}","typ":"JWT"}"""));
        var text = $"{header}.{Base64Url.EncodeToString(ResultJson.Write(claims))}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    /// <summary>Signs as a CWT.</summary>
    /// <param name="claims">The claims.</param>
    public byte[] SignCwt(ResultClaims claims) =>
        CoseSign1.Sign(key, CoseAlgorithm.ES256, ResultCbor.Write(claims), CoseMap.Empty.With(CoseHeader.KeyId, Encoding.ASCII.GetBytes(KeyId))).Encode();

    /// <summary>Lets the key go.</summary>
    public void Dispose() => key.Dispose();
}

/// <summary>Why a signed result is refused. Closed.</summary>
public enum ResultFault
{
    /// <summary>No fault.</summary>
    None = 0,

    /// <summary>It is no signed result.</summary>
    Malformed,

    /// <summary>Signed with another algorithm than ES256.</summary>
    Algorithm,

    /// <summary>The signature is not by the key.</summary>
    Signature,

    /// <summary>It has expired.</summary>
    Expired,

    /// <summary>It was issued in the future.</summary>
    NotYetValid,
}

/// <summary>Checks signed results with one public key: what a third party does.</summary>
public static class ResultVerifier
{
    private const int BytesMax = 64 * 1024;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    /// <summary>Checks a JWT.</summary>
    /// <param name="jwt">The text.</param>
    /// <param name="publicKey">SubjectPublicKeyInfo of the verifier's key.</param>
    /// <param name="now">The time.</param>
    /// <param name="claims">The claims, where there is no fault.</param>
    public static ResultFault VerifyJwt(string jwt, ReadOnlySpan<byte> publicKey, DateTimeOffset now, out ResultClaims? claims)
    {
        claims = null;
        if (jwt.Length > BytesMax || jwt.Split('.') is not [var header, var payload, var signature])
        {
            return ResultFault.Malformed;
        }

        try
        {
            using var parsed = System.Text.Json.JsonDocument.Parse(Base64Url.DecodeFromChars(header), new System.Text.Json.JsonDocumentOptions { AllowDuplicateProperties = false });
            if (!parsed.RootElement.TryGetProperty("alg", out var algorithm) || algorithm.GetString() != "ES256" || parsed.RootElement.TryGetProperty("crit", out _))
            {
                return ResultFault.Algorithm;
            }

            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            if (!key.VerifyData(Encoding.ASCII.GetBytes($"{header}.{payload}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256))
            {
                return ResultFault.Signature;
            }

            return Judge(ResultJson.TryRead(Base64Url.DecodeFromChars(payload)), now, out claims);
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException or CryptographicException or InvalidOperationException)
        {
            return ResultFault.Malformed;
        }
    }

    /// <summary>Checks a CWT.</summary>
    /// <param name="cwt">The message.</param>
    /// <param name="publicKey">SubjectPublicKeyInfo of the verifier's key.</param>
    /// <param name="now">The time.</param>
    /// <param name="claims">The claims, where there is no fault.</param>
    public static ResultFault VerifyCwt(ReadOnlySpan<byte> cwt, ReadOnlySpan<byte> publicKey, DateTimeOffset now, out ResultClaims? claims)
    {
        claims = null;
        if (cwt.Length > BytesMax || CoseSign1.TryDecode(cwt, out var message) != CoseFault.None || message is null)
        {
            return ResultFault.Malformed;
        }

        if (message.AlgorithmNumber != (long)CoseAlgorithm.ES256 || !message.AlgorithmIsProtected || message.Payload is null)
        {
            return ResultFault.Algorithm;
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            return message.Verify(key) == CoseFault.None ? Judge(ResultCbor.TryRead(message.Payload.Value.Span), now, out claims) : ResultFault.Signature;
        }
        catch (CryptographicException)
        {
            return ResultFault.Malformed;
        }
    }

    private static ResultFault Judge(ResultClaims? read, DateTimeOffset now, out ResultClaims? claims)
    {
        claims = null;
        if (read is null)
        {
            return ResultFault.Malformed;
        }

        if (now >= read.Expires)
        {
            return ResultFault.Expired;
        }

        if (read.IssuedAt > now + Skew)
        {
            return ResultFault.NotYetValid;
        }

        claims = read;
        return ResultFault.None;
    }
}
