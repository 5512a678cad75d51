using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Protocol.Ports;

/// <summary>Where jobs, stakes, votes and payments are agreed. The embedded ledger and an EVM chain stand behind it; the conformance suite says what both must do.</summary>
public interface ILedger
{
    /// <summary>The genesis: identity, rules, whether it is a development ledger.</summary>
    LedgerGenesis Genesis { get; }

    /// <summary>SHA-256 of the genesis: the ledger's identity.</summary>
    Digest GenesisDigest { get; }

    /// <summary>Submits a transaction and waits until it is durable (and, on a chain, final) or refused.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="cancellation">Stops waiting; the transaction may still be applied.</param>
    ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default);

    /// <summary>Where the ledger stands.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default);

    /// <summary>One account; an unknown one is empty.</summary>
    /// <param name="address">Whose.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default);

    /// <summary>One node, or null.</summary>
    /// <param name="address">Its account.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default);

    /// <summary>All nodes, at most so many, after one.</summary>
    /// <param name="after">The address after which to go on; zero from the start.</param>
    /// <param name="max">At most so many.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default);

    /// <summary>One offer, or null.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default);

    /// <summary>Offers, of one owner or for one content or all.</summary>
    /// <param name="query">Which.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default);

    /// <summary>One job, open or closed, or null.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default);

    /// <summary>Jobs, newest first.</summary>
    /// <param name="query">Which.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default);

    /// <summary>Why an account's balance is what it is, newest first.</summary>
    /// <param name="address">Whose.</param>
    /// <param name="job">Only this job's lines; null for all.</param>
    /// <param name="max">At most so many.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default);

    /// <summary>Whether a job could be posted now, and what it would set aside.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default);

    /// <summary>Whether a node may enter a ticket now, and the VRF's input.</summary>
    /// <param name="job">The job.</param>
    /// <param name="role">The role.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellation">Stops waiting.</param>
    ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default);

    /// <summary>What happened, from a position on, then as it happens; ends only when cancelled.</summary>
    /// <param name="from">The first position wanted; 0 from the start.</param>
    /// <param name="cancellation">Ends the stream.</param>
    IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, CancellationToken cancellation = default);
}

/// <summary>What became of a submitted transaction.</summary>
/// <param name="Refusal">Why it was refused; none where it was applied.</param>
/// <param name="Subject">The id of what it created; zero otherwise.</param>
/// <param name="Height">The height at which it was applied or refused.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct SubmitResult(Refusal Refusal, Digest Subject, ulong Height)
{
    /// <summary>Whether it was applied.</summary>
    public bool Applied => Refusal == Refusal.None;
}

/// <summary>An event and where it stands in the ledger's one order.</summary>
/// <param name="Position">Its position, from 0, without gaps.</param>
/// <param name="Height">Its height.</param>
/// <param name="Event">The event.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct PositionedEvent(ulong Position, ulong Height, LedgerEvent Event);
