using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>A ledger on a chain as one node of it uses it: what the nodes of a round say to one another travels off the chain, and is brought there once, by one of them, for all.</summary>
/// <remarks>
/// The node sees its job as it stands when all that was said has been brought, and goes on at once. Where the round ends with everybody present and of one mind, one call concludes it. In every other case, and
/// whenever a window comes near its end, the messages themselves go to the chain, together; each is signed as the contract takes it, so nobody's stake or pay depends on whoever brings it.
/// </remarks>
public sealed class ExchangeLedger : ILedger, IAsyncDisposable
{
    private readonly EthereumLedger _chain;
    private readonly ISigner _signer;
    private readonly IDropBox _box;
    private readonly ExchangeOptions _options;
    private readonly ConcurrentDictionary<Digest, JobExchange> _jobs = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Wraps a ledger for one node.</summary>
    /// <param name="chain">The ledger; it must hold the node's key.</param>
    /// <param name="signer">The node.</param>
    /// <param name="box">Where the nodes of a round leave what they say.</param>
    /// <param name="options">How; null for the defaults.</param>
    public ExchangeLedger(EthereumLedger chain, ISigner signer, IDropBox box, ExchangeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(box);
        _chain = chain;
        _signer = signer;
        _box = box;
        _options = options ?? new ExchangeOptions();
        if (_options.Folder is { } folder)
        {
            SaidFile.Sweep(folder, job => chain.CopyFor(job) is not null);
        }
    }

    /// <inheritdoc/>
    public LedgerGenesis Genesis => _chain.Genesis;

    /// <inheritdoc/>
    public Digest GenesisDigest => _chain.GenesisDigest;

    /// <inheritdoc/>
    /// <remarks>Evidence, votes, openings, commitments and results count as applied when the others of the round can hear them: the chain takes them by then, or later by whoever brings them.</remarks>
    public async ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        switch (transaction.Body)
        {
            case Drive drive when IsEarly(drive.Job):
                // Everybody may drive, and only one has to: the others leave it the first heights.
                return new SubmitResult(Refusal.Busy, default, _chain.Height);
            case var body when transaction.Sender == _signer.Address && Voice.Takes(body):
                return Of(Voice.PlaceOf(body).Job) is { } talk && await talk.SayAsync(body, cancellation).ConfigureAwait(false) is { } refusal
                    ? new SubmitResult(refusal, default, _chain.Height)
                    : await _chain.SubmitAsync(transaction, cancellation).ConfigureAwait(false);
            case ResultFail or PlantOpen when transaction.Sender == _signer.Address:
                if (_jobs.TryGetValue(transaction.Body is ResultFail fail ? fail.Job : ((PlantOpen)transaction.Body).Job, out var exchange))
                {
                    await exchange.EndAsync(cancellation).ConfigureAwait(false);
                }

                break;
            default:
                break;
        }

        return await _chain.SubmitAsync(transaction, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) => _chain.HeadAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) => _chain.AccountAsync(address, cancellation);

    /// <inheritdoc/>
    public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default) => _chain.NodeAsync(address, cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) => _chain.NodesAsync(after, max, cancellation);

    /// <inheritdoc/>
    public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) => _chain.OfferAsync(id, cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default) => _chain.OffersAsync(query, cancellation);

    /// <inheritdoc/>
    /// <remarks>In a round in which the node sits: with all that its nodes have said.</remarks>
    public async ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default) => Of(id)?.View() ?? await _chain.JobAsync(id, cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default) => _chain.JobsAsync(query, cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default) => _chain.ExplainAsync(address, job, max, cancellation);

    /// <inheritdoc/>
    public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) => _chain.QuoteAsync(terms, cancellation);

    /// <inheritdoc/>
    public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) => _chain.InvitationAsync(job, role, node, cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, CancellationToken cancellation = default) => _chain.EventsAsync(from, cancellation);

    /// <summary>Listens and acts once in every job, for those who make time pass themselves.</summary>
    internal async Task StepAsync()
    {
        foreach (var (job, exchange) in _jobs)
        {
            if (!await exchange.StepAsync(_stop.Token).ConfigureAwait(false))
            {
                _jobs.TryRemove(job, out _);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_jobs.Values.Select(exchange => exchange.Running)).ConfigureAwait(false);
        _stop.Dispose();
    }

    // The exchange of an open job in whose present round the node sits, or sat before.
    private JobExchange? Of(Digest job)
    {
        if (_jobs.TryGetValue(job, out var known))
        {
            return known;
        }

        if (_stop.IsCancellationRequested || !_chain.Sits(job, _signer.Address))
        {
            return null;
        }

        var made = new JobExchange(_chain, _signer, _box, _options, job);
        var kept = _jobs.GetOrAdd(job, made);
        if (kept == made)
        {
            made.Start(_stop.Token);
            _ = made.Running.ContinueWith(_ => _jobs.TryRemove(job, out JobExchange? _), TaskScheduler.Default);
        }

        return kept;
    }

    private bool IsEarly(in Digest job)
    {
        if (_chain.DueSince(job) is not { } due)
        {
            return false;
        }

        // Where it sits, in the order of the round's turns; where not, after them.
        var turn = _jobs.TryGetValue(job, out var exchange) && exchange.Turn(due.Round) is { } its ? its : 8;
        return _chain.Height < due.Height + ((ulong)turn * _options.TurnHeights);
    }
}
