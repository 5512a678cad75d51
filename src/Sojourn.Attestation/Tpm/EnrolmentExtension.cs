using System.Formats.Asn1;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>What an enrolment authority of ours writes into an attestation-key certificate: which endorsement key it activated, and whether that key chained to a vendor.</summary>
internal sealed record EnrolmentExtension(ReadOnlyMemory<byte> EndorsementKeyDigest, bool VendorEndorsed)
{
    /// <summary>A UUID-based arc (ITU-T X.667), so that no registration is needed.</summary>
    public const string Oid = "2.25.217308431984716409283746501928374650192";

    public byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(EndorsementKeyDigest.Span);
            writer.WriteBoolean(VendorEndorsed);
        }

        return writer.Encode();
    }

    public static EnrolmentExtension? TryRead(Certificate certificate)
    {
        if (!certificate.Extensions.TryGetValue(Oid, out var extension))
        {
            return null;
        }

        try
        {
            var whole = new AsnReader(extension.Value, AsnEncodingRules.DER);
            var sequence = whole.ReadSequence();
            var digest = sequence.ReadOctetString();
            var vendor = sequence.ReadBoolean();
            return digest.Length == 32 && !sequence.HasData && !whole.HasData ? new EnrolmentExtension(digest, vendor) : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
