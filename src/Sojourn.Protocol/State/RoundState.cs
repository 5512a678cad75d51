using Sojourn.Primitives;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

/// <summary>One ticket that counts at the moment.</summary>
/// <param name="Node">Whose.</param>
/// <param name="Unit">Which unit.</param>
/// <param name="Value">The unit's value; the lowest win.</param>
/// <param name="Local">Whether the node holds all inputs.</param>
/// <param name="Chip">The node's chip.</param>
/// <param name="Possession">The commitment to the proof of possession.</param>
public sealed record Candidate(Address Node, uint Unit, ulong Value, bool Local, Digest Chip, Digest Possession);

/// <summary>A ticket's VRF proof, kept until the round is over where proofs are checked on challenge.</summary>
/// <param name="Node">Whose.</param>
/// <param name="Role">The role.</param>
/// <param name="Output">The value claimed.</param>
/// <param name="Proof">The proof.</param>
/// <param name="Checked">Whether it is known to hold.</param>
public sealed record TicketProof(Address Node, DrawRole Role, Digest Output, ReadOnlyMemory<byte> Proof, bool Checked);

/// <summary>A vote that was cast.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Appraisal">The salted digest.</param>
/// <param name="Opened">The appraisal's digest once opened.</param>
public sealed record CastVote(VoteVerdict Verdict, Digest Appraisal, Digest? Opened);

/// <summary>A release or denial by one offer's keeper.</summary>
/// <param name="Offer">The offer.</param>
/// <param name="WrappedKey">The wrapped key's digest; zero where denied.</param>
/// <param name="Denied">Why not; null where released.</param>
public sealed record Release(Digest Offer, Digest WrappedKey, DenyReason? Denied);

/// <summary>A drawn executor.</summary>
public sealed class ExecutorSeat
{
    internal ExecutorSeat(Address node, Digest chip, bool local, Digest possession, Amount bond)
    {
        Node = node;
        Chip = chip;
        Local = local;
        Possession = possession;
        Bond = bond;
    }

    /// <summary>Who.</summary>
    public Address Node { get; }

    /// <summary>On which chip.</summary>
    public Digest Chip { get; }

    /// <summary>Whether it claims to hold the inputs.</summary>
    public bool Local { get; }

    /// <summary>Its commitment to the proof of possession.</summary>
    public Digest Possession { get; }

    /// <summary>What it risks.</summary>
    public Amount Bond { get; internal set; }

    /// <summary>What it has done.</summary>
    public SeatStatus Status { get; internal set; }

    /// <summary>Its evidence.</summary>
    public EvidencePublish? Evidence { get; internal set; }

    /// <summary>Votes by verifier, in the order of <see cref="RoundState.Verifiers"/>.</summary>
    public CastVote?[] Votes { get; internal set; } = [];

    /// <summary>Seats that accept.</summary>
    public int Accepting { get; internal set; }

    /// <summary>Seats that voted.</summary>
    public int Voting { get; internal set; }

    /// <summary>The admission's id; zero before.</summary>
    public Digest Admission { get; internal set; }

    /// <summary>The height of the admission.</summary>
    public ulong AdmittedAt { get; internal set; }

    /// <summary>Releases and denials.</summary>
    public List<Release> Releases { get; internal set; } = [];

    /// <summary>The commitment to the result.</summary>
    public Digest Commitment { get; internal set; }

    /// <summary>The result.</summary>
    public ResultReveal? Result { get; internal set; }

    /// <summary>Why it failed.</summary>
    public FailReason? Fail { get; internal set; }

    internal ExecutorSeat Copy()
    {
        var copy = (ExecutorSeat)MemberwiseClone();
        copy.Votes = [.. Votes];
        copy.Releases = [.. Releases];
        return copy;
    }
}

/// <summary>A drawn verifier; it may hold several seats.</summary>
public sealed class VerifierSeat
{
    internal VerifierSeat(Address node, int seats, Amount bond)
    {
        Node = node;
        Seats = seats;
        Bond = bond;
    }

