using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>Two blocks that one sequencer signed and that cannot both be its own: anybody who has both can show it to anybody who has the genesis.</summary>
public static class SequencerFraud
{
    /// <summary>Looks whether two blocks prove a fraud: the same number, the same term, different hashes, both signed by the term's sequencer.</summary>
    /// <param name="genesis">The genesis.</param>
    /// <param name="one">One block; its transactions are not needed.</param>
    /// <param name="other">The other.</param>
    /// <param name="signatures">The schemes.</param>
    /// <returns>Who did it, with both blocks; null where they prove nothing.</returns>
    public static Accusation? Show(LedgerGenesis genesis, Block one, Block other, ISignatureScheme signatures)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(signatures);
        if (one.Header.Number != other.Header.Number || one.Header.Term != other.Header.Term || one.Hash == other.Hash || ChainFollower.SequencerOf(genesis, one.Header.Term) is not { } sequencer)
        {
            return null;
        }

        var ledger = GenesisCodec.DigestOf(genesis);
        foreach (var block in new[] { one, other })
        {
            // The header must be what was signed: a decoded one beside foreign bytes proves nothing.
            if (!BlockHeader.TryDecode(block.HeaderBytes.Span, out var header) || header!.Number != one.Header.Number || header.Term != one.Header.Term
                || !signatures.Verify(sequencer.Address, Block.SigningDigest(ledger, block.Hash), block.Signature.Span))
            {
                return null;
            }
        }

        var fault = new ChainFault(ChainFaultKind.Equivocation, one.Header.Number, $"Two blocks of term {one.Header.Term}: {one.Hash} and {other.Hash}.") { Sequencer = sequencer.Address };
        return new Accusation(sequencer.Address, fault, [Encode(one), Encode(other)]);
    }

    internal static ReadOnlyMemory<byte> Encode(Block block)
    {
        using var stream = new MemoryStream();
        (block with { Body = default }).WriteTo(stream);
        return stream.ToArray();
    }
}
