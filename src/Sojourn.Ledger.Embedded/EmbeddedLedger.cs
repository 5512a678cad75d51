using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Ledger.Embedded.Storage;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Embedded;

/// <summary>A ledger in one process: transactions are checked in parallel, ordered by one writer, hash-chained, and acknowledged only when they are on disk (with several sequencers: on a majority's disks).</summary>
public sealed partial class EmbeddedLedger : ILedger, IAsyncDisposable
{
    // Well below Block.BodyMax: what is written here, replicas and readers of exports must be able to take.
    private const int BlockBytesMax = 8 << 20;

    private readonly EmbeddedLedgerOptions _options;
    private readonly ISignatureScheme _signatures;
    private readonly IVrf _vrf;
    private readonly LedgerDatabase _database;
    private readonly Channel<Pending> _queue;
    private readonly ReaderWriterLockSlim _gate = new(LockRecursionPolicy.NoRecursion);
    private readonly CancellationTokenSource _stopping = new();
    private readonly EventFeed _feed = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread? _writer;
    private readonly Func<LedgerDatabase> _reader;
    private readonly CreditSweep _sweep = new();
    private readonly ReadIndex _index = new();
    private readonly SettledMark _settled;
    private readonly Cluster? _cluster;
    // Whoever changes the chain holds it: the writer of this process, or the replica that takes another's blocks.
    private readonly Lock _core = new();
    private readonly Queue<(ulong Number, ulong EventsEnd, ImmutableArray<PositionedEvent> Events)> _unpublished = new();
    private ChainFollower _chain;
    private ChainTip _tip;
    private Task _snapshot = Task.CompletedTask;
    private readonly TaskCompletionSource<LedgerStoppedException> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private ulong _visibleEvents;
    private int _rewinds;
    private int _idle;
    private int _inside;
    private int _ticks;
    private int _crowd;
    private long _answered;
    private int _disposed;

    private EmbeddedLedger(EmbeddedLedgerOptions options, LedgerDatabase database, ChainFollower chain, ISignatureScheme signatures, IVrf vrf)
    {
        _options = options;
        _signatures = signatures;
        _vrf = vrf;
        _database = database;
        _chain = chain;
        _tip = new ChainTip(chain.Term, chain.Number, chain.Hash);
        _reader = () => LedgerDatabase.Open(options.Path, readOnly: true);
        _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _sweep.Begin(chain.State);
        _index.Begin(chain.State);
        var several = chain.State.Genesis.Sequencers.Length > 1;
        _settled = new SettledMark(several && options.Sequencer is not null ? 0 : chain.Number);
        if (_settled.Number == chain.Number)
        {
            _visibleEvents = chain.Events;
        }
        else
        {
            // What was on disk when this sequencer started is shown once it is known to be kept.
            _unpublished.Enqueue((chain.Number, chain.Events, default));
        }

        if (options.Sequencer is not null)
        {
            _cluster = several ? new Cluster(this, options, database.GetMeta(Cluster.PromiseKey)) : null;
            _writer = new Thread(Write) { IsBackground = true, Name = "ledger writer" };
            _writer.Start();
            _cluster?.Start();
        }
    }

    /// <inheritdoc/>
    public LedgerGenesis Genesis => _chain.State.Genesis;

    /// <inheritdoc/>
    public Digest GenesisDigest => _chain.State.GenesisDigest;

    /// <summary>Creates a ledger's files.</summary>
    /// <param name="path">The database's path; it must not exist.</param>
    /// <param name="genesis">The genesis; sound, with at least one sequencer.</param>
    public static void Create(string path, LedgerGenesis genesis)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        if (!GenesisCodec.AreSound(genesis) || genesis.Sequencers.IsDefaultOrEmpty)
        {
            throw new ArgumentException("The genesis cannot work: see its rules, allocations and sequencers.", nameof(genesis));
        }

