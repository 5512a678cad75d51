using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Storage;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded;

public sealed partial class EmbeddedLedger
{
    private const int PageMax = 10_000;

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) => ValueTask.FromResult(Read(state => new LedgerHead(
        state.GenesisDigest, state.Height, _chain.Number, _chain.Hash, state.Beacon, _chain.Events, state.EventDigest, state.Receipts.Count, state.Receipts.Root, state.Treasury, state.TokensHeld)));

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
            .OrderBy(offer => offer.Id).Take(Math.Clamp(query.Max, 0, PageMax)).Select(ViewFactory.Offer).ToImmutableArray()));
    }

    /// <inheritdoc/>
    public ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default)
    {
        var (open, closed) = Read(state => state.OpenJobs.TryGetValue(id, out var job) ? (ViewFactory.Job(state, job), false) : (null, state.ClosedJobs.TryGet(id, out _)));
        if (!closed)
        {
            return ValueTask.FromResult<JobView?>(open);
        }

        using var database = _reader();
        return ValueTask.FromResult(database.JobViewOf(id) is { } bytes ? JsonSerializer.Deserialize<JobView>(bytes, LedgerJson.Options) : null);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var max = Math.Clamp(query.Max, 0, PageMax);
        return ValueTask.FromResult(Read(state =>
        {
            var found = state.OpenJobs.Values.Where(job => query.Requester is null || job.Requester == query.Requester).OrderByDescending(job => job.PostedAt).ThenBy(job => job.Id).Take(max).Select(ViewFactory.Summary).ToList();
            for (var i = state.ClosedJobs.Count - 1; !query.Open && i >= 0 && found.Count < max; i--)
            {
                ref readonly var job = ref state.ClosedJobs[i];
                if (query.Requester is null || job.Requester == query.Requester)
                {
                    found.Add(ViewFactory.Summary(job));
                }
            }

            return found.ToImmutableArray();
        }));
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default)
    {
        max = Math.Clamp(max, 0, PageMax);
        using var database = _reader();
        var lines = ImmutableArray.CreateBuilder<LedgerLine>();
        var before = ulong.MaxValue;
        while (lines.Count < max)
        {
            var page = database.Lines(address, before, 256);
            if (page.Count == 0)
            {
                break;
            }

            StoredBlock? block = null;
            foreach (var (position, number) in page)
            {
                before = position;
                if (block?.Number != number)
                {
                    block = database.ReadBlocks(number, 1).First();
                }

                var item = EventCodec.Read(block.Events.AsSpan((int)(position - block.FirstEvent) * EventCodec.Length));
                if (lines.Count < max && (job is null || item.Job == job))
                {
                    lines.Add(new LedgerLine(position, block.Block!.Header.Height, item.Line, item.Amount, item.Job, item.Round));
                }
            }
        }

        return ValueTask.FromResult(lines.ToImmutable());
    }

    /// <inheritdoc/>
    public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => new PostQuote(state.CheckPost(terms, out var quote), quote)));

    /// <inheritdoc/>
    public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) =>
        ValueTask.FromResult(Read(state => ViewFactory.Invitation(state, job, role, node)));

    /// <inheritdoc/>
    public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        while (!_feed.IsComplete)
        {
            using var listener = _feed.Subscribe();
            foreach (var item in Stored(next))
            {
                next = item.Position + 1;
                yield return item;
                cancellation.ThrowIfCancellationRequested();
            }

            await foreach (var batch in listener.Channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                if (batch[0].Position > next)
                {
                    // One page from disk did not reach up to what happens now: read on.
                    break;
                }

                foreach (var item in batch)
                {
                    if (item.Position >= next)
                    {
                        next = item.Position + 1;
                        yield return item;
                    }
                }
            }
        }
    }

    /// <summary>Blocks from a number on, as stored; for replicas and exports.</summary>
    /// <param name="from">The first number.</param>
    /// <param name="max">At most so many.</param>
    public IReadOnlyList<Block> Blocks(ulong from, int max)
    {
        using var database = _reader();
        return [.. database.ReadBlocks(from, (ulong)Math.Clamp(max, 0, PageMax)).Select(stored => stored.Block ?? throw new LedgerCorruptException(new ChainFault(ChainFaultKind.UnreadableBlock, stored.Number, "Its header cannot be read.")))];
    }

    /// <summary>The last block's header and the sequencer's signature over it, as <see cref="Block.WriteTo"/> writes them, without transactions; null before the first block.</summary>
    public byte[]? SignedHead()
    {
        var last = Read(_ => _chain.Number);
        if (last == 0 || Blocks(last, 1) is not [{ } block])
        {
            return null;
        }

        using var stream = new MemoryStream();
        (block with { Body = default }).WriteTo(stream);
        return stream.ToArray();
    }

    /// <summary>Receipts' digests in the order of the log.</summary>
    /// <param name="from">The first one's number.</param>
    /// <param name="max">At most so many.</param>
    public ImmutableArray<Digest> ReceiptDigests(ulong from, int max)
    {
        using var database = _reader();
        return [.. database.Receipts(from, max)];
    }

    private List<PositionedEvent> Stored(ulong from)
    {
        using var database = _reader();
        var found = new List<PositionedEvent>();
        var number = database.BlockOfEvent(from);
        foreach (var stored in database.ReadBlocks(Math.Max(1, number), 4096))
        {
            for (var i = 0; i < stored.Events.Length / EventCodec.Length; i++)
            {
                var position = stored.FirstEvent + (ulong)i;
                if (position >= from)
                {
                    found.Add(new PositionedEvent(position, stored.Block!.Header.Height, EventCodec.Read(stored.Events.AsSpan(i * EventCodec.Length))));
                }
            }
        }

        return found;
    }
}
