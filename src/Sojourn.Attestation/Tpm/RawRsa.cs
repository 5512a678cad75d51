using System.Numerics;
using System.Security.Cryptography;

namespace Sojourn.Attestation.Tpm;

/// <summary>
/// RSA without padding. The public operation handles no secret that outlives the call's purpose but the padded seed; it runs in BigInteger with the public exponent.
/// The private operation exists for the test side of credential protection only, where the endorsement key lies in a file; a real one never leaves its TPM.
/// </summary>
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
