using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Protocol.State;

/// <summary>Recognises planted evidence without judging it: the mark stands in the very field where the report data of genuine evidence would be.</summary>
/// <remarks>A planter can mark its own evidence only, and marked evidence cannot be bound to the job, since nobody finds a job binding whose digest is the mark. So nobody who looked at it can have accepted it.</remarks>
public static class PlantedEvidence
{
    /// <summary>The most bytes of evidence that can be shown.</summary>
    public const int LengthMax = 1 << 15;

    /// <summary>Offsets of the report data in the known formats: SEV-SNP reports, TDX v4 and SGX v3 quotes.</summary>
    private static ReadOnlySpan<int> Offsets => [0x50, 48 + 520, 48 + 320];

    /// <summary>Whether the evidence carries the mark in a field for report data.</summary>
    /// <param name="evidence">The evidence's bytes.</param>
    /// <param name="mark">The mark, 32 bytes.</param>
    public static bool Carries(ReadOnlySpan<byte> evidence, in Digest mark)
    {
        if (evidence.Length > LengthMax)
        {
            return false;
        }

        // Containers put bytes before the quote, so every place counts at which a known header begins; the mark itself cannot stand anywhere by chance.
        var at = evidence.IndexOf(mark.AsSpan());
        if (at < 0)
        {
            return false;
        }

        foreach (var offset in Offsets)
        {
            if (at >= offset && evidence.Length >= at + 64 && IsHeader(evidence[(at - offset)..], offset))
            {
                return true;
            }
        }

        return IsTpmExtraData(evidence, at) || IsSimulated(evidence, at);
    }

    private static bool IsHeader(ReadOnlySpan<byte> quote, int offset) => offset switch
    {
        0x50 => BinaryPrimitives.ReadUInt32LittleEndian(quote) is >= 2 and <= 5,
        48 + 520 => BinaryPrimitives.ReadUInt16LittleEndian(quote) is 4 or 5,
        _ => BinaryPrimitives.ReadUInt16LittleEndian(quote) == 3,
    };

    // TPMS_ATTEST.extraData: a two-byte length of 32 before it (TPM 2.0 part 2, 10.12.8), and the magic number at the structure's head.
    private static bool IsTpmExtraData(ReadOnlySpan<byte> evidence, int at)
    {
        if (at < 10 || BinaryPrimitives.ReadUInt16BigEndian(evidence[(at - 2)..]) != 32)
        {
            return false;
        }

        var head = evidence[Math.Max(0, at - 80)..at];
        return head.IndexOf("\xffTCG"u8[2..]) >= 0;
    }

    // The simulated attester's statement carries the 64 bytes as a CBOR byte string.
    private static bool IsSimulated(ReadOnlySpan<byte> evidence, int at) => at >= 2 && evidence[at - 2] == 0x58 && evidence[at - 1] is 64 or 32;
}
