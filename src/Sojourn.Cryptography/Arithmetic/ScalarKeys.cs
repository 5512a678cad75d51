using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>Secret scalars of a curve as keys.</summary>
internal static class ScalarKeys
{
    /// <summary>A uniform scalar by rejection: both orders lie within 2^-32 of 2^256, so a retry is rare and tells nothing.</summary>
    public static SecretKey Generate(PrimeCurve curve)
    {
        while (true)
        {
            var key = SecretKey.Random();
            using (var lease = key.Lend())
            {
                if (IsScalar(curve, lease.Span))
                {
                    return key;
                }
            }

            key.Dispose();
        }
    }

    public static SecretKey Import(PrimeCurve curve, ReadOnlySpan<byte> scalar) => IsScalar(curve, scalar)
        ? SecretKey.CopyOf(scalar)
        : throw new CryptographicException("A private key is 32 bytes, above zero and below the group order.");

    public static bool IsScalar(PrimeCurve curve, ReadOnlySpan<byte> scalar)
    {
        if (scalar.Length != 32)
        {
            return false;
        }

        var value = UInt256.Read(scalar);
        return !value.IsZero & curve.Order.IsReduced(value);
    }
}
