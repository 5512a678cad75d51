using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded;

/// <summary>How an embedded ledger runs.</summary>
public sealed record EmbeddedLedgerOptions
{
    /// <summary>The database's path.</summary>
    public required string Path { get; init; }

    /// <summary>The key that signs blocks; null for a ledger that only reads.</summary>
    public ISigner? Sequencer { get; init; }

    /// <summary>The sequencer's VRF key for the beacon; null for a ledger that only reads.</summary>
    public IVrfProver? BeaconKey { get; init; }

    /// <summary>Where the other sequencers are, in the order of the genesis; the own place is ignored. Needed where the genesis names several: transactions are then acknowledged when a majority holds them.</summary>
    public IReadOnlyList<Uri> Peers { get; init; } = [];

    /// <summary>After how long a silence of the leader the next sequencer in the list takes over; those behind it wait once more for each place.</summary>
    /// <value>Default one second.</value>
    public TimeSpan TakeOverAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Is told, in a sentence, what went wrong among the sequencers and is being done again; called from any thread.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Checks signatures; the real schemes where null.</summary>
    public ISignatureScheme? Signatures { get; init; }

    /// <summary>Checks VRF proofs; the real function where null.</summary>
    public IVrf? Vrf { get; init; }

    /// <summary>The clock.</summary>
    /// <value>Default: the system's.</value>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether heights follow the clock; otherwise only <see cref="EmbeddedLedger.AdvanceAsync"/> moves them, for tests.</summary>
    /// <value>Default true.</value>
    public bool Clocked { get; init; } = true;

    /// <summary>How many transactions may wait for the writer; more are refused as busy.</summary>
    /// <value>Default 8,192.</value>
    public int QueueMax { get; init; } = 8192;

    /// <summary>For how long after a block the next one is held back at most while those who were answered come with more; fewer, fuller blocks cost everybody less.</summary>
    /// <value>Default 3 milliseconds.</value>
    public TimeSpan GatherMax { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>The most transactions in one block.</summary>
    /// <value>Default 1,024.</value>
    public int BlockTransactionsMax { get; init; } = 1024;

    /// <summary>The most pages of 8 KiB that the database may take; past it the ledger stops as on a full disk. 0 for no bound.</summary>
    /// <value>Default 0.</value>
    public int PagesMax { get; init; }

    /// <summary>After how many blocks a snapshot is written, besides one at the end; 0 for none.</summary>
    /// <value>Default 20,000.</value>
    public ulong SnapshotBlocks { get; init; } = 20_000;
}
