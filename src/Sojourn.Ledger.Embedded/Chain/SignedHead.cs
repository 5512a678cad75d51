using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>A ledger's head as one keeps it: a block's header, signed by the sequencer of its term. Who kept one can tell later, offline, whether what is shown belongs to the same history.</summary>
public sealed class SignedHead
{
    /// <summary>The longest encoding that is read.</summary>
    public const int LengthMax = 2048;

    private SignedHead(Block block) => Block = block;

    /// <summary>The header.</summary>
    public BlockHeader Header => Block.Header;

    internal Block Block { get; }

    /// <summary>Reads a head and checks its signature.</summary>
    /// <param name="encoded">As <see cref="Chain.Block.WriteTo"/> writes it, without transactions.</param>
    /// <param name="genesis">The ledger's genesis, from a source that is trusted.</param>
    /// <param name="signatures">The schemes.</param>
    /// <returns>The head; null where the bytes are no head, or no sequencer of this ledger signed it.</returns>
    public static SignedHead? TryRead(byte[] encoded, LedgerGenesis genesis, ISignatureScheme signatures)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        ArgumentNullException.ThrowIfNull(genesis);
        ArgumentNullException.ThrowIfNull(signatures);
        if (encoded.Length > LengthMax)
        {
            return null;
        }

        try
        {
            using var stream = new MemoryStream(encoded);
            return Block.ReadFrom(stream) is { Body.IsEmpty: true } block && stream.Position == stream.Length && ChainFollower.SequencerOf(genesis, block.Header.Term) is { } sequencer
                && signatures.Verify(sequencer.Address, Block.SigningDigest(GenesisCodec.DigestOf(genesis), block.Hash), block.Signature.Span)
                ? new SignedHead(block)
                : null;
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            return null;
        }
    }
}
