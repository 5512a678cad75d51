using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>Sizes, curve and hash of a KEM (RFC 9180, table 2).</summary>
internal sealed class HpkeKemParameters
{
    private HpkeKemParameters(HpkeKem kem, ECCurve curve, HpkeHash hash, int scalarSize, byte topMask, string order)
    {
        Kem = kem;
        Curve = curve;
        Hash = hash;
        ScalarSize = scalarSize;
        TopMask = topMask;
        Order = Convert.FromHexString(order);
        System.Diagnostics.Debug.Assert(Order.Length == scalarSize, "The order has as many bytes as a scalar.");
        SuiteId = [(byte)'K', (byte)'E', (byte)'M', (byte)((ushort)kem >> 8), (byte)kem];
    }

    public HpkeKem Kem { get; }

    public ECCurve Curve { get; }

    public HpkeHash Hash { get; }

    /// <summary>Nsk: bytes of a coordinate or scalar.</summary>
    public int ScalarSize { get; }

    /// <summary>Npk and Nenc: an uncompressed point.</summary>
    public int PublicSize => 1 + (2 * ScalarSize);

    /// <summary>The mask of DeriveKeyPair (7.1.3).</summary>
    public byte TopMask { get; }

    public byte[] Order { get; }

    public byte[] SuiteId { get; }

    private static readonly HpkeKemParameters P256 = new(HpkeKem.P256, ECCurve.NamedCurves.nistP256, HpkeHash.Sha256, 32, 0xFF,
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    private static readonly HpkeKemParameters P384 = new(HpkeKem.P384, ECCurve.NamedCurves.nistP384, HpkeHash.Sha384, 48, 0xFF,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973");

    private static readonly HpkeKemParameters P521 = new(HpkeKem.P521, ECCurve.NamedCurves.nistP521, HpkeHash.Sha512, 66, 0x01,
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409");

    public static HpkeKemParameters Of(HpkeKem kem) => kem switch
    {
        HpkeKem.P256 => P256,
        HpkeKem.P384 => P384,
        HpkeKem.P521 => P521,
        _ => throw new ArgumentOutOfRangeException(nameof(kem), kem, "HPKE KEM: 0x0010 (P-256), 0x0011 (P-384) and 0x0012 (P-521) are known."),
    };

    /// <summary>Whether 0 &lt; scalar &lt; order, looking at every byte whatever it holds.</summary>
    public bool IsScalar(ReadOnlySpan<byte> scalar)
    {
        if (scalar.Length != ScalarSize)
        {
            return false;
        }

        int borrow = 0, any = 0;
        for (var i = ScalarSize - 1; i >= 0; i--)
        {
            borrow = ((scalar[i] - Order[i] - borrow) >> 8) & 1;
            any |= scalar[i];
        }

        return (borrow & ((any + 0xFF) >> 8)) != 0;
    }
}
