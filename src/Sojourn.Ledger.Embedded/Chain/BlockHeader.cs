using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>The head of a block: all that a reader needs to follow the chain.</summary>
/// <param name="Number">The block's number, from 1.</param>
/// <param name="Term">How often the sequencer has changed.</param>
/// <param name="Height">The protocol's height.</param>
/// <param name="Time">Milliseconds since 1970 (UTC).</param>
/// <param name="Previous">The hash of the block before; the genesis digest for the first.</param>
/// <param name="Transactions">SHA-256 over the transactions as encoded.</param>
/// <param name="Count">How many transactions.</param>
/// <param name="Beacon">The beacon of the height.</param>
/// <param name="BeaconProof">The sequencer's VRF proof where the height has a beacon of its own; empty where nobody waited for one.</param>
/// <param name="Events">The position after the last event.</param>
/// <param name="EventDigest">The running digest over all events after this block.</param>
/// <param name="Receipts">How many receipts the log holds after this block.</param>
/// <param name="ReceiptRoot">The log's root.</param>
public sealed record BlockHeader(
    ulong Number,
    ulong Term,
    ulong Height,
    long Time,
    Digest Previous,
    Digest Transactions,
    uint Count,
    Digest Beacon,
    ReadOnlyMemory<byte> BeaconProof,
    ulong Events,
    Digest EventDigest,
    ulong Receipts,
    Digest ReceiptRoot)
{
    /// <summary>The encoding: a dag-cbor array.</summary>
    public byte[] Encode()
    {
        var w = new CborWriter(CborProfile.DagCbor, 384);
        w.BeginArray().WriteUnsigned(1).WriteUnsigned(Number).WriteUnsigned(Term).WriteUnsigned(Height).WriteInteger(Time).WriteBytes(Previous.AsSpan())
            .WriteBytes(Transactions.AsSpan()).WriteUnsigned(Count).WriteBytes(Beacon.AsSpan()).WriteBytes(BeaconProof.Span).WriteUnsigned(Events)
            .WriteBytes(EventDigest.AsSpan()).WriteUnsigned(Receipts).WriteBytes(ReceiptRoot.AsSpan()).EndArray();
        return w.ToArray();
    }

    /// <summary>Reads a header.</summary>
    /// <param name="encoded">Its encoding.</param>
    /// <param name="header">The header, or null.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, out BlockHeader? header)
    {
        header = null;
        try
        {
            var r = new CborReader(encoded, CborProfile.DagCbor, 4);
            r.ReadArrayHeaderExactly(14);
            if (r.ReadUInt64() != 1)
            {
                return false;
            }

            header = new BlockHeader(r.ReadUInt64(), r.ReadUInt64(), r.ReadUInt64(), r.ReadInt64(), new Digest(r.ReadBytesExactly(32)), new Digest(r.ReadBytesExactly(32)),
                (uint)r.ReadInt32(0), new Digest(r.ReadBytesExactly(32)), r.ReadBytes(96).ToArray(), r.ReadUInt64(), new Digest(r.ReadBytesExactly(32)), r.ReadUInt64(), new Digest(r.ReadBytesExactly(32)));
            r.ReadEnd();
            return true;
        }
        catch (FormatException)
        {
            header = null;
            return false;
        }
    }
}
