using System.Buffers.Binary;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.State;

/// <summary>Recognises planted evidence without judging it: the mark stands in the very field that a verifier holds against the job, where the report data of genuine evidence would be.</summary>
/// <remarks>
/// A planter can mark its own evidence only, and marked evidence cannot be bound to the job, since nobody finds a job binding whose digest is the mark. So nobody who looked at it can have accepted it.
/// That holds for this one field alone: certificates, logs and whatever else travels along is the planter's to fill, and a mark in there would accuse verifiers of what they never had to see.
/// </remarks>
public static class PlantedEvidence
{
    /// <summary>The most bytes of evidence that can be shown.</summary>
    public const int LengthMax = 1 << 15;

    private const uint TpmGenerated = 0xFF544347;
    private const ushort TpmQuote = 0x8018;

    /// <summary>Whether the evidence carries the mark in its field for report data.</summary>
    /// <param name="evidence">The evidence's bytes, as <see cref="Evidence.Encode"/> writes them.</param>
    /// <param name="mark">The mark, 32 bytes.</param>
    public static bool Carries(ReadOnlySpan<byte> evidence, in Digest mark)
    {
        if (evidence.Length > LengthMax || !Evidence.TryDecode(evidence.ToArray(), out var read))
        {
            return false;
        }

        var report = read![EvidencePart.Report].Span;
        return read.Kind switch
        {
            // The layouts: the simulated statement, ATTESTATION_REPORT of SEV-SNP, the bodies behind the 48-byte header of TDX quotes (4, 5) and SGX quotes (3).
            EvidenceKind.Simulated => Holds(report, 52, mark),
            EvidenceKind.SevSnp => Holds(report, 0x50, mark),
            EvidenceKind.Tdx => Holds(report, 48 + 520, mark),
            EvidenceKind.Sgx => Holds(report, 48 + 320, mark),
            EvidenceKind.Tpm or EvidenceKind.AzureSnp or EvidenceKind.AzureTdx => ExtraData(read[EvidencePart.TpmQuote].Span).SequenceEqual(mark.AsSpan()),
            _ => false,
        };
    }

    private static bool Holds(ReadOnlySpan<byte> report, int offset, in Digest mark) => report.Length >= offset + 64 && report.Slice(offset, Digest.Length).SequenceEqual(mark.AsSpan());

    // TPMS_ATTEST: magic, type, the signer's qualified name, then extraData, each of the two behind a length of two bytes (TPM 2.0 part 2, 10.12.12).
    private static ReadOnlySpan<byte> ExtraData(ReadOnlySpan<byte> attest)
    {
        if (attest.Length < 8 || BinaryPrimitives.ReadUInt32BigEndian(attest) != TpmGenerated || BinaryPrimitives.ReadUInt16BigEndian(attest[4..]) != TpmQuote)
        {
            return default;
        }

        var rest = attest[6..];
        var name = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length < name + 4)
        {
            return default;
        }

        rest = rest[(name + 2)..];
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
        return rest.Length < length + 2 ? default : rest.Slice(2, length);
    }
}
