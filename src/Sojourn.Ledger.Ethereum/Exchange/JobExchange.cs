using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>One job in whose rounds this node sits: what it says goes to the others first, and to the chain when everybody is done or time runs out.</summary>
/// <remarks>
/// Nobody depends on anybody here. Each message is signed as the contract takes it, so whoever heard it can bring it; each node brings its own in time, whatever the others do. Who is in turn brings all;
/// where it does not, the next does, a few heights later.
/// </remarks>
internal sealed class JobExchange
{
    private const int FailuresMax = 3;
    private readonly EthereumLedger _chain;
    private readonly ISigner _signer;
    private readonly IDropBox _box;
    private readonly ExchangeOptions _options;
    private readonly AccountSignatures _signatures = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<byte, RoundTable> _tables = [];
    private readonly SaidFile _file;
    private readonly SemaphoreSlim _wake = new(0, 1);

    public JobExchange(EthereumLedger chain, ISigner signer, IDropBox box, ExchangeOptions options, Digest job)
    {
        _chain = chain;
        _signer = signer;
        _box = box;
        _options = options;
        Job = job;
        _file = new SaidFile(options.Folder, job);
    }

    /// <summary>The job.</summary>
    public Digest Job { get; }

    /// <summary>Completes when the job is over, or the node stops.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Starts listening.</summary>
    public void Start(CancellationToken stop) => Running = Task.Run(() => RunAsync(stop), CancellationToken.None);

    /// <summary>The job as it will stand when all that was said is brought; null where it is not open.</summary>
    public JobView? View()
    {
        lock (_gate)
        {
            return Look()?.View();
        }
    }

    /// <summary>This node's turn among those of the present round; null where it does not sit there.</summary>
    public int? Turn(byte round)
    {
        lock (_gate)
        {
            return _tables.TryGetValue(round, out var table) ? table.Turn : null;
        }
    }

    /// <summary>Says something to the others of the round.</summary>
    /// <param name="body">The message.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>Whether the ledger will take it; null where it is to go to the chain by itself.</returns>
    public async ValueTask<Refusal?> SayAsync(Transaction body, CancellationToken cancellation)
    {
        var message = TypedEnvelope.Create(_chain, body, _signer);
        RoundTable? table;
        int index;
        lock (_gate)
        {
            var preview = Look();
            if (preview is null || !_tables.TryGetValue(Voice.PlaceOf(body).Round, out table) || table.IsDirect || table.Mine.Said.Count >= DropNames.SaidMax || message.Encoded.Length > DropNames.SaidBytesMax)
            {
                return null;
            }

            if (table.Mine.Said.Any(said => said.BodyDigest == message.BodyDigest))
            {
                return Refusal.None;
            }

            if (preview.Try(_signer.Address, body) is var refusal && refusal != Refusal.None)
            {
                return refusal;
            }

            index = table.Mine.Said.Count;
            table.Mine.Add(message);
        }

        if (!_file.Keep(table.Round, index, message.Encoded) || !await LeaveAsync(table, index, message.Encoded, cancellation).ConfigureAwait(false))
        {
            table.IsDirect = true;
        }

        await SignWholeAsync(table, cancellation).ConfigureAwait(false);
        if (_options.Poll != Timeout.InfiniteTimeSpan)
        {
            Wake();
        }

        return Refusal.None;
    }

    /// <summary>Brings all that was said to the chain, and exchanges nothing more: something is to be said that everybody must read there.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task EndAsync(CancellationToken cancellation)
    {
        List<SignedTransaction> waiting;
        lock (_gate)
        {
            foreach (var table in _tables.Values)
            {
                table.IsDirect = true;
            }

            waiting = Look()?.Waiting ?? [];
        }

        if (waiting.Count > 0)
        {
            await _chain.BringAsync(waiting, cancellation).ConfigureAwait(false);
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(_options.Poll, stop).ConfigureAwait(false);
                if (!await StepAsync(stop).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is EthereumException or ObjectDisposedException or LedgerDivergedException)
            {
                // The chain is away: what was said is kept, and brought when it answers.
            }
        }
    }

    /// <summary>Listens and acts once.</summary>
    /// <returns>Whether the job goes on.</returns>
    internal async Task<bool> StepAsync(CancellationToken stop)
    {
        List<RoundTable> tables;
        lock (_gate)
        {
            if (Look() is null)
            {
                _file.Forget();
                return false;
            }

            tables = [.. _tables.Values];
        }

        foreach (var table in tables)
        {
            if (!table.IsDirect)
            {
                await ListenAsync(table, stop).ConfigureAwait(false);
                await SignWholeAsync(table, stop).ConfigureAwait(false);
            }

            await ActAsync(table, stop).ConfigureAwait(false);
        }

        return true;
    }

