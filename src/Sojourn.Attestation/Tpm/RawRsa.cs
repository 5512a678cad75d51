using System.Numerics;
using System.Security.Cryptography;

namespace Sojourn.Attestation.Tpm;

/// <summary>RSA without padding, since the platform offers neither that nor OAEP with a label, which credential protection needs.</summary>
/// <remarks>
/// The public operation raises a freshly padded block to the public exponent: the block is new for each credential, so a time that depends
/// on it tells at most about one random seed, once. The private operation serves a key in a file, in tests; a real endorsement key never leaves its TPM.
/// </remarks>
internal static class RawRsa
{
    public static byte[] Public(RSA rsa, ReadOnlySpan<byte> block)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        return Power(block, parameters.Exponent!, parameters.Modulus!);
    }

    public static byte[]? Private(RSA rsa, ReadOnlySpan<byte> block)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: true);
        return parameters.D is null ? null : Power(block, parameters.D, parameters.Modulus!);
    }

    private static byte[] Power(ReadOnlySpan<byte> block, byte[] exponent, byte[] modulus)
    {
        var number = BigInteger.ModPow(
            new BigInteger(block, isUnsigned: true, isBigEndian: true),
            new BigInteger(exponent, isUnsigned: true, isBigEndian: true),
            new BigInteger(modulus, isUnsigned: true, isBigEndian: true));
        var result = new byte[modulus.Length];
        number.TryWriteBytes(result.AsSpan(modulus.Length - number.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return result;
    }
}
