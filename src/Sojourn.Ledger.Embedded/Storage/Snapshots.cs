using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>Snapshots of the state beside the database: they save time and are never needed.</summary>
internal static class Snapshots
{
    public static string PathOf(string database) => database + ".snapshot";

    public static ChainFollower? TryRead(string path, LedgerGenesis genesis, LedgerDatabase database, ISignatureScheme signatures, IVrf vrf)
    {
        _ = (path, genesis, database, signatures, vrf);
        return null;
    }

    public static void Write(string path, ChainFollower chain) => _ = (path, chain);
}
