using System.Security.Cryptography;

namespace Sojourn.Attestation.Tpm;

/// <summary>TPM_ALG_ID values that are used here (TCG Algorithm Registry).</summary>
internal static class TpmAlg
{
    public const ushort Rsa = 0x0001;
    public const ushort Sha1 = 0x0004;
    public const ushort Hmac = 0x0005;
    public const ushort Aes = 0x0006;
    public const ushort KeyedHash = 0x0008;
    public const ushort Xor = 0x000A;
    public const ushort Sha256 = 0x000B;
    public const ushort Sha384 = 0x000C;
    public const ushort Sha512 = 0x000D;
    public const ushort Null = 0x0010;
    public const ushort RsaSsa = 0x0014;
    public const ushort RsaEs = 0x0015;
    public const ushort RsaPss = 0x0016;
    public const ushort Oaep = 0x0017;
    public const ushort EcDsa = 0x0018;
    public const ushort EcDaa = 0x001A;
    public const ushort Ecc = 0x0023;
    public const ushort SymCipher = 0x0025;
    public const ushort Cfb = 0x0043;

    public static int DigestLength(ushort alg) => alg switch { Sha1 => 20, Sha256 => 32, Sha384 => 48, Sha512 => 64, _ => 0 };

    public static string Name(ushort alg) => alg switch { Sha1 => "sha1", Sha256 => "sha256", Sha384 => "sha384", Sha512 => "sha512", _ => $"alg{alg:x4}" };

    /// <summary>Hashes that a signature may use; SHA-1 is not one.</summary>
    public static HashAlgorithmName? Strong(ushort alg) => alg switch
    {
        Sha256 => HashAlgorithmName.SHA256,
        Sha384 => HashAlgorithmName.SHA384,
        Sha512 => HashAlgorithmName.SHA512,
        _ => null,
    };

    public static byte[] Hash(ushort alg, ReadOnlySpan<byte> data) => alg switch
    {
        // A PCR bank's arithmetic, not a signature: the appraisal decides whether a SHA-1 bank will do.
#pragma warning disable CA5350
        Sha1 => SHA1.HashData(data),
#pragma warning restore CA5350
        Sha256 => SHA256.HashData(data),
        Sha384 => SHA384.HashData(data),
        Sha512 => SHA512.HashData(data),
        _ => throw new ArgumentOutOfRangeException(nameof(alg)),
    };
}
