using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Ethereum;

public sealed partial class EthereumLedger
{
    private const int PageMax = 10_000;

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) => ValueTask.FromResult(Read(state => new LedgerHead(
        state.GenesisDigest, state.Height, _replica.Head.Number, _replica.Head.Hash, state.Beacon, (ulong)_replica.Events.Count, state.EventDigest, state.Receipts.Count, state.Receipts.Root, state.Treasury, state.TokensHeld)));

    /// <inheritdoc/>
    public ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) => ValueTask.FromResult(Read(state => ViewFactory.Account(state, address)));

    /// <inheritdoc/>
    public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => state.Nodes.TryGetValue(address, out var node) ? ViewFactory.Node(node) : null));

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => state.Nodes.Values.Where(node => node.Address > after).OrderBy(node => node.Address).Take(Math.Clamp(max, 0, PageMax)).Select(ViewFactory.Node).ToImmutableArray()));

    /// <inheritdoc/>
    public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => state.Offers.TryGetValue(id, out var offer) ? ViewFactory.Offer(offer) : null));

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var key = query.Content is null ? (Digest?)null : ContentKey.Of(query.Content);
        return ValueTask.FromResult(Read(state => state.Offers.Values
            .Where(offer => (query.Owner is null || offer.Owner == query.Owner) && (key is null || offer.ContentKey == key) && (!query.Open || (!offer.Withdrawn && (offer.Terms.Expires == 0 || offer.Terms.Expires >= state.Height))))
            .Where(offer => query.After is not { } after || offer.Id > after).OrderBy(offer => offer.Id).Take(Math.Clamp(query.Max, 0, PageMax)).Select(ViewFactory.Offer).ToImmutableArray()));
    }

    /// <inheritdoc/>
    public ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => state.OpenJobs.TryGetValue(id, out var job) ? ViewFactory.Job(state, job) : _replica.Closed.GetValueOrDefault(id)));

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var max = Math.Clamp(query.Max, 0, PageMax);
        return ValueTask.FromResult(Read(state =>
        {
            var open = state.OpenJobs.Values.Where(job => query.Requester is null || job.Requester == query.Requester).OrderByDescending(job => job.PostedAt).ThenBy(job => job.Id).Select(ViewFactory.Summary);
            var closed = Enumerable.Range(0, query.Open ? 0 : state.ClosedJobs.Count).Select(i => state.ClosedJobs[state.ClosedJobs.Count - 1 - i]).Where(job => query.Requester is null || job.Requester == query.Requester)
                .Select(job => ViewFactory.Summary(job));
            var found = open.Concat(closed);
            return (query.After is { } after ? found.SkipWhile(job => job.Id != after).Skip(1) : found).Take(max).ToImmutableArray();
        }));
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default)
    {
        max = Math.Clamp(max, 0, PageMax);
        return ValueTask.FromResult(Read(_ =>
        {
            var lines = ImmutableArray.CreateBuilder<LedgerLine>();
            for (var i = _replica.Events.Count - 1; i >= 0 && lines.Count < max; i--)
            {
                var item = _replica.Events[i];
                if (item.Event.Kind == EventKind.Line && item.Event.Account == address && (job is null || item.Event.Job == job))
                {
                    lines.Add(new LedgerLine(item.Position, item.Height, item.Event.Line, item.Event.Amount, item.Event.Job, item.Event.Round));
                }
            }

            return lines.ToImmutable();
        }));
    }

    /// <inheritdoc/>
    public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) => ValueTask.FromResult(Read(state => new PostQuote(state.CheckPost(terms, out var quote), quote)));

    /// <inheritdoc/>
    public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => ViewFactory.Invitation(state, job, role, node)));

    /// <inheritdoc/>
    /// <remarks>After a reorganisation the stream goes back to the first position that changed: positions are then told again, with what stands there now.</remarks>
    public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        var seen = -1;
        while (!_stopping.IsCancellationRequested)
        {
            List<PositionedEvent> page;
            Task changed;
            lock (_gate)
            {
                if (_diverged is not null)
                {
                    throw _diverged;
                }

                for (seen = seen < 0 ? _undone.Count : seen; seen < _undone.Count; seen++)
                {
                    next = Math.Min(next, _undone[seen]);
                }

                page = [.. _replica.Events.Skip((int)Math.Min(next, int.MaxValue)).Take(256)];
                changed = _changed.Task;
            }

            foreach (var item in page)
            {
                yield return item;
                next = item.Position + 1;
                cancellation.ThrowIfCancellationRequested();
            }

            if (page.Count == 0)
            {
                await changed.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }
}
