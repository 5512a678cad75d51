using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Storage;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded;

public sealed partial class EmbeddedLedger
{
    private const int PageMax = 10_000;

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) => ReadAsync(
        state => new LedgerHead(
            state.GenesisDigest, state.Height, _chain.Number, _chain.Hash, state.Beacon, _chain.Events, state.EventDigest, state.Receipts.Count, state.Receipts.Root, state.Treasury, state.TokensHeld),
        cancellation);

    /// <inheritdoc/>
    public ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) => ReadAsync(state => ViewFactory.Account(state, address), cancellation);

    /// <inheritdoc/>
    public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default) =>
        ReadAsync(state => state.Nodes.TryGetValue(address, out var node) ? ViewFactory.Node(node) : null, cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) =>
        ReadAsync(state => _index.Nodes(after).Take(Math.Clamp(max, 0, PageMax)).Select(node => ViewFactory.Node(state.Nodes[node])).ToImmutableArray(), cancellation);

    /// <inheritdoc/>
    public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) =>
        ReadAsync(state => state.Offers.TryGetValue(id, out var offer) ? ViewFactory.Offer(offer) : null, cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return ReadAsync(state => _index.Offers(query).Take(Math.Clamp(query.Max, 0, PageMax)).Select(id => ViewFactory.Offer(state.Offers[id])).ToImmutableArray(), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default)
    {
        var (open, closed) = await ReadAsync(state => state.OpenJobs.TryGetValue(id, out var job) ? (ViewFactory.Job(state, job), false) : (null, state.ClosedJobs.TryGet(id, out _)), cancellation).ConfigureAwait(false);
        if (!closed)
        {
            return open;
        }

        using var database = _reader();
        if (database.JobOf(id) is not { } kept)
        {
            return null;
        }

        var archived = LedgerState.DecodeClosed(kept.Record);
        return await ReadAsync(state => ViewFactory.Job(state, archived), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var max = Math.Clamp(query.Max, 0, PageMax);
        return ReadAsync(state =>
        {
            var open = _index.OpenJobs(state, query).Select(id => ViewFactory.Summary(state.OpenJobs[id]));
            var closed = query.Open ? [] : _index.ClosedJobs(state, query).Select(at => ViewFactory.Summary(state.ClosedJobs[at]));
            return open.Concat(closed).Take(max).ToImmutableArray();
        }, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default)
    {
        max = Math.Clamp(max, 0, PageMax);
        var before = await ReadAsync(_ => _chain.Number + 1, cancellation).ConfigureAwait(false);
        using var database = _reader();
        var lines = ImmutableArray.CreateBuilder<LedgerLine>();
        while (lines.Count < max && database.Lines(address, before, 256) is { Count: > 0 } page)
        {
            foreach (var number in page)
            {
                cancellation.ThrowIfCancellationRequested();
                before = number;
                var block = database.ReadBlocks(number, 1).First();
                for (var i = (block.Events.Length / EventCodec.Length) - 1; i >= 0 && lines.Count < max; i--)
                {
                    var item = EventCodec.Read(block.Events.AsSpan(i * EventCodec.Length));
                    if (item.Kind == EventKind.Line && item.Account == address && (job is null || item.Job == job))
                    {
                        lines.Add(new LedgerLine(block.FirstEvent + (ulong)i, block.Block!.Header.Height, item.Line, item.Amount, item.Job, item.Round));
                    }
                }
            }
        }

        return lines.ToImmutable();
    }

    /// <inheritdoc/>
    public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) =>
        ReadAsync(state => new PostQuote(state.CheckPost(terms, out var quote), quote), cancellation);

    /// <inheritdoc/>
    public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) =>
        ReadAsync(state => ViewFactory.Invitation(state, job, role, node), cancellation);

    /// <inheritdoc/>
    public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        while (!_feed.IsComplete)
        {
            using var listener = _feed.Subscribe();
            // Page by page, up to what was there when the listener subscribed; what came later comes through it.
            for (var visible = Volatile.Read(ref _visibleEvents); next < visible;)
            {
                var page = Stored(next);
                foreach (var item in page)
                {
                    next = item.Position + 1;
                    yield return item;
                    cancellation.ThrowIfCancellationRequested();
                }

                if (page.Count == 0)
                {
                    break;
                }
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

    /// <summary>Blocks from a number on, as stored; for replicas and exports. Only what is kept for good is given, and some megabytes at a time at most.</summary>
    /// <param name="from">The first number.</param>
    /// <param name="max">At most so many.</param>
    public IReadOnlyList<Block> Blocks(ulong from, int max)
    {
        using var database = _reader();
        var last = _settled.Number;
        var blocks = new List<Block>();
        if (from <= last)
        {
            long bytes = 0;
            foreach (var stored in database.ReadBlocks(from, Math.Min((ulong)Math.Clamp(max, 0, PageMax), last - from + 1)))
            {
                blocks.Add(Whole(stored));
                bytes += stored.Block!.Body.Length;
                if (bytes > BlockBytesMax)
                {
                    break;
                }
            }
        }

        return blocks;
    }

    /// <summary>The last block's header and the sequencer's signature over it, as <see cref="Block.WriteTo"/> writes them, without transactions; null before the first block.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="LedgerBehindException">The present head is not known here.</exception>
    public async ValueTask<byte[]?> SignedHeadAsync(CancellationToken cancellation = default)
    {
        await ReadAsync(_ => 0, cancellation).ConfigureAwait(false);
        return SignedHead();
    }

    /// <summary>As <see cref="SignedHeadAsync"/>, but of the last block that is known here to be kept for good, be it the present one or not.</summary>
    public byte[]? SignedHead()
    {
        var last = _settled.Number;
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
    /// <param name="cancellation">Stops waiting.</param>
    public async ValueTask<ImmutableArray<Digest>> ReceiptDigestsAsync(ulong from, int max, CancellationToken cancellation = default)
    {
        var count = await ReadAsync(state => state.Receipts.Count, cancellation).ConfigureAwait(false);
        using var database = _reader();
        return from >= count ? [] : [.. database.Receipts(from, (int)Math.Min((ulong)Math.Max(0, max), count - from))];
    }

    /// <summary>Proofs that the receipts of a job are in the log, signed by this sequencer.</summary>
    /// <param name="job">The job; open or closed.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>One proof for each revealed result, all for one size of the log; empty where there is none. Null where this process holds no sequencer's key.</returns>
    public async Task<ImmutableArray<LogProof>?> ReceiptProofsAsync(Digest job, CancellationToken cancellation = default)
    {
        if (_options.Sequencer is not { } signer)
        {
            return null;
        }

        if (await JobAsync(job, cancellation).ConfigureAwait(false) is not { } view)
        {
            return [];
        }

        var (size, root) = await ReadAsync(state => (state.Receipts.Count, state.Receipts.Root), cancellation).ConfigureAwait(false);
        using var database = _reader();
        var proofs = ImmutableArray.CreateBuilder<LogProof>();
        foreach (var seat in view.Rounds.SelectMany(round => round.Executors).Where(seat => seat.Result is not null))
        {
            var digest = seat.Result!.Statement.Receipt;
            if (database.ReceiptIndexOf(job, seat.Node, digest) is { } index && index < size)
            {
                var path = ReceiptTree.InclusionPath(index, size, (level, number) => database.ReceiptNode(level, number) ?? throw new LedgerCorruptException(new ChainFault(ChainFaultKind.WrongReceipts, 0, "A node of the receipt log is missing.")));
                proofs.Add(LogProof.Sign(GenesisDigest, digest, index, size, path, root, SignRoot(signer, size, root)));
            }
        }

        return proofs.ToImmutable();
    }

    /// <summary>The proof that the log of receipts was once a beginning of what it is now.</summary>
    /// <param name="from">The earlier size; 1 to the present one.</param>
    /// <param name="to">The later size; the present one where null.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<LogConsistency?> ConsistencyAsync(ulong from, ulong? to = null, CancellationToken cancellation = default)
    {
        var size = await ReadAsync(state => state.Receipts.Count, cancellation).ConfigureAwait(false);
        if (to > size)
        {
            return null;
        }

        size = to ?? size;
        if (from == 0 || from > size)
        {
            return null;
        }

        using var database = _reader();
        SubtreeSource nodes = (level, number) => database.ReceiptNode(level, number) ?? throw new LedgerCorruptException(new ChainFault(ChainFaultKind.WrongReceipts, 0, "A node of the receipt log is missing."));
        return new LogConsistency(from, ReceiptTree.RootOf(from, nodes), size, ReceiptTree.RootOf(size, nodes), ReceiptTree.ConsistencyPath(from, size, nodes));
    }

    // One signature for each size of the log, however many ask.
    private byte[] SignRoot(ISigner signer, ulong size, Digest root)
    {
        var known = Volatile.Read(ref _signedRoot);
        if (known is null || known.Size != size)
        {
            known = new SignedRoot(size, LogProof.SignRoot(GenesisDigest, size, root, signer));
            Volatile.Write(ref _signedRoot, known);
        }

        return known.Signature;
    }

    private sealed record SignedRoot(ulong Size, byte[] Signature);

    private SignedRoot? _signedRoot;

    private static Block Whole(StoredBlock stored) => stored.Block ?? throw new LedgerCorruptException(new ChainFault(ChainFaultKind.UnreadableBlock, stored.Number, "Its header cannot be read."));

    private List<PositionedEvent> Stored(ulong from)
    {
        using var database = _reader();
        var found = new List<PositionedEvent>();
        var visible = Volatile.Read(ref _visibleEvents);
        var number = database.BlockOfEvent(from);
        foreach (var stored in database.ReadBlocks(Math.Max(1, number), 4096))
        {
            for (var i = 0; i < stored.Events.Length / EventCodec.Length; i++)
            {
                var position = stored.FirstEvent + (ulong)i;
                if (position >= from && position < visible)
                {
                    found.Add(new PositionedEvent(position, stored.Block!.Header.Height, EventCodec.Read(stored.Events.AsSpan(i * EventCodec.Length))));
                }
            }
        }

        return found;
    }
}