        LedgerDatabase.Create(path, genesis);
    }

    /// <summary>The genesis of a ledger's files, as stored; nothing else of them is looked at.</summary>
    /// <param name="path">The database's path.</param>
    public static LedgerGenesis GenesisOf(string path)
    {
        using var database = LedgerDatabase.Open(path, readOnly: true);
        return database.ReadGenesis();
    }

    /// <summary>Opens a ledger: from its last snapshot where there is a good one, replaying the rest.</summary>
    /// <param name="options">How it runs.</param>
    public static EmbeddedLedger Open(EmbeddedLedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var signatures = options.Signatures ?? new AccountSignatures();
        var vrf = options.Vrf ?? new EcVrf();
        var database = LedgerDatabase.Open(options.Path, readOnly: options.Sequencer is null);
        try
        {
            var chain = ChainLoader.Load(database, Snapshots.PathOf(options.Path), signatures, vrf);
            if (options.PagesMax > 0)
            {
                database.BoundPages(options.PagesMax);
            }

            return new EmbeddedLedger(options, database, chain, signatures, vrf);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (_writer is null)
        {
            return new SubmitResult(Refusal.NotAllowed, default, _chain.State.Height);
        }

        if (_cluster is { Leads: false } follower)
        {
            throw new NotLeadingException(follower.LeaderIndex);
        }

        Interlocked.Increment(ref _inside);
        try
        {
            // Signatures are checked on the caller's thread: many callers use every processor, and the writer never waits for arithmetic.
            var refusal = VerifiedTransaction.TryVerify(transaction, GenesisDigest, _signatures, out var verified);
            if (refusal != Refusal.None)
            {
                return new SubmitResult(refusal, default, _chain.State.Height);
            }

            CheckAhead(verified!);
            var pending = new Pending(verified!);
            if (!_queue.Writer.TryWrite(pending))
            {
                return new SubmitResult(_failure is null ? Refusal.Busy : throw new LedgerStoppedException(_failure), default, _chain.State.Height);
            }

            Wake();
            using var given = cancellation.UnsafeRegister(static (waiting, token) => ((Pending)waiting!).Completion.TrySetCanceled(token), pending);
            return await pending.Completion.Task.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    /// <summary>Moves a ledger without a clock on by heights, driving what is due.</summary>
    /// <param name="heights">By how many.</param>
    public async Task AdvanceAsync(ulong heights = 1)
    {
        for (ulong i = 0; i < heights; i++)
        {
            var pending = new Pending(null);
            Interlocked.Increment(ref _ticks);
            try
            {
                await _queue.Writer.WriteAsync(pending).ConfigureAwait(false);
                Wake();
                await pending.Completion.Task.ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref _ticks);
            }
        }
    }

    // VRF proofs and enclaves' signatures cost most of all: what the state would ask is looked up now and checked on this thread; the writer only compares.
    // What is looked up may not be settled yet; it decides nothing but what is worth computing.
    private void CheckAhead(VerifiedTransaction transaction)
    {
        var sender = transaction.Signed.Sender;
        switch (transaction.Signed.Body)
        {
            case Ticket ticket when !Genesis.VrfOnChallenge:
            {
                ReadOnlyMemory<byte> key = default;
                Digest? alpha = null;
                _gate.EnterReadLock();
                try
                {
                    var state = _chain.State;
                    if (state.OpenJobs.TryGetValue(ticket.Job, out var job) && job.Phase == JobPhase.Drawing && state.Nodes.TryGetValue(sender, out var node)
                        && node.At(job.Round.Snapshot) is { } version)
                    {
                        alpha = state.TicketAlpha(job, ticket.Role);
                        key = version.Profile.VrfKey;
                    }
                }
                finally
                {
                    _gate.ExitReadLock();
                }

                if (alpha is { } known)
                {
                    transaction.VerifyVrf(_vrf, key, known, out _);
                }

                break;
            }

            case ResultReveal reveal:
            {
                ReadOnlyMemory<byte>? key = null;
                _gate.EnterReadLock();
                try
                {
                    key = _chain.State.OpenJobs.TryGetValue(reveal.Job, out var job) ? job.Round.Executor(sender)?.Evidence?.ReceiptKey : null;
                }
                finally
                {
                    _gate.ExitReadLock();
                }

                if (key is { } known)
                {
                    transaction.VerifyEnclave(_signatures, known, Identifiers.Statement(reveal.Job, reveal.Round, sender, reveal.Statement));
                }

                break;
            }

            default:
                break;
        }
    }

    // Reads the state, and gives what was read once the block it belongs to is kept for good: nobody acts on what could still be lost. With several sequencers it is never older than what anybody was told before.
    private async ValueTask<T> ReadAsync<T>(Func<LedgerState, T> read, CancellationToken cancellation)
    {
        while (true)
        {
            if (_cluster is not null)
            {
                await _cluster.PresentAsync(cancellation).ConfigureAwait(false);
            }

            T value;
            ulong number;
            int rewinds;
            _gate.EnterReadLock();
            try
            {
                value = _failure is null ? read(_chain.State) : throw new LedgerStoppedException(_failure);
                number = _chain.Number;
                rewinds = _rewinds;
            }
            finally
            {
                _gate.ExitReadLock();
            }

            if (number <= _settled.Number && rewinds == Volatile.Read(ref _rewinds))
            {
                return value;
            }

            await SettledInTimeAsync(number, cancellation).ConfigureAwait(false);
            // The block that was read may have made way for another leader's: then it is read again.
            if (rewinds == Volatile.Read(ref _rewinds))
            {
                return value;
            }
        }
    }

    // Alone, a block is settled as soon as the disk has it; with others, only where a majority can be reached.
    private async ValueTask SettledInTimeAsync(ulong number, CancellationToken cancellation)
    {
        if (_cluster is null)
        {
            await _settled.WaitAsync(number, cancellation).ConfigureAwait(false);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(2 * _options.TakeOverAfter);
        try
        {
            await _settled.WaitAsync(number, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LedgerBehindException(LeaderIndex);
        }
    }

    // Waits for a block that a reader has seen elsewhere.
    internal ValueTask ReachAsync(ulong number, CancellationToken cancellation) =>
        number <= _settled.Number ? ValueTask.CompletedTask : _cluster is null && number > Tip.Number ? throw new LedgerBehindException(null) : SettledInTimeAsync(number, cancellation);

    internal ValueTask SettledAsync(ulong number, CancellationToken cancellation) => _settled.WaitAsync(number, cancellation);

    internal void Wake()
    {
        // Only whoever finds the writer idle wakes it.
        if (Interlocked.Exchange(ref _idle, 0) == 1)
        {
            _wake.Release();
        }
    }

    private void Sleep(TimeSpan time)
    {
        Interlocked.Exchange(ref _idle, 1);
        if (_queue.Reader.Count > 0 || _stopping.IsCancellationRequested)
        {
            Interlocked.Exchange(ref _idle, 0);
            return;
        }

        _wake.Wait(time);
        Interlocked.Exchange(ref _idle, 0);
    }

    private void Write()
    {
        var batch = new List<Pending>();
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                Gather();
                batch.Clear();
                var bytes = 0;
                while (batch.Count < _options.BlockTransactionsMax && bytes < BlockBytesMax && _queue.Reader.TryRead(out var pending))
                {
                    batch.Add(pending);
                    if (pending.Transaction is null)
                    {
                        break;
                    }

                    bytes += pending.Transaction.Signed.Encoded.Length;
                }

                if (_cluster is { Leads: false } follower)
                {
                    batch.ForEach(pending => pending.Completion.TrySetException(new NotLeadingException(follower.LeaderIndex)));
                    if (batch.Count == 0)
                    {
                        Sleep(TimeSpan.FromMilliseconds(50));
                    }

                    continue;
                }

                var target = Target(batch);
                if (batch.Count > 0 || target is not null || _cluster?.OwesTermBlock == true)
                {
                    WriteBlock(batch, target);
                }
                else
                {
                    Sleep(IdleTime());
                }
            }
        }
        catch (Exception exception) when (exception is SqliteException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            Stop(exception);
        }
        finally
        {
            _queue.Writer.TryComplete();
            batch.ForEach(pending => pending.Completion.TrySetException(new LedgerStoppedException(_failure)));
            while (_queue.Reader.TryRead(out var pending))
            {
                pending.Completion.TrySetException(new LedgerStoppedException(_failure));
            }
        }
    }

    // Those who were just answered come back with more: a block for each of the first few would cost all the others a signature and a flush of the disk.
    // So the writer waits until half of them are there again, for a moment at most; a single submitter is never kept waiting.
    private void Gather()
    {
        while (_queue.Reader.Count < _crowd / 2 && Volatile.Read(ref _ticks) == 0 && System.Diagnostics.Stopwatch.GetElapsedTime(_answered) < _options.GatherMax && !_stopping.IsCancellationRequested)
        {
            Thread.Sleep(1);
            if (_queue.Reader.Count >= Volatile.Read(ref _inside))
            {
                // All who came wait already, and nobody else has come for a while.
                return;
            }
        }
    }

    private void Answer(List<Pending> batch)
    {
        _crowd = Math.Min(Volatile.Read(ref _inside), _options.BlockTransactionsMax);
        _answered = System.Diagnostics.Stopwatch.GetTimestamp();
        foreach (var pending in batch)
        {
            pending.Completion.TrySetResult(pending.Answer);
        }
    }

    // What the state holds may be ahead of the disk: nothing is served from it any more.
    private void Stop(Exception exception)
    {
        _failure ??= exception;
        _cluster?.Retire();
        _settled.Fail(exception);
        _stopped.TrySetResult(new LedgerStoppedException(_failure));
        _database.RollBack();
    }

    private ulong ClockHeight()
    {
        var since = _options.Time.GetUtcNow().ToUnixTimeMilliseconds() - Genesis.StartsAt;
        return since < 0 ? 0 : (ulong)since / Genesis.HeightMilliseconds;
    }

    // The next height at which something waits to be done.
    private ulong WantedHeight()
    {
        var state = _chain.State;
        var wanted = Math.Min(state.NextDueHeight ?? ulong.MaxValue, (state.NextDeadline ?? ulong.MaxValue - 1) + 1);
        return _sweep.IsAwaited ? Math.Min(wanted, (state.CreditEpoch + 1) * state.Rules.CreditEpoch) : wanted;
    }

    // The height of the next block, where it is above the present one: never past one whose beacon is awaited.
    private ulong? Target(List<Pending> batch)
    {
        var state = _chain.State;
        ulong to;
        if (!_options.Clocked)
        {
            if (batch.Count == 0 || batch[^1].Transaction is not null)
            {
                return null;
            }

            to = state.Height + 1;
        }
        else
        {
            to = ClockHeight();
            if (to <= state.Height || (batch.Count == 0 && to < WantedHeight()))
            {
                return null;
            }
        }

        return state.NextDueHeight is { } due && to > due ? due : to;
    }

    private TimeSpan IdleTime()
    {
        var wanted = WantedHeight();
        if (!_options.Clocked || wanted == ulong.MaxValue)
        {
            return TimeSpan.FromMilliseconds(1000);
        }

        var at = Genesis.StartsAt + (long)(wanted * Genesis.HeightMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Clamp(at - _options.Time.GetUtcNow().ToUnixTimeMilliseconds(), 1, 1000));
    }

    private void WriteBlock(List<Pending> batch, ulong? height)
    {
        Block? block;
        lock (_core)
        {
            if (_cluster is { Leads: false } follower)
            {
                batch.ForEach(pending => pending.Completion.TrySetException(new NotLeadingException(follower.LeaderIndex)));
                return;
            }

            block = AppendBlock(batch, height);
        }

        if (block is not null)
        {
            if (_cluster is { } cluster && !cluster.AwaitMajority(block.Header.Term, block.Header.Number, _stopping.Token))
            {
                // It may yet be kept: the next leader decides. Nothing was promised.
                batch.ForEach(pending => pending.Completion.TrySetException(new NotLeadingException(cluster.LeaderIndex)));
                batch.Clear();
                return;
            }

            Settle(block.Header.Number);
            TakeSnapshot(block.Header.Number);
        }
        else if (_cluster is { } cluster && !cluster.AwaitPresent(_stopping.Token))
        {
            // Refused out of a state that another leader may have moved on from: not an answer.
            batch.ForEach(pending => pending.Completion.TrySetException(new NotLeadingException(cluster.LeaderIndex)));
            batch.Clear();
            return;
        }

        Answer(batch);
    }

    // Applies a batch, seals it into a block and makes that durable here. The state is locked while it changes and not while the disk works.
    private Block? AppendBlock(List<Pending> batch, ulong? height)
    {
        var context = _chain.Context;
        BlockHeader header;
        byte[] encoded;
        BodyBuilder body;
        ulong first;
        var owes = _cluster?.OwesTermBlock == true;
        _gate.EnterWriteLock();
        try
        {
            first = _chain.Events;
            body = new BodyBuilder();
            var proof = Apply(batch, height, body);
            if (body.Count == 0 && height is null && !owes)
            {
                return null;
            }

            var state = _chain.State;
            header = new BlockHeader(_chain.Number + 1, _cluster?.Term ?? _chain.Term, state.Height, Math.Max(_chain.Time, _options.Time.GetUtcNow().ToUnixTimeMilliseconds()), _chain.Hash, body.Digest(),
                (uint)body.Count, state.Beacon, proof, first + (ulong)context.Events.Count, state.EventDigest, state.Receipts.Count, state.Receipts.Root);
            encoded = header.Encode();
            _chain.Advance(header, encoded);
            _sweep.Note(context.Events);
            _index.Note(state, context.Events, context.Closed);
        }
        catch (Exception exception)
        {
            _failure ??= exception;
            throw;
        }
        finally
        {
            _gate.ExitWriteLock();
        }

        var block = new Block(header, encoded, _options.Sequencer!.Sign(Block.SigningDigest(GenesisDigest, _chain.Hash)), body.Bytes);
        _database.Append(block, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(context.Events), first, context.Closed);
        _database.Commit();
        MarkTip();
        Remember(block, first);
        _cluster?.Appended(header.Number);
        return block;
    }

    private byte[] Apply(List<Pending> batch, ulong? height, BodyBuilder body)
    {
        var state = _chain.State;
        var context = _chain.Context;
        context.Events.Clear();
        context.Closed.Clear();
        var proof = Array.Empty<byte>();
        if (height is { } to)
        {
            var beacon = state.Beacon;
            if (state.NextDueHeight == to)
            {
                proof = _options.BeaconKey!.Prove(Identifiers.BeaconAlpha(GenesisDigest, to, state.Beacon, state.Mix), out var output);
                beacon = Identifiers.Beacon(output, state.Mix);
            }

            state.BeginHeight(to, beacon);
        }

        void Add(SignedTransaction transaction)
        {
            if (state.Apply(VerifiedTransaction.AcceptAlreadyVerified(transaction), context).Applied)
            {
                body.Add(transaction);
            }
        }

        foreach (var due in state.DueJobs(_options.BlockTransactionsMax))
        {
            Add(SignedTransaction.Unsigned(new Drive(due)));
        }

        foreach (var payout in _sweep.Due(state, max: 16))
        {
            Add(SignedTransaction.Unsigned(payout));
        }

        foreach (var pending in batch)
        {
            if (pending.Transaction is not { } transaction)
            {
                pending.Answer = new SubmitResult(Refusal.None, default, state.Height);
                continue;
            }

            var result = state.Apply(transaction, context);
            if (result.Applied)
            {
                body.Add(transaction.Signed);
            }

            pending.Answer = new SubmitResult(result.Refusal, result.Subject, state.Height);
        }

        return proof;
    }

    // Remembers a block's events until they are settled.
    private void Remember(Block block, ulong first)
    {
        var events = _chain.Context.Events;
        var happened = ImmutableArray.CreateBuilder<PositionedEvent>(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            happened.Add(new PositionedEvent(first + (ulong)i, block.Header.Height, events[i]));
        }

        lock (_unpublished)
        {
            _unpublished.Enqueue((block.Header.Number, first + (ulong)events.Count, happened.MoveToImmutable()));
        }
    }

    // Everything up to a block is kept for good: it may be seen.
    internal void Settle(ulong number)
    {
        lock (_unpublished)
        {
            while (_unpublished.TryPeek(out var next) && next.Number <= number)
            {
                _unpublished.Dequeue();
                Volatile.Write(ref _visibleEvents, next.EventsEnd);
                if (next.Events.IsDefault)
                {
                    // Listeners find it on disk.
                    _feed.Rewind();
                }
                else
                {
                    _feed.Publish(next.Events);
                }
            }
        }

        _settled.Advance(number);
    }

    // Off the writer's path: a second follower replays what came since the last snapshot from disk.
    private void TakeSnapshot(ulong number)
    {
        if (_options.SnapshotBlocks == 0 || number % _options.SnapshotBlocks != 0 || !_snapshot.IsCompleted)
        {
            return;
        }

        _snapshot = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    using var database = _reader();
                    var path = Snapshots.PathOf(_options.Path);
                    Snapshots.Write(path, ChainLoader.Load(database, path, _signatures, _vrf, number));
                }
                catch (Exception exception) when (exception is SqliteException or IOException or LedgerCorruptException or UnauthorizedAccessException)
                {
                    // A snapshot only saves time; the next one may succeed.
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync().ConfigureAwait(false);
        }

        Interlocked.Exchange(ref _idle, 1);
        Wake();
        if (_writer is not null)
        {
            await Task.Run(_writer.Join).ConfigureAwait(false);
            await _snapshot.ConfigureAwait(false);
            if (_failure is null && _options.SnapshotBlocks != 0 && _chain.Number > 0 && _settled.Number >= _chain.Number)
            {
                Snapshots.Write(Snapshots.PathOf(_options.Path), _chain);
            }
        }

        _feed.Complete();
        _settled.Fail(new ObjectDisposedException(nameof(EmbeddedLedger)));
        _database.Dispose();
        _stopping.Dispose();
        _wake.Dispose();
        _gate.Dispose();
    }
}

