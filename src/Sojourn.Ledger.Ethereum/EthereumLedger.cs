using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;

namespace Sojourn.Ledger.Ethereum;

/// <summary>A transaction that was sent to the chain and is in a block.</summary>
/// <param name="What">What it did, in the protocol's words.</param>
/// <param name="Payer">Who paid the gas.</param>
/// <param name="Hash">By which the chain knows it.</param>
/// <param name="Block">Its block.</param>
/// <param name="Gas">The gas it used.</param>
/// <param name="Price">What each gas cost, in wei.</param>
public sealed record SentTransaction(string What, Address Payer, Digest Hash, ulong Block, ulong Gas, UInt128 Price);

/// <summary>The ledger as a contract on an EVM chain, behind the same port as the embedded one.</summary>
/// <remarks>
/// Reading: the protocol's state machine runs again here on what the contract was told (<see cref="Replica"/>); every view comes from it. Writing: transactions become calls of their sender, messages
/// of slots become EIP-712 messages that travel together, paid for by the operator. A background loop follows the chain; nothing blocks on it but waiting for results.
/// </remarks>
public sealed partial class EthereumLedger : ILedger, IAsyncDisposable
{
    private readonly EthereumLedgerOptions _options;
    private readonly ChainClient _client;
    private readonly ulong _chainId;
    private readonly UInt128 _scale;
    private readonly Digest _domain;
    private readonly ConcurrentDictionary<Address, ISigner> _signers = new();
    private readonly ConcurrentDictionary<Address, Outbox> _outboxes = new();
    private readonly AccountSignatures _signatures = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _step = new(1, 1);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<ulong> _undone = [];
    private readonly Queue<(ulong Number, MessageOutcome Outcome)> _outcomes = new();
    private ChainFollower _follower;
    private Replica _replica;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private LedgerDivergedException? _diverged;
    private readonly TaskCompletionSource<ChainReceipt> _divergence = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    private EthereumLedger(EthereumLedgerOptions options, ChainClient client, ulong chainId, UInt128 scale, LedgerGenesis genesis, ChainHeader start)
    {
        (_options, _client, _chainId, _scale) = (options, client, chainId, scale);
        Genesis = genesis;
        GenesisDigest = GenesisCodec.DigestOf(genesis);
        _domain = TypedMessages.Domain(chainId, options.Contract);
        _start = start;
        (_follower, _replica) = Fresh();
        foreach (var signer in options.Signers)
        {
            AddSigner(signer);
        }

        if (options.Operator is { } payer)
        {
            AddSigner(payer);
        }
    }

    private readonly ChainHeader _start;
    private readonly List<SentTransaction> _sent = [];

    private void Remember(string what, Address payer, ChainReceipt receipt)
    {
        lock (_gate)
        {
            if (_sent.Count < 100_000)
            {
                _sent.Add(new SentTransaction(what, payer, receipt.Transaction, receipt.BlockNumber, receipt.GasUsed, receipt.GasPrice));
            }
        }
    }

    /// <inheritdoc/>
    public LedgerGenesis Genesis { get; }

    /// <inheritdoc/>
    public Digest GenesisDigest { get; }

    /// <summary>The chain's number.</summary>
    public ulong ChainId => _chainId;

    /// <summary>The contract.</summary>
    public Address Contract => _options.Contract;

