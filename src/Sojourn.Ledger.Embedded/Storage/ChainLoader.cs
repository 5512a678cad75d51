using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>Brings a stored chain back to life.</summary>
internal static class ChainLoader
{
    public static ChainFollower Load(LedgerDatabase database, string snapshotPath, ISignatureScheme signatures, IVrf vrf, ulong last = ulong.MaxValue)
    {
        var genesis = database.ReadGenesis();
        var chain = Snapshots.TryRead(snapshotPath, genesis, database, signatures, vrf) ?? new ChainFollower(genesis, signatures, vrf);
        foreach (var stored in database.ReadBlocks(chain.Number + 1, last - Math.Min(last, chain.Number)))
        {
            if (stored.Block is not { } block || stored.Number != block.Header.Number)
            {
                throw new LedgerCorruptException(new ChainFault(ChainFaultKind.UnreadableBlock, stored.Number, "Its header cannot be read."));
            }

            if (chain.Follow(block, trusted: true) is { } fault)
            {
                throw new LedgerCorruptException(fault);
            }
        }

        return chain;
    }
}
