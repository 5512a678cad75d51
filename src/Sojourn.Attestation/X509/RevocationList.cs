using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Sojourn.Attestation.X509;

/// <summary>A certificate revocation list (RFC 5280, 5). Only complete lists of one issuer: indirect and delta lists are refused.</summary>
internal sealed class RevocationList
{
    private const int BytesMax = 16 * 1024 * 1024;
    private readonly HashSet<string> serials;
    private readonly ReadOnlyMemory<byte> signed;
    private readonly byte[] signature;
    private readonly SignatureScheme scheme;

    private RevocationList(ReadOnlyMemory<byte> raw, ReadOnlyMemory<byte> signed, byte[] signature, SignatureScheme scheme, ReadOnlyMemory<byte> issuer, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, HashSet<string> serials)
    {
        Raw = raw;
        this.signed = signed;
        this.signature = signature;
        this.scheme = scheme;
        Issuer = issuer;
        ThisUpdate = thisUpdate;
        NextUpdate = nextUpdate;
        this.serials = serials;
    }

    public ReadOnlyMemory<byte> Raw { get; }

    public ReadOnlyMemory<byte> Issuer { get; }

    public DateTimeOffset ThisUpdate { get; }

    public DateTimeOffset NextUpdate { get; }

    public int Count => serials.Count;

    /// <summary>The serial numbers that are listed, in upper-case hexadecimal.</summary>
    public IReadOnlySet<string> Serials => serials;

    public bool Lists(Certificate certificate) => serials.Contains(Convert.ToHexString(certificate.Serial.Span));

    public bool SignedBy(PublicKeyInfo issuer)
    {
        try
        {
            return scheme.Verify(issuer, signed.Span, signature);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static RevocationList? TryParse(ReadOnlyMemory<byte> raw)
    {
        if (raw.Length is 0 or > BytesMax)
        {
            return null;
        }

        try
        {
            var file = new AsnReader(raw, AsnEncodingRules.DER);
            var outer = file.ReadSequence();
            file.ThrowIfNotEmpty();
            var signedPart = outer.ReadEncodedValue();
            var algorithm = outer.ReadEncodedValue();
            var signatureBits = outer.ReadBitString(out var unused);
            outer.ThrowIfNotEmpty();
            if (unused != 0 || !SignatureScheme.TryParse(algorithm, out var scheme))
            {
                return null;
            }

            var body = new AsnReader(signedPart, AsnEncodingRules.DER).ReadSequence();
            if (body.PeekTag().HasSameClassAndValue(Asn1Tag.Integer) && (!body.TryReadInt32(out var version) || version != 1))
            {
                return null;
            }

            if (!body.ReadEncodedValue().Span.SequenceEqual(algorithm.Span))
            {
                return null;
            }

            var issuer = body.ReadEncodedValue();
            var thisUpdate = Asn1Time.Read(body);
            if (!body.HasData || body.PeekTag().TagClass != TagClass.Universal || body.PeekTag().TagValue is not ((int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime))
            {
                // A list that never ends would never go stale.
                return null;
            }

            var nextUpdate = Asn1Time.Read(body);
            var listed = new HashSet<string>(StringComparer.Ordinal);
            if (body.HasData && body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            {
                var entries = body.ReadSequence();
                while (entries.HasData)
                {
                    var entry = entries.ReadSequence();
                    listed.Add(Convert.ToHexString(entry.ReadIntegerBytes().Span));
                    Asn1Time.Read(entry);
                    if (entry.HasData && !KnownExtensions(entry.ReadSequence(), entry: true))
                    {
                        return null;
                    }
                }
            }

            if (body.HasData)
            {
                var wrapper = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
                if (!KnownExtensions(wrapper.ReadSequence(), entry: false))
                {
                    return null;
                }
            }

            body.ThrowIfNotEmpty();
            return new RevocationList(raw, signedPart, signatureBits, scheme, issuer, thisUpdate, nextUpdate, listed);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>RFC 5280, 5.2: a critical extension that is not understood makes the list unusable; an indirect list would name other issuers.</summary>
    private static bool KnownExtensions(AsnReader list, bool entry)
    {
        while (list.HasData)
        {
            var extension = list.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            extension.ReadOctetString();
            var known = entry ? oid == "2.5.29.21" : oid is "2.5.29.20" or "2.5.29.35";
            if (critical && !known)
            {
                return false;
            }
        }

        return true;
    }
}
