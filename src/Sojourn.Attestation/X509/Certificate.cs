using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Sojourn.Attestation.X509;

/// <summary>One extension's value.</summary>
internal readonly record struct CertificateExtension(bool Critical, ReadOnlyMemory<byte> Value);

/// <summary>
/// An X.509 certificate (RFC 5280) read once. Our own reader, because chains must be judged at a given time, by key rather than by name, and
/// with revocation lists that are handed in.
/// </summary>
internal sealed class Certificate
{
    private const int BytesMax = 64 * 1024;
    private const int ExtensionsMax = 64;

    private Certificate(ReadOnlyMemory<byte> raw) => Raw = raw;

    public ReadOnlyMemory<byte> Raw { get; }

    public ReadOnlyMemory<byte> Signed { get; private init; }

    public ReadOnlyMemory<byte> Signature { get; private init; }

    public SignatureScheme Scheme { get; private init; }

    public bool SchemeKnown { get; private init; }

    public ReadOnlyMemory<byte> Issuer { get; private init; }

    public ReadOnlyMemory<byte> Subject { get; private init; }

    public ReadOnlyMemory<byte> Serial { get; private init; }

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    public required PublicKeyInfo Key { get; init; }

    public required IReadOnlyDictionary<string, CertificateExtension> Extensions { get; init; }

    public bool IsAuthority { get; private init; }

    public int? PathLength { get; private init; }

    /// <summary>The key usage bits, most significant first as in RFC 5280, 4.2.1.3; null where the extension is absent.</summary>
    public int? KeyUsage { get; private init; }

    /// <summary>SHA-256 of the whole certificate.</summary>
    public string Fingerprint { get; private init; } = "";

    /// <summary>SHA-256 of the public key's encoding: what roots are pinned by.</summary>
    public string KeyFingerprint { get; private init; } = "";

    public string SubjectWords => DistinguishedName.Words(Subject);

    public string IssuerWords => DistinguishedName.Words(Issuer);

    public bool MaySignCertificates => IsAuthority && (KeyUsage is null || (KeyUsage & 0x04) != 0);

    public bool MaySignLists => KeyUsage is null || (KeyUsage & 0x02) != 0;

    public bool MaySignData => KeyUsage is null || (KeyUsage & 0x80) != 0;

    public bool SelfIssued => Issuer.Span.SequenceEqual(Subject.Span);

    /// <summary>Reads one certificate; bytes after it must be absent.</summary>
    public static Certificate? TryParse(ReadOnlyMemory<byte> der)
    {
        var certificate = TryParse(der, out var consumed);
        return consumed == der.Length ? certificate : null;
    }