    /// <summary>Who.</summary>
    public Address Node { get; }

    /// <summary>How many seats: units among the committee's lowest.</summary>
    public int Seats { get; internal set; }

    /// <summary>What it risks.</summary>
    public Amount Bond { get; internal set; }

    /// <summary>Its judgement by the checker; null before.</summary>
    public bool? Judged { get; internal set; }

    internal VerifierSeat Copy() => (VerifierSeat)MemberwiseClone();
}

/// <summary>One draw of a job and what came of it.</summary>
public sealed class RoundState
{
    internal RoundState(byte index, RoundKind kind)
    {
        Index = index;
        Kind = kind;
    }

    /// <summary>Its number, from 0.</summary>
    public byte Index { get; }

    /// <summary>Why it was drawn.</summary>
    public RoundKind Kind { get; }

    /// <summary>The snapshot of stakes, keys, chips and pins.</summary>
    public ulong Snapshot { get; internal set; }

    /// <summary>The height of the beacon.</summary>
    public ulong BeaconHeight { get; internal set; }

    /// <summary>The beacon, once captured.</summary>
    public Digest? Beacon { get; internal set; }

    /// <summary>The last height for tickets.</summary>
    public ulong TicketClose { get; internal set; }

    /// <summary>The last height for evidence.</summary>
    public ulong EvidenceClose { get; internal set; }

    /// <summary>The last height for votes.</summary>
    public ulong VoteClose { get; internal set; }

    /// <summary>The last height for commitments.</summary>
    public ulong RunClose { get; internal set; }

    /// <summary>The last height for reveals.</summary>
    public ulong RevealClose { get; internal set; }

    /// <summary>Executors wanted.</summary>
    public int Wanted { get; internal set; }

    /// <summary>Whether holders of the inputs come first.</summary>
    public bool Locality { get; internal set; }

    /// <summary>The best tickets for executors, ascending.</summary>
    public List<Candidate> ExecutorTickets { get; internal set; } = [];

    /// <summary>The best unit tickets for verifiers, ascending.</summary>
    public List<Candidate> VerifierTickets { get; internal set; } = [];

    /// <summary>Proofs kept for challenges.</summary>
    public List<TicketProof> Proofs { get; internal set; } = [];

    /// <summary>The drawn executors.</summary>
    public List<ExecutorSeat> Executors { get; internal set; } = [];

    /// <summary>The drawn verifiers.</summary>
    public List<VerifierSeat> Verifiers { get; internal set; } = [];

    /// <summary>Seats of the committee that quorums are counted against.</summary>
    public int CommitteeSeats { get; internal set; }

    /// <summary>Whether results are committed before they are revealed.</summary>
    public bool Commits => Wanted > 1;

    /// <summary>How many seats admit: ⌊2n/3⌋ + 1.</summary>
    public int Quorum => (2 * CommitteeSeats / 3) + 1;

    /// <summary>The executor, or null.</summary>
    /// <param name="node">Its account.</param>
    public ExecutorSeat? Executor(in Address node)
    {
        foreach (var seat in Executors)
        {
            if (seat.Node == node)
            {
                return seat;
            }
        }

        return null;
    }

    /// <summary>Where a verifier stands among <see cref="Verifiers"/>; -1 where it does not.</summary>
    /// <param name="node">Its account.</param>
    public int VerifierIndex(in Address node)
    {
        for (var i = 0; i < Verifiers.Count; i++)
        {
            if (Verifiers[i].Node == node)
            {
                return i;
            }
        }

        return -1;
    }

    internal RoundState Copy()
    {
        var copy = (RoundState)MemberwiseClone();
        copy.ExecutorTickets = [.. ExecutorTickets];
        copy.VerifierTickets = [.. VerifierTickets];
        copy.Proofs = [.. Proofs];
        copy.Executors = [.. Executors.Select(seat => seat.Copy())];
        copy.Verifiers = [.. Verifiers.Select(seat => seat.Copy())];
        return copy;
    }
}
