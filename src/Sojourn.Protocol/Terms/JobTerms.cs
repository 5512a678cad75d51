using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Terms;

/// <summary>How a job's result is verified; the ways combine. None of them set means: the admitted enclave's receipt is believed.</summary>
[Flags]
public enum VerificationModes : byte
{
    /// <summary>One receipt suffices.</summary>
    None = 0,

    /// <summary>A checker module judges output against input; verifiers run it and vote.</summary>
    Checker = 1,

    /// <summary>The requester or a named reviewer may reject within a window.</summary>
    Review = 2,

    /// <summary>The requester may show, within the review window, that the right answer was committed to beforehand.</summary>
    KnownAnswer = 4,
}

/// <summary>What of a job is written on the ledger at once, and what is batched off it under a Merkle root.</summary>
public enum WorkBalance : byte
{
    /// <summary>Every stage is a transaction of the ledger that holds the money.</summary>
    OnLedger = 0,

    /// <summary>The stages are transactions of a side ledger (an embedded one); what it pays out reaches the ledger that holds the money as one Merkle root, and each payee claims by proof. See <see cref="Settlement.WorkBalanceRule"/>.</summary>
    Batched = 1,
}

/// <summary>A job's windows, in heights. Each closes at a height that is fixed when its round begins.</summary>
/// <param name="Beacon">From the post (or the round's beginning) to the beacon that draws; the beacon must still be unknown.</param>
/// <param name="Ticket">For tickets, after the beacon.</param>
/// <param name="Evidence">For evidence, after tickets.</param>
/// <param name="Vote">For votes, after evidence.</param>
/// <param name="Run">For key release, execution and commitment, after votes.</param>
/// <param name="Reveal">For reveals, after commitments.</param>
/// <param name="Judge">For checker votes, openings of appraisals and review, after reveals.</param>
public sealed record JobWindows(uint Beacon, uint Ticket, uint Evidence, uint Vote, uint Run, uint Reveal, uint Judge)
{
    /// <summary>Windows for a network with heights of 20 to 50 milliseconds.</summary>
    public static JobWindows Fast { get; } = new(2, 10, 200, 100, 2000, 100, 50);

    /// <summary>All windows of one round together.</summary>
    public ulong Total => (ulong)Beacon + Ticket + Evidence + Vote + Run + Reveal + Judge;
}

/// <summary>A job as the ledger sees it: what it refers to, whom it wants, how it is verified and what it pays. Fixed-size but for short lists.</summary>
public sealed record JobTerms
{
    /// <summary>The most contents, and the most offers, one job may name.</summary>
    public const int ListMax = 16;

    /// <summary>The most executors of one round.</summary>
    public const int ExecutorsMax = 16;

    /// <summary>The most verifier seats of one round.</summary>
    public const int VerifiersMax = 63;

    /// <summary>The job record itself (dag-cbor): arguments, outputs, recipients.</summary>
    public required Cid Spec { get; init; }

    /// <summary>The code.</summary>
    public required Cid Code { get; init; }

    /// <summary>The inputs.</summary>
    public ImmutableArray<Cid> Inputs { get; init; } = [];

    /// <summary>The owners' offers under which code and inputs are used.</summary>
    public ImmutableArray<Digest> Offers { get; init; } = [];

    /// <summary>Executors of the first round (n of "k of n").</summary>
    public byte Executors { get; init; } = 1;

    /// <summary>How many equal results are needed (k of "k of n").</summary>
    public byte Agreeing { get; init; } = 1;

    /// <summary>Verifier seats of every round.</summary>
    public byte Verifiers { get; init; } = 4;

    /// <summary>How many different nodes must hold those seats.</summary>
    public byte VerifierNodesMin { get; init; } = 1;

    /// <summary>Redraws allowed when executors or verifiers do not deliver.</summary>
    public byte RedrawsMax { get; init; } = 2;

    /// <summary>The least level of proof.</summary>
    public TrustLevel LevelMin { get; init; } = TrustLevel.Tee;

    /// <summary>The least custody class.</summary>
    public CustodyClass CustodyMin { get; init; }

    /// <summary>Allowed regions, one bit each; 0 means any.</summary>
    public ulong Regions { get; init; }

    /// <summary>Memory that the guest may take.</summary>
    public uint MemoryMebibytes { get; init; } = 64;

    /// <summary>Fuel that the guest may burn.</summary>
    public ulong FuelMax { get; init; } = 1_000_000_000;

    /// <summary>With how many independent holders of all inputs, among the tickets of the first round, holders alone are eligible to execute; 0 means locality does not count.</summary>
    public byte LocalityMin { get; init; }

    /// <summary>Ways of verification besides redundancy and audit.</summary>
    public VerificationModes Modes { get; init; }

    /// <summary>The share of runs to repeat, in parts of a million; the ledger's floor holds besides.</summary>
    public uint Audit { get; init; }

    /// <summary>The checker module; null without that mode.</summary>
    public Cid? Checker { get; init; }

    /// <summary>Who reviews; the zero address means the requester.</summary>
    public Address Reviewer { get; init; }

    /// <summary>Commitment to a known answer; every job carries 32 bytes here, random where there is none, so that planted jobs look like any other.</summary>
    public Digest AnswerCommitment { get; init; }

    /// <summary>What is written on the ledger.</summary>
    public WorkBalance Balance { get; init; }

    /// <summary>The pay of each executor whose result is accepted.</summary>
    public Amount ExecutorPay { get; init; }

    /// <summary>The pay of each verifier seat for each round.</summary>
    public Amount VerifierPay { get; init; }

    /// <summary>Shared by the executors that held the inputs, or paid to <see cref="StorageNode"/>.</summary>
    public Amount StoragePay { get; init; }

    /// <summary>Who is paid for storage; the zero address means the local executors.</summary>
    public Address StorageNode { get; init; }

    /// <summary>The deposit that each executor risks.</summary>
    public Amount ExecutorBond { get; init; } = 500;

    /// <summary>The windows.</summary>
    public JobWindows Windows { get; init; } = JobWindows.Fast;
}
