using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
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
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded;

/// <summary>A ledger in one process: transactions are checked in parallel, ordered by one writer, hash-chained, and acknowledged only when they are on disk.</summary>
public sealed partial class EmbeddedLedger : ILedger, IAsyncDisposable
{
    private readonly EmbeddedLedgerOptions _options;
    private readonly ISignatureScheme _signatures;
    private readonly IVrf _vrf;
    private readonly LedgerDatabase _database;
    private readonly ChainFollower _chain;
    private readonly Channel<Pending> _queue;
    private readonly ReaderWriterLockSlim _gate = new(LockRecursionPolicy.NoRecursion);
    private readonly CancellationTokenSource _stopping = new();
    private readonly EventFeed _feed = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Thread? _writer;
    private readonly Func<LedgerDatabase> _reader;
    private Exception? _failure;
    private int _disposed;

    private EmbeddedLedger(EmbeddedLedgerOptions options, LedgerDatabase database, ChainFollower chain, ISignatureScheme signatures, IVrf vrf)
    {
        _options = options;
        _signatures = signatures;
        _vrf = vrf;
        _database = database;
        _chain = chain;
        _reader = () => LedgerDatabase.Open(options.Path, readOnly: true);
        _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        if (options.Sequencer is not null)
        {
            _writer = new Thread(Write) { IsBackground = true, Name = "ledger writer" };
            _writer.Start();
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
        return await pending.Completion.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Moves a ledger without a clock on by heights, driving what is due.</summary>
    /// <param name="heights">By how many.</param>
    public async Task AdvanceAsync(ulong heights = 1)
    {
        for (ulong i = 0; i < heights; i++)
        {
            var pending = new Pending(null);
            await _queue.Writer.WriteAsync(pending).ConfigureAwait(false);
            Wake();
            await pending.Completion.Task.ConfigureAwait(false);
        }
    }

    // VRF proofs and enclaves' signatures cost most of all: what the state would ask is looked up now and checked on this thread; the writer only compares.
    private void CheckAhead(VerifiedTransaction transaction)
    {
        switch (transaction.Signed.Body)
        {
            case Ticket ticket when !Genesis.VrfOnChallenge:
            {
                ReadOnlyMemory<byte> key = default;
                Digest? alpha = null;
                Read(state =>
                {
                    if (state.OpenJobs.TryGetValue(ticket.Job, out var job) && job.Phase == JobPhase.Drawing && state.Nodes.TryGetValue(transaction.Signed.Sender, out var node)
                        && node.At(job.Round.Snapshot) is { } version)
                    {
                        alpha = state.TicketAlpha(job, ticket.Role);
                        key = version.Profile.VrfKey;
                    }

                    return true;
                });
                if (alpha is { } known)
                {
                    transaction.VerifyVrf(_vrf, key, known, out _);
                }

                break;
            }

            case ResultReveal reveal:
            {
                var key = Read(state => state.OpenJobs.TryGetValue(reveal.Job, out var job) ? job.Round.Executor(transaction.Signed.Sender)?.Evidence?.ReceiptKey : null);
                if (key is { } known)
                {
                    transaction.VerifyEnclave(_signatures, known, Identifiers.Statement(reveal.Job, reveal.Round, transaction.Signed.Sender, reveal.Statement));
                }

                break;
            }

            default:
                break;
        }
    }

    private T Read<T>(Func<LedgerState, T> read)
    {
        _gate.EnterReadLock();
        try
        {
            return _failure is null ? read(_chain.State) : throw new LedgerStoppedException(_failure);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

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

    private void Write()
    {
        try
        {
            var batch = new List<Pending>();
            while (!_stopping.IsCancellationRequested)
            {
                batch.Clear();
                while (batch.Count < _options.BlockTransactionsMax && _queue.Reader.TryRead(out var pending))
                {
                    batch.Add(pending);
                    if (pending.Transaction is null)
                    {
                        break;
                    }
                }

                var target = Target(batch);
                if (batch.Count > 0 || target is not null)
                {
                    WriteBlock(batch, target);
                }
                else
                {
                    _wake.Wait(IdleTime());
                }
            }
        }
        catch (Exception exception) when (exception is SqliteException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            // What the state holds may be ahead of the disk: nothing is served from it any more.
            _failure = exception;
            _database.RollBack();
        }
        finally
        {
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var pending))
            {
                pending.Completion.TrySetException(new LedgerStoppedException(_failure));
            }
        }
    }

    private ulong ClockHeight()
    {
        var since = _options.Time.GetUtcNow().ToUnixTimeMilliseconds() - Genesis.StartsAt;
        return since < 0 ? 0 : (ulong)since / Genesis.HeightMilliseconds;
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
            var wanted = Math.Min(state.NextDueHeight ?? ulong.MaxValue, (state.NextDeadline ?? ulong.MaxValue - 1) + 1);
            if (to <= state.Height || (batch.Count == 0 && to < wanted))
            {
                return null;
            }
        }

        return state.NextDueHeight is { } due && to > due ? due : to;
    }

    private TimeSpan IdleTime()
    {
        var state = _chain.State;
        var wanted = Math.Min(state.NextDueHeight ?? ulong.MaxValue, (state.NextDeadline ?? ulong.MaxValue - 1) + 1);
        if (!_options.Clocked || wanted == ulong.MaxValue)
        {
            return TimeSpan.FromMilliseconds(1000);
        }

        var at = Genesis.StartsAt + (long)(wanted * Genesis.HeightMilliseconds);
        return TimeSpan.FromMilliseconds(Math.Clamp(at - _options.Time.GetUtcNow().ToUnixTimeMilliseconds(), 1, 1000));
    }

    private void WriteBlock(List<Pending> batch, ulong? height)
    {
        var answers = new List<(Pending, SubmitResult)>(batch.Count);
        ImmutableArray<PositionedEvent> happened;
        _gate.EnterWriteLock();
        try
        {
            happened = ApplyBlock(batch, height, answers);
        }
        catch (Exception exception)
        {
            _failure ??= exception;
            foreach (var pending in batch)
            {
                pending.Completion.TrySetException(new LedgerStoppedException(exception));
            }

            throw;
        }
        finally
        {
            _gate.ExitWriteLock();
        }

        _feed.Publish(happened);
        foreach (var (pending, answer) in answers)
        {
            pending.Completion.TrySetResult(answer);
        }
    }

    private ImmutableArray<PositionedEvent> ApplyBlock(List<Pending> batch, ulong? height, List<(Pending, SubmitResult)> answers)
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

        var body = new BodyBuilder();
        foreach (var due in state.DueJobs(_options.BlockTransactionsMax))
        {
            var drive = SignedTransaction.Unsigned(new Drive(due));
            if (state.Apply(VerifiedTransaction.AcceptAlreadyVerified(drive), context).Applied)
            {
                body.Add(drive);
            }
        }

        foreach (var pending in batch)
        {
            if (pending.Transaction is not { } transaction)
            {
                answers.Add((pending, new SubmitResult(Refusal.None, default, state.Height)));
                continue;
            }

            var result = state.Apply(transaction, context);
            if (result.Applied)
            {
                body.Add(transaction.Signed);
            }

            answers.Add((pending, new SubmitResult(result.Refusal, result.Subject, state.Height)));
        }

        return body.Count == 0 && height is null ? [] : Store(body, proof);
    }

