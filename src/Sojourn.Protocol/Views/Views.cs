using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.Views;

/// <summary>Where a ledger stands.</summary>
/// <param name="Genesis">Its identity.</param>
/// <param name="Height">The present height.</param>
/// <param name="Block">The number of the last block.</param>
/// <param name="BlockHash">Its hash.</param>
/// <param name="Beacon">The beacon of the present height.</param>
/// <param name="Events">The position after the last event.</param>
/// <param name="EventDigest">The running digest over all events.</param>
/// <param name="Receipts">How many receipts the log holds.</param>
/// <param name="ReceiptRoot">The log's root.</param>
/// <param name="Treasury">The treasury.</param>
/// <param name="TokensHeld">All tokens.</param>
public sealed record LedgerHead(Digest Genesis, ulong Height, ulong Block, Digest BlockHash, Digest Beacon, ulong Events, Digest EventDigest, ulong Receipts, Digest ReceiptRoot, Amount Treasury, Amount TokensHeld);

/// <summary>One account.</summary>
/// <param name="Address">Whose.</param>
/// <param name="Free">What can be spent.</param>
/// <param name="Withheld">Credits that have not matured.</param>
/// <param name="Matured">Credits that wait for a payout.</param>
/// <param name="Staked">Stake.</param>
/// <param name="Unbonding">Stake on its way out.</param>
/// <param name="Nonce">The next nonce.</param>
public sealed record AccountView(Address Address, Amount Free, Amount Withheld, Amount Matured, Amount Staked, Amount Unbonding, ulong Nonce);

/// <summary>One node.</summary>
/// <param name="Address">Its account.</param>
/// <param name="Profile">Its profile as it counts for new jobs.</param>
/// <param name="Units">Its units.</param>
/// <param name="Since">Since which height that counts.</param>
/// <param name="Stake">Its stake.</param>
/// <param name="Engaged">The part bound to open jobs.</param>
/// <param name="Record">Its record.</param>
public sealed record NodeView(Address Address, NodeProfile Profile, uint Units, ulong Since, Amount Stake, Amount Engaged, NodeRecord Record);

/// <summary>One offer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">Who is paid.</param>
/// <param name="Terms">The terms.</param>
/// <param name="Withdrawn">Whether new jobs are refused.</param>
/// <param name="Uses">Jobs that got the key.</param>
/// <param name="Draws">Draws.</param>
public sealed record OfferView(Digest Id, Address Owner, OfferTerms Terms, bool Withdrawn, uint Uses, uint Draws);

/// <summary>Which offers.</summary>
/// <param name="Owner">Of one owner; null for all.</param>
/// <param name="Content">For one content; null for all.</param>
/// <param name="Open">Only those that take new jobs.</param>
/// <param name="Max">At most so many; a ledger may give fewer at once than it is asked for, and an empty list at the end.</param>
/// <param name="After">The last offer of the page before; null from the start. Offers come in the order of their ids.</param>
public sealed record OfferQuery(Address? Owner = null, Cid? Content = null, bool Open = true, int Max = 1000, Digest? After = null);

/// <summary>Which jobs.</summary>
/// <param name="Requester">Of one requester; null for all.</param>
/// <param name="Open">Only open ones.</param>
/// <param name="Max">At most so many; a ledger may give fewer at once than it is asked for, and an empty list at the end.</param>
/// <param name="After">The last job of the page before; null from the start. Open jobs come first, then closed ones, each newest first; one that closes between two pages is among the closed ones then.</param>
public sealed record JobQuery(Address? Requester = null, bool Open = false, int Max = 100, Digest? After = null);

/// <summary>A job in one line.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Requester">Who pays.</param>
/// <param name="Phase">The phase.</param>
/// <param name="Outcome">How it ended, or will end.</param>
/// <param name="Height">When it was closed; where it is open, when it was posted.</param>
/// <param name="Output">The agreed output's digest; zero without one.</param>
public sealed record JobSummary(Digest Id, Address Requester, JobPhase Phase, JobOutcome Outcome, ulong Height, Digest Output);

/// <summary>A job, whole.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Requester">Who pays.</param>
/// <param name="Terms">The terms.</param>
/// <param name="PostedAt">The height of the post.</param>
/// <param name="Phase">The phase.</param>
/// <param name="Deadline">The last height of the phase.</param>
/// <param name="Outcome">How it ended, or will end.</param>
/// <param name="ClosedAt">When it was closed; 0 while it is open.</param>
/// <param name="Escrow">What is left of the escrow.</param>
/// <param name="AgreedTag">The agreed tag; null before.</param>
/// <param name="AgreedExit">The agreed exit code; null before.</param>
/// <param name="Disputed">Whether results contradicted each other.</param>
/// <param name="Audited">Whether it was run again.</param>
/// <param name="Rounds">Its rounds.</param>
public sealed record JobView(
    Digest Id,
    Address Requester,
    JobTerms Terms,
    ulong PostedAt,
    JobPhase Phase,
    ulong Deadline,
    JobOutcome Outcome,
    ulong ClosedAt,
    Amount Escrow,
    Digest? AgreedTag,
    uint? AgreedExit,
    bool Disputed,
    bool Audited,
    ImmutableArray<RoundView> Rounds)
{
    /// <summary>The post's nonce; see <see cref="JobState.Nonce"/>.</summary>
    public ulong Nonce { get; init; }

    /// <summary>The round that goes on.</summary>
    public RoundView Round => Rounds[^1];
}

