using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Sojourn.Attestation.X509;

/// <summary>
/// A SubjectPublicKeyInfo whose key is imported when it is first used, and kept: importing costs about three verifications, and a certificate whose signature is
/// remembered never needs its issuer's key again.
/// </summary>
internal sealed class PublicKeyInfo
{
    private const int RsaBitsMin = 2048;
    private const int RsaBitsMax = 8192;

    private readonly Lazy<ECDsa?> ec;
    private readonly Lazy<RSA?> rsa;

    private PublicKeyInfo(ReadOnlyMemory<byte> encoded, Func<ECDsa?> ec, Func<RSA?> rsa, RSAParameters rsaParameters, byte[]? point)
    {
        Encoded = encoded;
        this.ec = new(ec);
        this.rsa = new(rsa);
        RsaParameters = rsaParameters;
        Point = point;
    }

    /// <summary>The DER bytes.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The elliptic-curve key; null for another kind, and for a point that is not on its curve.</summary>
    public ECDsa? Ec => ec.Value;

    /// <summary>The RSA key; null for another kind.</summary>
    public RSA? Rsa => rsa.Value;

    public RSAParameters RsaParameters { get; }

    /// <summary>X ‖ Y of an elliptic-curve key.</summary>
    public byte[]? Point { get; }

    public string Words => Point is { } point ? $"EC P-{point.Length switch { 64 => 256, 96 => 384, _ => 521 }}" : $"RSA-{8 * RsaParameters.Modulus!.Length}";

    /// <summary>Reads a key.</summary>
    /// <param name="encoded">SubjectPublicKeyInfo.</param>
    /// <param name="certificate">The certificate that it was taken from, where it was.</param>
    public static PublicKeyInfo? TryParse(ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte> certificate = default)
    {
        try
        {
            var outer = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
            var algorithm = outer.ReadSequence();
            var oid = algorithm.ReadObjectIdentifier();
            var bits = outer.ReadBitString(out var unused);
            if (unused != 0 || outer.HasData)
            {
                return null;
            }

            return oid switch
            {
                Oids.EcPublicKey => FromPoint(encoded, algorithm.ReadObjectIdentifier(), bits, certificate),
                // Old endorsement-key certificates name the key by what it may do (RSAES-OAEP); the key inside is the same.
                Oids.RsaEncryption or Oids.RsaesOaep => FromRsa(encoded, bits),
                _ => null,
            };
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return null;
        }
    }

    public static PublicKeyInfo? FromEcPoint(string curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        try
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            var point = new byte[1 + x.Length + y.Length];
            point[0] = 4;
            x.CopyTo(point.AsSpan(1));
            y.CopyTo(point.AsSpan(1 + x.Length));
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.EcPublicKey);
                    writer.WriteObjectIdentifier(curve);
                }

                writer.WriteBitString(point);
            }

            // Raw points come from signed structures whose check follows at once: one that is off the curve is refused here.
            return FromPoint(writer.Encode(), curve, point) is { Ec: not null } key ? key : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public static PublicKeyInfo? FromRsaNumbers(ReadOnlySpan<byte> modulus, uint exponent)
    {
        try
        {
            Span<byte> big = stackalloc byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(big, exponent);
            var inner = new AsnWriter(AsnEncodingRules.DER);
            using (inner.PushSequence())
            {
                inner.WriteIntegerUnsigned(Trim(modulus));
                inner.WriteIntegerUnsigned(Trim(big));
            }

            var bits = inner.Encode();
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.RsaEncryption);
                    writer.WriteNull();
                }

                writer.WriteBitString(bits);
            }

            return FromRsa(writer.Encode(), bits);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether two keys are the same numbers, however they are encoded.</summary>
    public bool SameKey(PublicKeyInfo other) =>
        Point is not null && other.Point is not null ? Point.AsSpan().SequenceEqual(other.Point)
        : RsaParameters.Modulus is not null && other.RsaParameters.Modulus is not null
            && RsaParameters.Modulus.AsSpan().SequenceEqual(other.RsaParameters.Modulus)
            && RsaParameters.Exponent.AsSpan().SequenceEqual(other.RsaParameters.Exponent);

    private static PublicKeyInfo? FromPoint(ReadOnlyMemory<byte> encoded, string curve, ReadOnlySpan<byte> point, ReadOnlyMemory<byte> certificate = default)
    {
        var (named, size) = curve switch
        {
            Oids.P256 => (ECCurve.NamedCurves.nistP256, 32),
            Oids.P384 => (ECCurve.NamedCurves.nistP384, 48),
            Oids.P521 => (ECCurve.NamedCurves.nistP521, 66),
            _ => (default, 0),
        };
        if (size == 0 || point.Length != 1 + (2 * size) || point[0] != 4)
        {
            return null;
        }

        var parameters = new ECParameters { Curve = named, Q = new ECPoint { X = point.Slice(1, size).ToArray(), Y = point[(1 + size)..].ToArray() } };
        var coordinates = point[1..].ToArray();
        return new PublicKeyInfo(encoded, () => (size > 32 ? FromCertificate(certificate, coordinates) : null) ?? Import(parameters), static () => null, default, coordinates);
    }

    private static PublicKeyInfo? FromRsa(ReadOnlyMemory<byte> encoded, byte[] bits)
    {
        var sequence = new AsnReader(bits, AsnEncodingRules.DER).ReadSequence();
        var modulus = Trim(sequence.ReadIntegerBytes().Span);
        var exponent = Trim(sequence.ReadIntegerBytes().Span);
        if (sequence.HasData || modulus.Length * 8 < RsaBitsMin || modulus.Length * 8 > RsaBitsMax
            || exponent.Length is 0 or > 4 || (exponent[^1] & 1) == 0 || (exponent.Length == 1 && exponent[0] < 3) || (modulus[^1] & 1) == 0)
        {
            return null;
        }

        var parameters = new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() };
        return new PublicKeyInfo(encoded, static () => null, () => RSA.Create(parameters), parameters, null);
    }

    /// <summary>
    /// The key as the platform reads it out of a certificate. An import of coordinates multiplies the point by the group's order besides checking that it is on its curve, which costs more
    /// than a verification on P-384 and says nothing new on curves of cofactor 1 (SP 800-56A rev. 3, 5.6.2.3.4); this way checks the curve's equation alone. Null where the
    /// platform cannot read the certificate, or reads another key out of it than we do.
    /// </summary>
    private static ECDsa? FromCertificate(ReadOnlyMemory<byte> certificate, byte[] coordinates)
    {
        if (certificate.IsEmpty)
        {
            return null;
        }

        ECDsa? key = null;
        try
        {
            using var read = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(certificate.Span);
            key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPublicKey(read);
            if (key?.ExportParameters(includePrivateParameters: false) is { Curve.IsNamed: true, Q: { X: { } x, Y: { } y } }
                && x.Length + y.Length == coordinates.Length && coordinates.AsSpan().StartsWith(x) && coordinates.AsSpan(x.Length).SequenceEqual(y))
            {
                return key;
            }
        }
        catch (CryptographicException)
        {
            // What the platform cannot read, the import of the coordinates judges.
        }

        key?.Dispose();
        return null;
    }

    /// <summary>The platform refuses a point that is not on the curve.</summary>
    private static ECDsa? Import(ECParameters parameters)
    {
        try
        {
            return ECDsa.Create(parameters);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> number) => number.TrimStart((byte)0);
}
