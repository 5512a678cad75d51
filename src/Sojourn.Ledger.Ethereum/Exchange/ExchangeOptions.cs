namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>How a node exchanges messages with the others of a round before they are brought to the chain.</summary>
public sealed record ExchangeOptions
{
    /// <summary>Where the node keeps what it has said until the job is over; null keeps nothing, for nodes that need not survive a crash.</summary>
    public string? Folder { get; init; }

    /// <summary>How often the others are listened to while a round goes on.</summary>
    /// <value>Default 250 ms.</value>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many heights the next in turn waits before it brings what the one before should have brought.</summary>
    /// <value>Default 3.</value>
    public ulong TurnHeights { get; init; } = 3;

    /// <summary>Whether this node ever brings anything; tests look at what becomes of the others where it does not.</summary>
    internal bool Brings { get; init; } = true;
}
