using System.Security.Cryptography;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>A secret scalar held by the platform's library, which alone multiplies points by it.</summary>
/// <remarks>The handle is kept: importing a key costs about three signature checks.</remarks>
internal sealed class PlatformKey : IDisposable
{
    private readonly ECDiffieHellman key;

    private PlatformKey(PrimeCurve curve, ECDiffieHellman key)
    {
        Curve = curve;
        this.key = key;
        var q = key.ExportParameters(false).Q;
        PublicPoint = new AffinePoint(UInt256.Read(q.X), UInt256.Read(q.Y));
    }

    public PrimeCurve Curve { get; }

    /// <summary>scalar · generator, computed by the platform at import.</summary>
    public AffinePoint PublicPoint { get; }

    /// <summary>Imports a scalar between 1 and order − 1. The copy made for the platform is pinned and wiped.</summary>
    public static PlatformKey Import(PrimeCurve curve, ReadOnlySpan<byte> scalar)
    {
        var d = GC.AllocateArray<byte>(32, pinned: true);
        try
        {
            scalar.CopyTo(d);
            return new PlatformKey(curve, ECDiffieHellman.Create(new ECParameters { Curve = curve.Platform, D = d }));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    /// <summary>The x coordinate of scalar · point. The platform checks that the point is on the curve.</summary>
    public UInt256 MultiplyX(ECDiffieHellmanPublicKey point)
    {
        var x = key.DeriveRawSecretAgreement(point);
        var value = UInt256.Read(x);
        CryptographicOperations.ZeroMemory(x);
        return value;
    }

    /// <summary>A public point in the platform's form.</summary>
    public static ECDiffieHellman ImportPoint(PrimeCurve curve, in AffinePoint point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = curve.Platform,
        Q = new ECPoint { X = point.X.ToBytes(), Y = point.Y.ToBytes() },
    });

    public void Dispose() => key.Dispose();
}