    private async Task ListenAsync(RoundTable table, CancellationToken stop)
    {
        try
        {
            while (await table.ListenAsync(_box, _chain.Domain, _signatures, _gate, stop).ConfigureAwait(false))
            {
                // What one said may be what another waited for.
            }
        }
        catch (Exception exception) when (IsAway(exception, stop))
        {
            // Nothing is heard for a while; what was said goes to the chain in time.
        }
    }

    private async Task ActAsync(RoundTable table, CancellationToken stop)
    {
        RoundPlan plan;
        List<SignedTransaction> waiting;
        bool ownOnly;
        ulong height;
        lock (_gate)
        {
            if (Look() is not { } preview)
            {
                return;
            }

            height = preview.Height;
            plan = RoundPlan.Of(preview, table.Round, preview.IsSealed, table.IsAllSigned);
            waiting = [.. preview.Waiting.Where(message => Voice.PlaceOf(message.Body).Round == table.Round)];
        }

        if (waiting.Count == 0 || !_options.Brings)
        {
            (table.DueSince, table.Failures) = (null, 0);
            return;
        }

        var isUrgent = height + plan.Margin >= plan.Due;
        if (plan.Move == RoundMove.Wait && !isUrgent && !table.IsDirect)
        {
            table.DueSince = null;
            return;
        }

        table.DueSince ??= height;
        // Its own go in any case while there is time; all go where it is this node's turn.
        var isTurn = height >= table.DueSince + ((ulong)table.Turn * _options.TurnHeights);
        ownOnly = !isTurn && (table.IsDirect || height + (plan.Margin / 2) >= plan.Due);
        if (!isTurn && !ownOnly)
        {
            return;
        }

        if (plan.Move == RoundMove.Conclude && isTurn && table.Failures < FailuresMax && !table.IsDirect)
        {
            var (executors, verifiers) = table.Bundles();
            table.Failures += (await _chain.ConcludeAsync(Job, executors, verifiers, stop).ConfigureAwait(false)).Applied ? 0 : 1;
            return;
        }

        if (table.Failures < 2 * FailuresMax)
        {
            var results = await _chain.BringAsync([.. waiting.Where(message => !ownOnly || message.Sender == _signer.Address)], stop).ConfigureAwait(false);
            table.Failures += results.All(result => result.Applied) ? 0 : 1;
        }
        else
        {
            // The chain refuses what the rules allow, again and again: what follows goes there message by message.
            table.IsDirect = true;
        }
    }

    private async Task SignWholeAsync(RoundTable table, CancellationToken cancellation)
    {
        byte[] signature;
        lock (_gate)
        {
            if (table.IsDirect || table.Mine.Bundle is not null || Look() is not { IsSealed: false } || table.WholeOf(table.Mine) is not { } whole)
            {
                return;
            }

            signature = _signer.Sign(TypedMessages.BundleDigest(_chain.Domain, whole));
            table.Mine.AddBundle(signature);
        }

        await LeaveAsync(table, DropNames.SaidMax, signature, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> LeaveAsync(RoundTable table, int index, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        try
        {
            await _box.PutAsync(Job, DropNames.Said(table.Round, _signer.Address, index), content, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            return false;
        }
    }

    // The job with all that was said; sets the table of a round that was drawn meanwhile. Null where the job is not open.
    private Preview? Look()
    {
        if (_chain.CopyFor(Job) is not { } copy)
        {
            return null;
        }

        var job = copy.OpenJobs[Job];
        if ((job.Phase is JobPhase.Attesting or JobPhase.Running or JobPhase.Revealing) && !_tables.ContainsKey(job.Round.Index) && SitsIn(job.Round, _signer.Address))
        {
            var table = new RoundTable(Job, job.Round, _signer.Address);
            foreach (var said in _file.Read(job.Round.Index))
            {
                // Its own, from before a restart; the others have heard it.
                table.Mine.Hear(said, _chain.Domain, _signatures);
            }

            _tables.Add(job.Round.Index, table);
        }

        return Preview.Of(copy, Job, _tables.Values.SelectMany(table => table.Voices), _signatures);
    }

    /// <summary>Whether a node sits in a round.</summary>
    public static bool SitsIn(RoundState round, Address node) => round.Executor(node) is not null || round.VerifierIndex(node) >= 0;

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    private static bool IsAway(Exception exception, CancellationToken cancellation) => exception is IOException or HttpRequestException or UnauthorizedAccessException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested);
}