    /// <summary>Reads one certificate from the front; its length is the one its header says.</summary>
    public static Certificate? TryParse(ReadOnlyMemory<byte> bytes, out int consumed)
    {
        consumed = 0;
        if (bytes.Length == 0 || bytes.Span[0] != 0x30
            || !AsnDecoder.TryReadEncodedValue(bytes.Span, AsnEncodingRules.DER, out _, out _, out _, out consumed)
            || consumed > BytesMax)
        {
            return null;
        }

        try
        {
            return Parse(bytes[..consumed]);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>Whether the issuer's key signed this certificate.</summary>
    public bool SignedBy(PublicKeyInfo issuer)
    {
        try
        {
            return SchemeKnown && Scheme.Verify(issuer, Signed.Span, Signature.Span);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Whether the certificate names this purpose (RFC 5280, 4.2.1.12). One that names no purpose at all has not said so.</summary>
    public bool HasExtendedUsage(string oid)
    {
        if (!Extensions.TryGetValue(Oids.ExtendedKeyUsage, out var extension))
        {
            return false;
        }

        try
        {
            var list = new AsnReader(extension.Value, AsnEncodingRules.DER).ReadSequence();
            while (list.HasData)
            {
                if (list.ReadObjectIdentifier() == oid)
                {
                    return true;
                }
            }
        }
        catch (AsnContentException)
        {
            return false;
        }

        return false;
    }

    private static Certificate? Parse(ReadOnlyMemory<byte> raw)
    {
        var outer = new AsnReader(raw, AsnEncodingRules.DER).ReadSequence();
        var signed = outer.ReadEncodedValue();
        var algorithm = outer.ReadEncodedValue();
        var signature = outer.ReadBitString(out var unused);
        outer.ThrowIfNotEmpty();
        if (unused != 0)
        {
            return null;
        }

        var body = new AsnReader(signed, AsnEncodingRules.DER).ReadSequence();
        var versionTag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var version = 0;
        if (body.PeekTag() == versionTag)
        {
            var wrapper = body.ReadSequence(versionTag);
            if (!wrapper.TryReadInt32(out version) || wrapper.HasData || version is < 1 or > 2)
            {
                return null;
            }
        }

        var serial = body.ReadIntegerBytes();
        if (!body.ReadEncodedValue().Span.SequenceEqual(algorithm.Span))
        {
            return null;
        }

        var issuer = body.ReadEncodedValue();
        var validity = body.ReadSequence();
        var notBefore = Asn1Time.Read(validity);
        var notAfter = Asn1Time.Read(validity);
        validity.ThrowIfNotEmpty();
        var subject = body.ReadEncodedValue();
        var keyInfo = body.ReadEncodedValue();
        var key = PublicKeyInfo.TryParse(keyInfo, raw);
        if (key is null)
        {
            return null;
        }

        var extensions = new Dictionary<string, CertificateExtension>(StringComparer.Ordinal);
        while (body.HasData)
        {
            var tag = body.PeekTag();
            if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is 1 or 2)
            {
                body.ReadEncodedValue();
                continue;
            }

            if (version != 2 || !tag.HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 3)))
            {
                return null;
            }

            var wrapper = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3, isConstructed: true));
            var list = wrapper.ReadSequence();
            wrapper.ThrowIfNotEmpty();
            body.ThrowIfNotEmpty();
            while (list.HasData)
            {
                var extension = list.ReadSequence();
                var oid = extension.ReadObjectIdentifier();
                var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
                var value = extension.ReadOctetString();
                extension.ThrowIfNotEmpty();
                if (extensions.Count >= ExtensionsMax || !extensions.TryAdd(oid, new CertificateExtension(critical, value)))
                {
                    return null;
                }
            }
        }

        var (authority, pathLength) = ReadBasicConstraints(extensions);
        var known = SignatureScheme.TryParse(algorithm, out var scheme);
        return new Certificate(raw)
        {
            Signed = signed,
            Signature = signature,
            Scheme = scheme,
            SchemeKnown = known,
            Issuer = issuer,
            Subject = subject,
            Serial = serial,
            NotBefore = notBefore,
            NotAfter = notAfter,
            Key = key,
            Extensions = extensions,
            IsAuthority = authority,
            PathLength = pathLength,
            KeyUsage = ReadKeyUsage(extensions),
            Fingerprint = Convert.ToHexStringLower(SHA256.HashData(raw.Span)),
            KeyFingerprint = Convert.ToHexStringLower(SHA256.HashData(keyInfo.Span)),
        };
    }

    private static (bool Authority, int? PathLength) ReadBasicConstraints(Dictionary<string, CertificateExtension> extensions)
    {
        if (!extensions.TryGetValue(Oids.BasicConstraints, out var extension))
        {
            return (false, null);
        }

        var sequence = new AsnReader(extension.Value, AsnEncodingRules.DER).ReadSequence();
        // BER-minded issuers write the default FALSE out; DER forbids it, readers accept it.
        var authority = sequence.HasData && sequence.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && sequence.ReadBoolean();
        int? pathLength = sequence.HasData && sequence.TryReadInt32(out var length) ? Math.Max(length, 0) : null;
        return (authority, pathLength);
    }

    private static int? ReadKeyUsage(Dictionary<string, CertificateExtension> extensions)
    {
        if (!extensions.TryGetValue(Oids.KeyUsage, out var extension))
        {
            return null;
        }

        var bits = new AsnReader(extension.Value, AsnEncodingRules.BER).ReadBitString(out _);
        return bits.Length == 0 ? 0 : bits[0];
    }
}

/// <summary>UTCTime and GeneralizedTime.</summary>
internal static class Asn1Time
{
    public static DateTimeOffset Read(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UtcTime)) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
}
