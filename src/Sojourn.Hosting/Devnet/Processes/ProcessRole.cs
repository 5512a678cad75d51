namespace Sojourn.Hosting.Devnet.Processes;

/// <summary>What a process of a development network is.</summary>
public enum ProcessRole
{
    /// <summary>Orders transactions.</summary>
    Ledger,

    /// <summary>Takes uploads and serves what is public.</summary>
    Gateway,

    /// <summary>Holds data and executes; verifies too.</summary>
    Node,

    /// <summary>Verifies only.</summary>
    Verifier,

    /// <summary>An owner's key broker.</summary>
    Keeper,
}
