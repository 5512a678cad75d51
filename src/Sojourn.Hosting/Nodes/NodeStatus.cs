namespace Sojourn.Hosting.Nodes;

/// <summary>A job that a node follows, for people.</summary>
/// <param name="Job">The job.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="Role">What the node does in it.</param>
public sealed record NodeJobStatus(string Job, string Phase, string Role);

/// <summary>Something that did not happen, or went wrong, and why.</summary>
/// <param name="At">When.</param>
/// <param name="Level">reason or trouble.</param>
/// <param name="Stage">At which stage.</param>
/// <param name="Job">For which job; null for none.</param>
/// <param name="Words">Why.</param>
public sealed record NodeReason(DateTimeOffset At, string Level, string Stage, string? Job, string Words);

/// <summary>How a running node stands.</summary>
public sealed record NodeStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its account.</summary>
    public required string Address { get; init; }

    /// <summary>taking, paused or draining.</summary>
    public required string Mode { get; init; }

    /// <summary>Its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Since when it runs.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>The ledger's identity.</summary>
    public required string Ledger { get; init; }

    /// <summary>When the ledger last answered; null before it did.</summary>
    public DateTimeOffset? LedgerSeen { get; init; }

    /// <summary>The height it told.</summary>
    public ulong Height { get; init; }

    /// <summary>Whether the node's profile is on the ledger; else why not.</summary>
    public required string Registered { get; init; }

    /// <summary>Its stake.</summary>
    public string? Stake { get; init; }

    /// <summary>The kind of proof it gives.</summary>
    public required string Proof { get; init; }

    /// <summary>Pieces of isolation that are missing.</summary>
    public IReadOnlyList<string> IsolationMissing { get; init; } = [];

    /// <summary>The enclave's measurement.</summary>
    public required string Enclave { get; init; }

    /// <summary>Where it serves; null for nowhere.</summary>
    public string? Gateway { get; init; }

    /// <summary>Bytes of disk that it uses.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Bytes fetched from others today.</summary>
    public long FetchedToday { get; init; }

    /// <summary>Memory of its own process, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Jobs that it follows.</summary>
    public IReadOnlyList<NodeJobStatus> Jobs { get; init; } = [];

    /// <summary>Why it got no job, or what went wrong: the latest first.</summary>
    public IReadOnlyList<NodeReason> Reasons { get; init; } = [];
}
