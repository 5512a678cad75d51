using System.Collections.Immutable;
using Sojourn.Node;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Nodes;

/// <summary>What a node does about pieces of isolation that this machine does not give.</summary>
public enum IsolationRule
{
    /// <summary>It refuses to start, and names them.</summary>
    Required,

    /// <summary>It names them and goes on; taken on development ledgers only.</summary>
    BestEffort,
}

/// <summary>What a node proves itself with.</summary>
public enum ProofSource
{
    /// <summary>A statement of the node about itself; counts on development ledgers only.</summary>
    Simulated,

    /// <summary>A software TPM of its own (swtpm), enrolled by a development network's authority; counts on development ledgers only.</summary>
    SoftwareTpm,
}

/// <summary>How a node process is set up.</summary>
public sealed record NodeOptions
{
    /// <summary>A name for people.</summary>
    public string Name { get; init; } = "node";

    /// <summary>The key file: made, readable by its owner alone, where there is none.</summary>
    public required string KeysFile { get; init; }

    /// <summary>Where the ledger is served; the first that answers is asked.</summary>
    public required ImmutableArray<Uri> Ledgers { get; init; }

    /// <summary>The ledger that is meant; null takes whichever is there.</summary>
    public Digest? Genesis { get; init; }

    /// <summary>Gateways that take uploads: a job's small objects, and outputs where the node itself cannot be reached.</summary>
    public required ImmutableArray<Uri> DropBoxes { get; init; }

    /// <summary>Gateways that content is fetched from, besides the drop boxes and the gateways of other nodes.</summary>
    public ImmutableArray<Uri> Gateways { get; init; } = [];

    /// <summary>Where blocks, results, votes and the journal lie.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Where the node serves what it holds, such as <c>127.0.0.1:7080</c>; null for nowhere: then it needs outgoing connections alone.</summary>
    public string? Listen { get; init; }

    /// <summary>The address that others reach it at; null for the one it listens at.</summary>
    public Uri? PublicGateway { get; init; }

    /// <summary>What it stakes when it registers.</summary>
    public Amount Stake { get; init; } = 10_000;

    /// <summary>Contents that the node holds and says so.</summary>
    public ImmutableArray<Cid> Holds { get; init; } = [];

    /// <summary>What the operator allows.</summary>
    public NodeRules Rules { get; init; } = new();

    /// <summary>How many bytes a second are fetched from others, at most; 0 for no bound.</summary>
    public long FetchedBytesPerSecond { get; init; }

    /// <summary>Processors that enclaves may use, such as <c>0-3</c>; null for all.</summary>
    public string? Processors { get; init; }

    /// <summary>What it asks for taking a job.</summary>
    public Amount PricePerJob { get; init; }

    /// <summary>What it asks for each thousand million units of fuel.</summary>
    public Amount PricePerGigafuel { get; init; }

    /// <summary>Regions it says to be in, one bit each.</summary>
    public ulong Regions { get; init; }

    /// <summary>What is done about missing isolation.</summary>
    public IsolationRule Isolation { get; init; }

    /// <summary>How many enclaves are kept started.</summary>
    public int WarmEnclaves { get; init; } = 1;

    /// <summary>How long an end that was asked for waits for jobs that run.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What it proves itself with.</summary>
    public ProofSource Proof { get; init; }

    /// <summary>The development network's enrolment authority (PEM); null where there is none.</summary>
    public string? EnrolmentFile { get; init; }

    /// <summary>The full path of swtpm; null where there is none.</summary>
    public string? SoftwareTpm { get; init; }

    /// <summary>The published enclave.</summary>
    public required string EnclaveFolder { get; init; }

    /// <summary>The full path of bubblewrap; null where there is none.</summary>
    public string? Bubblewrap { get; init; }
}