    private ImmutableArray<PositionedEvent> Store(BodyBuilder body, byte[] proof)
    {
        var state = _chain.State;
        var context = _chain.Context;
        var first = _chain.Events;
        var header = new BlockHeader(_chain.Number + 1, _chain.Term, state.Height, Math.Max(_chain.Time, _options.Time.GetUtcNow().ToUnixTimeMilliseconds()), _chain.Hash, body.Digest(), (uint)body.Count,
            state.Beacon, proof, first + (ulong)context.Events.Count, state.EventDigest, state.Receipts.Count, state.Receipts.Root);
        var bytes = header.Encode();
        var signature = _options.Sequencer!.Sign(Block.SigningDigest(GenesisDigest, Digest.Of(bytes)));
        var block = new Block(header, bytes, signature, body.Bytes);
        var closed = context.Closed.ConvertAll(job => (job.Id, JsonSerializer.SerializeToUtf8Bytes(ViewFactory.Job(state, job), LedgerJson.Options)));
        _database.Append(block, CollectionsMarshal.AsSpan(context.Events), first, closed);
        _database.Commit();
        _chain.Advance(block);

        var happened = ImmutableArray.CreateBuilder<PositionedEvent>(context.Events.Count);
        for (var i = 0; i < context.Events.Count; i++)
        {
            happened.Add(new PositionedEvent(first + (ulong)i, state.Height, context.Events[i]));
        }

        if (_options.SnapshotBlocks != 0 && header.Number % _options.SnapshotBlocks == 0)
        {
            Snapshots.Write(Snapshots.PathOf(_options.Path), _chain);
        }

        return happened.MoveToImmutable();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        Wake();
        if (_writer is not null)
        {
            await Task.Run(_writer.Join).ConfigureAwait(false);
            if (_failure is null && _options.SnapshotBlocks != 0 && _chain.Number > 0)
            {
                Snapshots.Write(Snapshots.PathOf(_options.Path), _chain);
            }
        }

        _feed.Complete();
        _database.Dispose();
        _stopping.Dispose();
        _wake.Dispose();
        _gate.Dispose();
    }

    private sealed class Pending(VerifiedTransaction? transaction)
    {
        public VerifiedTransaction? Transaction => transaction;

        public TaskCompletionSource<SubmitResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class BodyBuilder
    {
        private readonly MemoryStream _stream = new();

        public int Count { get; private set; }

        public ReadOnlyMemory<byte> Bytes => _stream.GetBuffer().AsMemory(0, (int)_stream.Length);

        public void Add(SignedTransaction transaction)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, transaction.Encoded.Length);
            _stream.Write(length);
            _stream.Write(transaction.Encoded.Span);
            Count++;
        }

        public Digest Digest() => Block.BodyDigest(Bytes.Span);
    }
}

/// <summary>The ledger has stopped: it was closed, or its disk failed. What was acknowledged is kept.</summary>
/// <param name="cause">Why.</param>
public sealed class LedgerStoppedException(Exception? cause) : Exception($"The ledger has stopped{(cause is null ? "" : ": " + cause.Message)}. Open it again once its disk works.", cause);
