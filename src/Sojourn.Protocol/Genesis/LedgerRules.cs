using Sojourn.Primitives;

namespace Sojourn.Protocol.Genesis;

/// <summary>The numbers that a ledger fixes for ever in its genesis. Heights are the protocol's clock; shares are parts of 10,000 unless named otherwise.</summary>
public sealed record LedgerRules
{
    /// <summary>How much stake is one unit of the draw.</summary>
    /// <value>Default 1,000.</value>
    public Amount StakeUnit { get; init; } = 1000;

    /// <summary>The fewest units with which a node may register.</summary>
    /// <value>Default 1.</value>
    public uint NodeUnitsMin { get; init; } = 1;

    /// <summary>The most units that one node may hold; more needs another chip and another account.</summary>
    /// <value>Default 65,536.</value>
    public uint NodeUnitsMax { get; init; } = 65_536;

    /// <summary>What posting a job costs; lost by a poster whose job is drawn and then comes to nothing by the poster's fault.</summary>
    /// <value>Default 10.</value>
    public Amount PostFee { get; init; } = 10;

    /// <summary>The treasury's share of what a job pays out, in parts of 10,000.</summary>
    /// <value>Default 100 (1 %).</value>
    public uint TreasuryShare { get; init; } = 100;

    /// <summary>What a drawn executor that stays silent loses, as a share of its bond.</summary>
    /// <value>Default 500 (5 %).</value>
    public uint SilentExecutorShare { get; init; } = 500;

    /// <summary>What a drawn verifier loses for each seat that did not vote.</summary>
    /// <value>Default 5.</value>
    public Amount SilentVerifierPenalty { get; init; } = 5;

    /// <summary>The least bond of an executor for one job.</summary>
    /// <value>Default 500.</value>
    public Amount ExecutorBondMin { get; init; } = 500;

    /// <summary>The bond of a verifier for each seat of one round.</summary>
    /// <value>Default 50.</value>
    public Amount VerifierBond { get; init; } = 50;

    /// <summary>The share of a slashed bond that goes to whoever showed the proof.</summary>
    /// <value>Default 2,500 (25 %).</value>
    public uint ReporterShare { get; init; } = 2500;

    /// <summary>What executors get of their pay when enough of them agree that a job cannot be run.</summary>
    /// <value>Default 2,500 (25 %).</value>
    public uint FailShare { get; init; } = 2500;

    /// <summary>What executors get of their pay when a reviewer rejects an agreed result: rejecting is never free.</summary>
    /// <value>Default 5,000 (50 %).</value>
    public uint ReviewFloorShare { get; init; } = 5000;

    /// <summary>The least share of finished jobs that is run again, in parts of a million; it never decays to zero.</summary>
    /// <value>Default 10,000 (1 %).</value>
    public uint AuditFloor { get; init; } = 10_000;

    /// <summary>The heights between the end of a job's run and its audit's beacon.</summary>
    /// <value>Default 2.</value>
    public uint AuditDelay { get; init; } = 2;

    /// <summary>The shortest and the longest of a job's windows, in heights.</summary>
    /// <value>Default 1.</value>
    public uint WindowMin { get; init; } = 1;

    /// <summary>The longest of a job's windows, in heights.</summary>
    /// <value>Default 100,000.</value>
    public uint WindowMax { get; init; } = 100_000;

    /// <summary>The most heights that one job may take from post to settlement, all rounds counted: the bound on how long its money can be locked.</summary>
    /// <value>Default 2,000,000.</value>
    public ulong JobHeightsMax { get; init; } = 2_000_000;

    /// <summary>For how many heights after an update a node's earlier profile still counts for jobs posted before it; one update at a time.</summary>
    /// <value>Default 64.</value>
    public uint ProfileDelay { get; init; } = 64;

    /// <summary>The heights between asking for stake back and getting it.</summary>
    /// <value>Default 2,048.</value>
    public uint UnbondDelay { get; init; } = 2048;

    /// <summary>Credits earned in one epoch are withheld until the next one has ended; its length in heights.</summary>
    /// <value>Default 256.</value>
    public uint CreditEpoch { get; init; } = 256;

    /// <summary>Matured credits are paid out by anyone once they reach this sum.</summary>
    /// <value>Default 100.</value>
    public Amount PayoutMin { get; init; } = 100;

    /// <summary>Matured credits are paid out by anyone after this many epochs, however small.</summary>
    /// <value>Default 7.</value>
    public uint PayoutEpochs { get; init; } = 7;

    /// <summary>For how many heights the leaves of a posted batch can be claimed.</summary>
    /// <value>Default 100,000.</value>
    public uint BatchClaimHeights { get; init; } = 100_000;

    /// <summary>What a challenge costs when the challenged proof holds; paid to the challenged node.</summary>
    /// <value>Default 5.</value>
    public Amount ChallengeFee { get; init; } = 5;

    /// <summary>The heights between beacon epochs; nodes commit in one and reveal in the next.</summary>
    /// <value>Default 64.</value>
    public uint BeaconEpoch { get; init; } = 64;
}
