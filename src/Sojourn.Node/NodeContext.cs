using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Operating;
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

    /// <summary>Where outputs go: the node's own store, and a gateway where the node cannot be reached.</summary>
    public required IBlockSink Store { get; init; }

    /// <summary>What the node itself holds: possession is proved from it alone.</summary>
    public required IBlockSource Held { get; init; }

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

    /// <summary>The operator's hand: pause, resume, drain.</summary>
    public NodeControl Control { get; init; } = new();

    /// <summary>What the node uses of the machine.</summary>
    public NodeUsage Usage { get; init; } = new(TimeProvider.System);

    /// <summary>How far the jobs are that run here.</summary>
    public JobProgress Progress { get; init; } = new();

    /// <summary>How the node acts; tests replace it to see that cheating is found out.</summary>
    internal NodeConduct Conduct { get; init; } = NodeConduct.Honest;
}