/// <summary>One round.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Kind">Why it was drawn.</param>
/// <param name="Snapshot">The height of the snapshot.</param>
/// <param name="BeaconHeight">The height of the beacon.</param>
/// <param name="Beacon">The beacon; null before.</param>
/// <param name="TicketClose">The last height for tickets.</param>
/// <param name="EvidenceClose">The last height for evidence.</param>
/// <param name="VoteClose">The last height for votes.</param>
/// <param name="RunClose">The last height for commitments.</param>
/// <param name="RevealClose">The last height for reveals.</param>
/// <param name="Wanted">Executors wanted.</param>
/// <param name="Commits">Whether results are committed before they are revealed.</param>
/// <param name="Quorum">How many seats admit.</param>
/// <param name="Executors">The drawn executors.</param>
/// <param name="Verifiers">The drawn verifiers.</param>
public sealed record RoundView(
    byte Index,
    RoundKind Kind,
    ulong Snapshot,
    ulong BeaconHeight,
    Digest? Beacon,
    ulong TicketClose,
    ulong EvidenceClose,
    ulong VoteClose,
    ulong RunClose,
    ulong RevealClose,
    int Wanted,
    bool Commits,
    int Quorum,
    ImmutableArray<ExecutorView> Executors,
    ImmutableArray<VerifierView> Verifiers);

/// <summary>One executor.</summary>
/// <param name="Node">Who.</param>
/// <param name="Status">What it has done.</param>
/// <param name="Local">Whether it holds the inputs.</param>
/// <param name="Bond">What it risks.</param>
/// <param name="Evidence">Its evidence; null before.</param>
/// <param name="Votes">Votes on it.</param>
/// <param name="Admission">The admission's id; zero before.</param>
/// <param name="AdmittedAt">The height of the admission.</param>
/// <param name="Releases">Releases and denials.</param>
/// <param name="HasKeys">Whether all keys were released.</param>
/// <param name="Commitment">The commitment; zero before.</param>
/// <param name="Result">The result; null before.</param>
/// <param name="Fail">Why it failed; null where it did not.</param>
public sealed record ExecutorView(
    Address Node,
    SeatStatus Status,
    bool Local,
    Amount Bond,
    EvidencePublish? Evidence,
    ImmutableArray<VoteView> Votes,
    Digest Admission,
    ulong AdmittedAt,
    ImmutableArray<Release> Releases,
    bool HasKeys,
    Digest Commitment,
    ResultReveal? Result,
    FailReason? Fail);

/// <summary>One vote.</summary>
/// <param name="Verifier">Whose.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Appraisal">The salted digest.</param>
/// <param name="Opened">The appraisal's digest once opened.</param>
public sealed record VoteView(Address Verifier, VoteVerdict Verdict, Digest Appraisal, Digest? Opened);

/// <summary>One verifier.</summary>
/// <param name="Node">Who.</param>
/// <param name="Seats">Its seats.</param>
/// <param name="Judged">Its judgement by the checker; null before.</param>
public sealed record VerifierView(Address Node, int Seats, bool? Judged);

/// <summary>One line of an account.</summary>
/// <param name="Position">The event's position.</param>
/// <param name="Height">The height.</param>
/// <param name="Reason">Why.</param>
/// <param name="Amount">How much.</param>
/// <param name="Job">For which job, offer or batch; zero for none.</param>
/// <param name="Round">In which round.</param>
public sealed record LedgerLine(ulong Position, ulong Height, LineReason Reason, Amount Amount, Digest Job, byte Round);

/// <summary>Whether a job could be posted, and what it would set aside.</summary>
/// <param name="Refusal">Why not; none where it could.</param>
/// <param name="Escrow">What it would set aside.</param>
public sealed record PostQuote(Refusal Refusal, EscrowQuote? Escrow);

/// <summary>Whether a node may enter a ticket.</summary>
/// <param name="Refusal">Why not; none where it may.</param>
/// <param name="Round">The round.</param>
/// <param name="Alpha">The VRF's input; null while the beacon is not known.</param>
/// <param name="Units">The node's units that count.</param>
/// <param name="UnitsMax">How many of them one ticket may name.</param>
/// <param name="HoldsInputs">Whether the node's profile claims all inputs.</param>
public sealed record DrawInvitation(Refusal Refusal, byte Round, Digest? Alpha, uint Units, int UnitsMax, bool HoldsInputs);