/// <summary>The ledger has stopped: it was closed, or its disk failed. What was acknowledged is kept.</summary>
/// <param name="cause">Why.</param>
public sealed class LedgerStoppedException(Exception? cause) : Exception($"The ledger has stopped{(cause is null ? "" : ": " + cause.Message)}. Open it again once its disk works.", cause);

/// <summary>This sequencer was just started, or hears no leader: what it holds may be older than what others were told already, so it answers no reader for now.</summary>
/// <param name="leader">The leader's place in the genesis's list; null where none is known.</param>
public sealed class LedgerBehindException(int? leader) : Exception($"This sequencer does not know the present state of the ledger at the moment: it is catching up, or no majority answers. {(leader is { } index ? $"Sequencer {index} leads: ask there." : "Ask another one, or again shortly.")}")
{
    /// <summary>The leader's place in the genesis's list; null where none is known.</summary>
    public int? Leader => leader;
}

/// <summary>Another sequencer orders transactions at the moment. One that was on its way may still be applied: ask the ledger before sending another in its place.</summary>
/// <param name="leader">The leader's place in the genesis's list; null where none is known.</param>
public sealed class NotLeadingException(int? leader) : Exception(leader is { } index ? $"Sequencer {index} leads. Send transactions there." : "No sequencer leads at the moment. Try again shortly.")
{
    /// <summary>The leader's place in the genesis's list; null where none is known.</summary>
    public int? Leader => leader;
}
