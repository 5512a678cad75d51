using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Ledgers;

/// <summary>One ledger behind several addresses: where one does not answer, the next is asked. All must show the same genesis.</summary>
public sealed class SteadyLedger : ILedger, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly ImmutableArray<Uri> _addresses;
    private readonly HttpLedger?[] _ledgers;
    private readonly SemaphoreSlim _connecting = new(1);
    private CancellationTokenSource _moved = new();
    private int _current;

    private SteadyLedger(ImmutableArray<Uri> addresses, int current, HttpLedger ledger)
    {
        _addresses = addresses;
        _ledgers = new HttpLedger?[addresses.Length];
        _ledgers[current] = ledger;
        _current = current;
        Genesis = ledger.Genesis;
        GenesisDigest = ledger.GenesisDigest;
    }

    /// <inheritdoc/>
    public LedgerGenesis Genesis { get; }

    /// <inheritdoc/>
    public Digest GenesisDigest { get; }

    /// <summary>Waits until one of the addresses answers.</summary>
    /// <param name="addresses">Where the ledger is served; at least one.</param>
    /// <param name="expected">Its genesis; null takes whichever is there.</param>
    /// <param name="waiting">Told once why it waits.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<SteadyLedger> ConnectAsync(IReadOnlyList<Uri> addresses, Digest? expected, Action<string>? waiting, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            var at = attempt % addresses.Count;
            try
            {
                return new SteadyLedger([.. addresses], at, await HttpLedger.ConnectAsync(addresses[at], expected, cancellation: cancel).ConfigureAwait(false));
            }
            catch (LedgerUnreachableException e) when (e.InnerException is HttpRequestException)
            {
                if (attempt == addresses.Count - 1)
                {
                    waiting?.Invoke($"{e.Message.TrimEnd('.')}. It is asked again until it answers.");
                }
            }

            if (at == addresses.Count - 1)
            {
                await Task.Delay(Pause, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default) => AskAsync(ledger => ledger.SubmitAsync(transaction, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellation = default) => AskAsync(ledger => ledger.HeadAsync(cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<AccountView> AccountAsync(Address address, CancellationToken cancellation = default) => AskAsync(ledger => ledger.AccountAsync(address, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<NodeView?> NodeAsync(Address address, CancellationToken cancellation = default) => AskAsync(ledger => ledger.NodeAsync(address, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<NodeView>> NodesAsync(Address after = default, int max = 1000, CancellationToken cancellation = default) =>
        AskAsync(ledger => ledger.NodesAsync(after, max, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<OfferView?> OfferAsync(Digest id, CancellationToken cancellation = default) => AskAsync(ledger => ledger.OfferAsync(id, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<OfferView>> OffersAsync(OfferQuery query, CancellationToken cancellation = default) => AskAsync(ledger => ledger.OffersAsync(query, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<JobView?> JobAsync(Digest id, CancellationToken cancellation = default) => AskAsync(ledger => ledger.JobAsync(id, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JobSummary>> JobsAsync(JobQuery query, CancellationToken cancellation = default) => AskAsync(ledger => ledger.JobsAsync(query, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LedgerLine>> ExplainAsync(Address address, Digest? job = null, int max = 100, CancellationToken cancellation = default) =>
        AskAsync(ledger => ledger.ExplainAsync(address, job, max, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<PostQuote> QuoteAsync(JobTerms terms, CancellationToken cancellation = default) => AskAsync(ledger => ledger.QuoteAsync(terms, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<DrawInvitation> InvitationAsync(Digest job, DrawRole role, Address node, CancellationToken cancellation = default) =>
        AskAsync(ledger => ledger.InvitationAsync(job, role, node, cancellation), cancellation);

    /// <inheritdoc/>
    public async IAsyncEnumerable<PositionedEvent> EventsAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = from;
        while (true)
        {
            // The stream of one address ends when another one has to be asked; it goes on there where it stood.
            using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Volatile.Read(ref _moved).Token);
            await using var events = (await CurrentAsync(cancellation).ConfigureAwait(false)).EventsAsync(next, until.Token).GetAsyncEnumerator(until.Token);
            while (true)
            {
                PositionedEvent item;
                try
                {
                    if (!await events.MoveNextAsync().ConfigureAwait(false))
                    {
                        break;
                    }

                    item = events.Current;
                }
                catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
                {
                    break;
                }

                next = item.Position + 1;
                yield return item;
            }

            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var ledger in _ledgers)
        {
            ledger?.Dispose();
        }

        _moved.Dispose();
    }

    private async ValueTask<T> AskAsync<T>(Func<HttpLedger, ValueTask<T>> ask, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            var at = Volatile.Read(ref _current);
            try
            {
                return await ask(await CurrentAsync(cancel).ConfigureAwait(false)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is LedgerUnreachableException or HttpRequestException or System.Text.Json.JsonException && _addresses.Length > 1)
            {
                Move(at);
                if (attempt >= _addresses.Length)
                {
                    throw;
                }
            }
        }
    }

    private void Move(int from)
    {
        if (Interlocked.CompareExchange(ref _current, (from + 1) % _addresses.Length, from) == from)
        {
            Interlocked.Exchange(ref _moved, new CancellationTokenSource()).Cancel();
        }
    }

    private async ValueTask<HttpLedger> CurrentAsync(CancellationToken cancel)
    {
        var at = Volatile.Read(ref _current);
        if (_ledgers[at] is { } known)
        {
            return known;
        }

        await _connecting.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return _ledgers[at] ??= await HttpLedger.ConnectAsync(_addresses[at], GenesisDigest, cancellation: cancel).ConfigureAwait(false);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
