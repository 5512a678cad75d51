using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;

namespace Sojourn.Node;

/// <summary>What a node works with. Everything that reaches outside comes in here.</summary>
public sealed record NodeContext
{
    /// <summary>Where jobs, stakes, votes and payments are agreed.</summary>
    public required ILedger Ledger { get; init; }

    /// <summary>The node's account.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>The node's VRF key.</summary>
    public required IVrfProver Vrf { get; init; }

    /// <summary>Where blocks come from: the node's own store first, then others.</summary>
    public required IBlockSource Content { get; init; }

    /// <summary>The node's own store: it serves what it holds.</summary>
    public required IBlockSink Store { get; init; }

    /// <summary>Where a job's parties leave small objects for one another.</summary>
    public required IDropBox DropBox { get; init; }

    /// <summary>Makes evidence about this machine.</summary>
    public required IAttester Attester { get; init; }

    /// <summary>Starts enclaves.</summary>
    public required EnclavePool Enclaves { get; init; }

    /// <summary>Vendor roots and collateral, as this node verifies others by.</summary>
    public Collateral Collateral { get; init; } = Collateral.Empty;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What happened, and why something did not.</summary>
    public required NodeJournal Journal { get; init; }

    /// <summary>Where the node keeps what must survive a crash.</summary>
    public required string StateFolder { get; init; }

    /// <summary>What the operator allows.</summary>
    public NodeRules Rules { get; init; } = new();
}