    /// <summary>Why the last round of following failed; null while all is well.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Connects to a ledger: checks what it is, reads it from its creation on, and follows it from then.</summary>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops connecting.</param>
    /// <exception cref="EthereumException">The chain cannot be reached, or there is no such ledger.</exception>
    public static async Task<EthereumLedger> ConnectAsync(EthereumLedgerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        EthereumLedger? ledger = null;
        var client = new ChainClient(EndpointPool.Connect(options.Endpoints, options.Limits, () => Volatile.Read(ref ledger)?.Wake()), options.Prove);
        try
        {
            var chainId = await client.ChainIdAsync(cancellation).ConfigureAwait(false);
            if ((await client.CodeAsync(options.Contract, cancellation).ConfigureAwait(false)).Length == 0)
            {
                throw new EthereumException($"There is no contract at {options.Contract} on chain {chainId}. Check the address, or make a ledger with `sojourn chain deploy`.");
            }

            var config = await client.CallAsync(options.Contract, new LedgerContract.ConfigCall(), Address.Zero, cancellation).ConfigureAwait(false);
            var genesis = ContractGenesis.Of(chainId, options.Contract, config.Development, config.Treasury, ContractGenesis.Read(config.Rules));
            if (GenesisCodec.DigestOf(genesis) != config.Genesis)
            {
                throw new EthereumException($"The contract at {options.Contract} was made with another genesis than its configuration gives: it is no ledger of this software's version.");
            }

            var created = options.StartBlock ?? await FindCreationAsync(client, options.Contract, cancellation).ConfigureAwait(false);
            var start = await client.HeaderAsync(created, cancellation).ConfigureAwait(false) ?? throw new EthereumException($"Block {created} is not there.");
            Volatile.Write(ref ledger, new EthereumLedger(options, client, chainId, (UInt128)config.Scale, genesis, start));
            await ledger!.SyncAsync(cancellation).ConfigureAwait(false);
            ledger._loop = Task.Run(ledger.LoopAsync, CancellationToken.None);
            return ledger;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Transactions that were sent from here and are in a block, in order: hash, block and gas; for people to look up.</summary>
    public IReadOnlyList<SentTransaction> Sent
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent];
            }
        }
    }

    /// <summary>Takes an account's transactions from now on.</summary>
    /// <param name="signer">Its key; on secp256k1.</param>
    public void AddSigner(ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        _signers.TryAdd(signer.Address, signer);
    }

    /// <summary>Reads up to the chain's present end and does what is due.</summary>
    /// <param name="cancellation">Stops.</param>
    public async Task SyncAsync(CancellationToken cancellation = default)
    {
        await _step.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            while (await FollowAsync(cancellation).ConfigureAwait(false))
            {
                // There may be more.
            }

            foreach (var outbox in _outboxes.Values)
            {
                if (outbox.Open.Count > 0)
                {
                    await outbox.StepAsync(_replica.Head.Number, cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _step.Release();
        }

        await RelayAsync(cancellation).ConfigureAwait(false);
        DriveDue();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Changed();
        foreach (var outbox in _outboxes.Values)
        {
            outbox.Dispose();
        }

        await _client.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    internal Replica Replica => _replica;

    /// <summary>The present height.</summary>
    internal ulong Height => Read(state => state.Height);

    /// <summary>One job as it stands, to be explored; null where it is not open.</summary>
    internal LedgerState? CopyFor(Digest job) => Read(state => state.CopyFor(job));

    /// <summary>Whether a node sits in a round of an open job that goes on.</summary>
    internal bool Sits(Digest job, Address node) => Read(state => state.OpenJobs.TryGetValue(job, out var open) && (open.Phase is JobPhase.Attesting or JobPhase.Running or JobPhase.Revealing)
        && Exchange.JobExchange.SitsIn(open.Round, node));

    /// <summary>Since when a job can be driven on, and in which round; null where it cannot.</summary>
    internal (ulong Height, byte Round)? DueSince(Digest job) => Read(state => state.OpenJobs.TryGetValue(job, out var open) && state.Height > open.Deadline ? (open.Deadline + 1, open.Round.Index) : ((ulong, byte)?)null);

    internal Digest Domain => _domain;

    internal ChainClient Client => _client;

    private (ChainFollower Follower, Replica Replica) Fresh() => (new ChainFollower(_client, [_options.Contract], _start, withTransactions: true), new Replica(Genesis, _options.Contract, _start));

    private async Task<bool> FollowAsync(CancellationToken cancellation)
    {
        if (_diverged is not null)
        {
            throw _diverged;
        }

        ChainStep? step;
        try
        {
            step = await _follower.StepAsync(cancellation).ConfigureAwait(false);
        }
        catch (ReorganisationTooDeepException)
        {
            // Nothing that was known is certain any more: everything is read again, if it is this chain at all.
            await DemandSameChainAsync(cancellation).ConfigureAwait(false);
            lock (_gate)
            {
                (_follower, _replica) = Fresh();
                _undone.Add(0);
            }

            ForgetNonces();
            return true;
        }

        if (step is null)
        {
            return false;
        }

        try
        {
            lock (_gate)
            {
                if (step.Undone > 0)
                {
                    _undone.Add(_replica.Undo(_replica.Head.Number - (ulong)step.Undone));
                }

                foreach (var block in step.Applied)
                {
                    foreach (var outcome in _replica.Apply(block))
                    {
                        _outcomes.Enqueue((block.Header.Number, outcome));
                    }
                }

                while (_outcomes.TryPeek(out var old) && old.Number + 512 < _replica.Head.Number)
                {
                    _outcomes.Dequeue();
                }
            }
        }
        catch (LedgerDivergedException exception)
        {
            // Whoever waits for something learns it too: nothing more will come.
            _diverged = exception;
            _divergence.TrySetException(exception);
            Changed();
            throw;
        }

        if (step.Undone > 0)
        {
            ForgetNonces();
        }

        Changed();
        return true;
    }

    private void ForgetNonces()
    {
        foreach (var outbox in _outboxes.Values)
        {
            outbox.Undone();
        }
    }

    // A node can be exchanged for one of another chain, or a development chain begun anew under the same address: reading on would show an empty ledger as if it were this one.
    private async Task DemandSameChainAsync(CancellationToken cancellation)
    {
        var chainId = await _client.ChainIdAsync(cancellation).ConfigureAwait(false);
        if (chainId != _chainId)
        {
            throw new OtherChainException($"the endpoints are on chain {chainId} now, this ledger is on chain {_chainId}");
        }

        if (await _client.HeaderAsync(_start.Number, cancellation).ConfigureAwait(false) is not { } start || start.Hash != _start.Hash)
        {
            throw new OtherChainException($"block {_start.Number}, after which the ledger {_options.Contract} was made, is another one now");
        }
    }

    private async Task LoopAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await SyncAsync(_stopping.Token).ConfigureAwait(false);
                Fault = null;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (EthereumException exception)
            {
                // A chain that cannot be reached, or a node that lies: what is known stays as it was until it can be read on.
                Fault = exception;
                if (exception is LedgerDivergedException)
                {
                    return;
                }
            }

            try
            {
                await _wake.WaitAsync(_options.Poll, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // It is awake already, or gone.
        }
    }

    private void Changed()
    {
        TaskCompletionSource was;
        lock (_gate)
        {
            was = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        was.TrySetResult();
    }

    private async Task<ChainReceipt> ReceiptOfAsync(Intent intent, CancellationToken cancellation)
    {
        var first = await Task.WhenAny(intent.Completion.Task, _divergence.Task).WaitAsync(cancellation).ConfigureAwait(false);
        return await first.ConfigureAwait(false);
    }

    private T Read<T>(Func<LedgerState, T> read)
    {
        lock (_gate)
        {
            return _diverged is null ? read(_replica.State) : throw _diverged;
        }
    }

    private Outbox OutboxOf(ISigner signer) => _outboxes.GetOrAdd(signer.Address, _ =>
    {
        OutboxJournal? journal = null;
        if (_options.JournalFolder is { } folder)
        {
            Directory.CreateDirectory(folder);
            journal = OutboxJournal.Open(Path.Combine(folder, $"{_chainId}-{signer.Address}.outbox"));
        }

        return new Outbox(_client, signer, _chainId, _options.Fees, journal, _options.Depth);
    });

    // The last block without the contract, by bisection: code does not come and go.
    private static async Task<ulong> FindCreationAsync(ChainClient client, Address contract, CancellationToken cancellation)
    {
        var high = (await client.LatestAsync(cancellation).ConfigureAwait(false)).Number;
        ulong low = 0;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (await client.HasCodeAsync(contract, middle, cancellation).ConfigureAwait(false))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low == 0 ? 0 : low - 1;
    }
}
