using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.State;

/// <summary>An open job.</summary>
public sealed class JobState
{
    internal JobState(Digest id, Address requester, JobTerms terms, ulong postedAt)
    {
        Id = id;
        Requester = requester;
        Terms = terms;
        PostedAt = postedAt;
    }

    /// <summary>Its id.</summary>
    public Digest Id { get; }

    /// <summary>Who pays.</summary>
    public Address Requester { get; }

    /// <summary>The terms.</summary>
    public JobTerms Terms { get; }

    /// <summary>The height of the post.</summary>
    public ulong PostedAt { get; }

    /// <summary>The post's nonce: with genesis, requester and terms it gives the id again, which an enclave recomputes for itself.</summary>
    public ulong Nonce { get; internal init; }

    /// <summary>The phase.</summary>
    public JobPhase Phase { get; internal set; }

    /// <summary>The last height of the phase; after it anyone can drive the job on.</summary>
    public ulong Deadline { get; internal set; }

    /// <summary>What is left of the escrow.</summary>
    public Amount Escrow { get; internal set; }

    /// <summary>Rounds so far.</summary>
    public List<RoundState> Rounds { get; internal set; } = [];

    /// <summary>Redraws used.</summary>
    public int Redraws { get; internal set; }

    /// <summary>Whether a dispute was opened.</summary>
    public bool Disputed { get; internal set; }

    /// <summary>Whether a dispute's committee decided: wrong results are then proved.</summary>
    public bool DisputeDecided { get; internal set; }

    /// <summary>Whether an audit was drawn.</summary>
    public bool Audited { get; internal set; }

    /// <summary>The agreed result; null before.</summary>
    public (Digest Tag, uint Exit)? Agreed { get; internal set; }

    /// <summary>The height of the beacon that decides about an audit.</summary>
    public ulong AuditHeight { get; internal set; }

    /// <summary>What the reviewer said.</summary>
    public bool? Reviewed { get; internal set; }

    /// <summary>Whether the known answer was opened and matched.</summary>
    public bool AnswerOpened { get; internal set; }

    /// <summary>Whether the fee has become the treasury's.</summary>
    public bool FeeTaken { get; internal set; }

    /// <summary>Which of the offers were used: their key was released at least once.</summary>
    public bool[] OffersUsed { get; internal set; } = [];

    /// <summary>Prices of the offers as they were at the post.</summary>
    public Amount[] Prices { get; internal set; } = [];

    /// <summary>How it ended.</summary>
    public JobOutcome Outcome { get; internal set; }

    /// <summary>When it ended.</summary>
    public ulong ClosedAt { get; internal set; }

    /// <summary>The round that goes on.</summary>
    public RoundState Round => Rounds[^1];

    internal JobState Copy()
    {
        var copy = (JobState)MemberwiseClone();
        copy.Rounds = [.. Rounds.Select(round => round.Copy())];
        copy.OffersUsed = [.. OffersUsed];
        return copy;
    }
}

/// <summary>What is kept of a closed job: a fixed size, so that millions fit in memory.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Requester">Who paid.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="ClosedAt">When.</param>
/// <param name="Output">The agreed output's digest; zero without one.</param>
/// <param name="Tag">The agreed tag; zero without one.</param>
/// <param name="Paid">What it paid out.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
public readonly record struct ClosedJob(Digest Id, Address Requester, JobOutcome Outcome, ulong ClosedAt, Digest Output, Digest Tag, Amount Paid);

/// <summary>A posted batch of payments.</summary>
public sealed class BatchState
{
    internal BatchState(Digest id, Address poster, Digest root, uint count, Amount rest, ulong closesAt)
    {
        Id = id;
        Poster = poster;
        Root = root;
        Count = count;
        Rest = rest;
        ClosesAt = closesAt;
        Claimed = new ulong[(count + 63) / 64];
    }

    /// <summary>Its id.</summary>
    public Digest Id { get; }

    /// <summary>Who paid.</summary>
    public Address Poster { get; }

    /// <summary>The Merkle root.</summary>
    public Digest Root { get; }

    /// <summary>Leaves.</summary>
    public uint Count { get; }

    /// <summary>What is not claimed yet.</summary>
    public Amount Rest { get; internal set; }

    /// <summary>The last height for claims.</summary>
    public ulong ClosesAt { get; }

    internal ulong[] Claimed { get; private set; }

    /// <summary>Whether a leaf was claimed.</summary>
    /// <param name="index">The leaf.</param>
    public bool IsClaimed(uint index) => (Claimed[index >> 6] >> (int)(index & 63) & 1) != 0;

    internal BatchState Copy()
    {
        var copy = (BatchState)MemberwiseClone();
        copy.Claimed = [.. Claimed];
        return copy;
    }
}
