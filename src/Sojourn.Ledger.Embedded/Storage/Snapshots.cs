using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>Snapshots of the state beside the database: they save time and are never needed. One counts only if the chain on disk holds the block it was taken after.</summary>
internal static class Snapshots
{
    public static string PathOf(string database) => database + ".snapshot";

    public static ChainFollower? TryRead(string path, LedgerGenesis genesis, LedgerDatabase database, ISignatureScheme signatures, IVrf vrf)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        Span<byte> number = stackalloc byte[8];
        if (stream.ReadAtLeast(number, 8, throwOnEndOfStream: false) < 8)
        {
            return null;
        }

        var after = BitConverter.ToUInt64(number);
        if (database.ReadBlocks(after, 1).FirstOrDefault() is not { Block: { } block } || block.Header.Number != after || LedgerState.TryReadSnapshot(genesis, stream) is not { } state)
        {
            return null;
        }

        // The header binds everything that happened up to it.
        return state.EventDigest == block.Header.EventDigest && state.Height == block.Header.Height && state.Receipts.Root == block.Header.ReceiptRoot
            ? new ChainFollower(state, block.Header, block.Hash, signatures, vrf)
            : null;
    }

    public static void Write(string path, ChainFollower chain)
    {
        var temporary = path + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        {
            stream.Write(BitConverter.GetBytes(chain.Number));
            chain.State.WriteSnapshot(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
