using System.Buffers.Binary;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>Several sequencers, one chain: an ordered list in the genesis, one leader a term, blocks acknowledged when a majority holds them, take-over by promise of a majority.</summary>
/// <remarks>
/// The shape is Raft's (Ongaro and Ousterhout 2014, sections 5.1 to 5.4): terms, promises ("votes") that are durable before they are given, a candidate whose chain is behind gets none, and a new leader
/// counts earlier blocks as kept only once one of its own term is. What is replicated is the signed, hash-chained block itself, checked in full by every replica before it confirms: a leader that breaks
/// the rules gets no confirmation from an honest one, and its signature names it.
/// </remarks>
internal sealed class Cluster : IAsyncDisposable
{
    public const string PromiseKey = "promised-term";
    private const int BytesAtOnce = 4 << 20;

    private readonly EmbeddedLedger _ledger;
    private readonly ISigner _signer;
    private readonly ISignatureScheme _signatures;
    private readonly Uri?[] _peers;
    private readonly int _self;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly ulong[] _confirmed;
    private readonly long[] _heardFrom;
    private readonly List<Task> _tasks = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _promised;
    private ulong _firstOfTerm;
    private ulong _majority;
    private long _heard;
    private int? _leader;
    private volatile bool _urged;
    private volatile bool _leads;

    public Cluster(EmbeddedLedger ledger, EmbeddedLedgerOptions options, byte[]? promised)
    {
        _ledger = ledger;
        _signer = options.Sequencer!;
        _signatures = options.Signatures ?? new Protocol.Accounts.AccountSignatures();
        _patience = options.TakeOverAfter;
        _time = options.Time;
        var sequencers = ledger.Genesis.Sequencers;
        _self = -1;
        for (var i = 0; i < sequencers.Length; i++)
        {
            _self = sequencers[i].Address == _signer.Address ? i : _self;
        }

        if (_self < 0)
        {
            throw new ArgumentException($"{_signer.Address} is not among the genesis's sequencers.", nameof(options));
        }

        if (options.Peers.Count != sequencers.Length)
        {
            throw new ArgumentException($"The genesis names {sequencers.Length} sequencers and {options.Peers.Count} addresses are given: give one for each, in its order.", nameof(options));
        }

        _peers = [.. options.Peers.Select((peer, i) => i == _self ? null : new Uri(peer, Http.LedgerEndpoints.Root.TrimStart('/') + "/sequencing/"))];
        _promised = promised is { Length: 8 } ? BinaryPrimitives.ReadUInt64BigEndian(promised) : 0;
        _confirmed = new ulong[sequencers.Length];
        _heardFrom = new long[sequencers.Length];
        _heard = Now;
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = _patience, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) }) { Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Whether this sequencer orders transactions at the moment, as far as it knows.</summary>
    public bool Leads => _leads;

    /// <summary>The term that it leads.</summary>
    public ulong Term { get; private set; }

    /// <summary>Who leads, as far as is known.</summary>
    public int? LeaderIndex => _leads ? _self : _leader;

    /// <summary>Whether a new leader has yet to write a block of its own term: only that settles what came before.</summary>
    public bool OwesTermBlock => _leads && _ledger.Tip.Number < _firstOfTerm;

    private long Now => _time.GetTimestamp();

    private int Majority => (_peers.Length / 2) + 1;

    public void Start() => Run(WatchAsync);

    /// <summary>A block of this term was appended here.</summary>
    public void Appended(ulong number)
    {
        Confirm(_self, number);
        Pulse();
    }

    /// <summary>Waits until a majority holds a block.</summary>
    /// <returns>Whether it does; not where the leadership was lost before.</returns>
    public bool AwaitMajority(ulong number, CancellationToken cancellation)
    {
        using var registration = cancellation.Register(static state =>
        {
            var cluster = (Cluster)state!;
            lock (cluster._confirmed)
            {
                Monitor.PulseAll(cluster._confirmed);
            }
        }, this);
        lock (_confirmed)
        {
            while (_majority < number && _leads && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_confirmed);
            }

            return _majority >= number && _leads;
        }
    }

    /// <summary>What a replica does with a leader's message.</summary>
    public LeadReply? Take(LeadRequest request)
    {
        // Signatures first: nothing unsigned moves anything.
        if (!IsFrom(request.Term, request.SigningDigest(_ledger.GenesisDigest), request.Signature) || IndexOf(request.Term) == _self)
        {
            return null;
        }

        lock (_gate)
        {
            if (request.Term < _promised)
            {
                return Reply(request.Term, false, 0);
            }

            Promise(request.Term);
            StepDown();
            _leader = IndexOf(request.Term);
            _urged = false;
            _heard = Now;
        }

        List<Block> blocks = [];
        try
        {
            using var stream = new MemoryStream(request.Blocks.ToArray());
            while (Block.ReadFrom(stream) is { } block)
            {
                blocks.Add(block);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            return null;
        }

        var (kept, number) = _ledger.Replicate(request.Term, request.PreviousNumber, request.PreviousHash, blocks, () => Volatile.Read(ref _promised) <= request.Term);
        if (kept)
        {
            _ledger.Settle(Math.Min(request.Settled, number));
        }

        return Reply(request.Term, kept, number);
    }

    /// <summary>What a replica does when another sequencer wants to lead.</summary>
    public PromiseReply? Consider(PromiseRequest request)
    {
        if (!IsFrom(request.Term, request.SigningDigest(_ledger.GenesisDigest), request.Signature) || IndexOf(request.Term) == _self)
        {
            return null;
        }

        lock (_gate)
        {
            var tip = _ledger.Tip;
            var behind = (request.LastTerm, request.LastNumber).CompareTo((tip.Term, tip.Number)) < 0;
            // A leader that is heard is not put away because somebody else cannot hear it.
            var content = _leads || (_leader is not null && _time.GetElapsedTime(_heard) < _patience);
            var higher = request.Term > _promised && !content;
            var given = higher && !behind;
            if (higher)
            {
                // A candidate that is behind is refused, but its term counts all the same (Raft, section 5.1): otherwise the one that is ahead would stand below what the other has promised itself, for ever.
                Promise(request.Term);
                StepDown();
                _leader = null;
                // Who may not follow the candidate stands itself, at the next tick.
                _urged = !given;
            }

            _heard = given ? Now : _heard;

            var reply = new PromiseReply(request.Term, given, _promised, default);
            return reply with { Signature = _signer.Sign(reply.SigningDigest(_ledger.GenesisDigest)) };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        StepDown();
        Task[] tasks;
        lock (_tasks)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
        _http.Dispose();
        _stopping.Dispose();
    }

    private LeadReply Reply(ulong term, bool kept, ulong number)
    {
        var reply = new LeadReply(term, Volatile.Read(ref _promised), kept, number, default);
        return reply with { Signature = _signer.Sign(reply.SigningDigest(_ledger.GenesisDigest)) };
    }

    private int IndexOf(ulong term) => (int)(term % (ulong)_peers.Length);

    private bool IsFrom(ulong term, in Digest digest, ReadOnlyMemory<byte> signature) => _signatures.Verify(_ledger.Genesis.Sequencers[IndexOf(term)].Address, digest, signature.Span);

    private bool IsFrom(int index, in Digest digest, ReadOnlyMemory<byte> signature) => _signatures.Verify(_ledger.Genesis.Sequencers[index].Address, digest, signature.Span);

    // Durable before anybody hears of it.
    private void Promise(ulong term)
    {
        if (term > _promised)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, term);
            _ledger.KeepMeta(PromiseKey, bytes.ToArray());
            Volatile.Write(ref _promised, term);
        }
    }

    private void StepDown()
    {
        _leads = false;
        lock (_confirmed)
        {
            Monitor.PulseAll(_confirmed);
        }

        Pulse();
    }

    private void Pulse() => Interlocked.Exchange(ref _news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Run(Func<CancellationToken, Task> work)
    {
        lock (_tasks)
        {
            _tasks.RemoveAll(task => task.IsCompleted);
            _tasks.Add(Task.Run(async () =>
            {
                try
                {
                    await work(_stopping.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // Stopping.
                }
            }));
        }
    }

    // How many places behind the last leader this sequencer stands in the list: the next one moves first.
    private int Rank()
    {
        var last = _leader ?? IndexOf(_ledger.Tip.Term);
        var behind = (_self - last - 1 + _peers.Length) % _peers.Length;
        return _ledger.Tip.Number == 0 && _leader is null ? _self : behind;
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        for (var tick = 1; ; tick++)
        {
            await Task.Delay(_patience / 8, _time, cancellation).ConfigureAwait(false);
            if (tick % 16 == 0)
            {
                await CompareAsync(cancellation).ConfigureAwait(false);
            }

            if (_leads)
            {
                var alive = 1 + Enumerable.Range(0, _peers.Length).Count(i => i != _self && _time.GetElapsedTime(Volatile.Read(ref _heardFrom[i])) < 3 * _patience);
                if (alive < Majority)
                {
                    // Alone: somebody else may lead by now, and nothing can be acknowledged anyway.
                    _leader = null;
                    _heard = Now;
                    StepDown();
                }
            }
            else if (_urged || _time.GetElapsedTime(Volatile.Read(ref _heard)) > _patience + (_patience * Rank() / 2))
            {
                await StandAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    // Replicas show each other their heads: a leader that tells them different stories is caught by its own signatures.
    private async Task CompareAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < _peers.Length; i++)
        {
            if (_peers[i] is not { } peer)
            {
                continue;
            }

            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                limit.CancelAfter(_patience);
                var bytes = await _http.GetByteArrayAsync(new Uri(peer, "../head/proof"), limit.Token).ConfigureAwait(false);
                using var stream = new MemoryStream(bytes);
                if (Block.ReadFrom(stream) is { } head)
                {
                    _ledger.Compare(head);
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // It is away; another time.
            }
        }
    }

    private async Task StandAsync(CancellationToken cancellation)
    {
        PromiseRequest request;
        lock (_gate)
        {
            var tip = _ledger.Tip;
            var above = Math.Max(_promised, tip.Term);
            // The lowest term above all known ones that is this sequencer's.
            var count = (ulong)_peers.Length;
            var term = above - (above % count) + (ulong)_self;
            term += term <= above ? count : 0;
            Promise(term);
            // Nobody is heard: a candidacy of one's own is no leader that others should have to wait for.
            _leader = null;
            _urged = false;
            _heard = Now;
            request = new PromiseRequest(term, tip.Term, tip.Number, default);
        }

        request = request with { Signature = _signer.Sign(request.SigningDigest(_ledger.GenesisDigest)) };
        var body = request.Encode();
        var replies = await Task.WhenAll(Enumerable.Range(0, _peers.Length).Where(i => i != _self).Select(async i =>
        {
            var bytes = await PostAsync(i, "promise", body, _patience, cancellation).ConfigureAwait(false);
            var reply = bytes is null ? null : PromiseReply.TryDecode(bytes);
            return reply is not null && reply.Term == request.Term && IsFrom(i, reply.SigningDigest(_ledger.GenesisDigest), reply.Signature) ? reply : null;
        })).ConfigureAwait(false);
        lock (_gate)
        {
            foreach (var reply in replies)
            {
                // Somebody has promised more: the next attempt goes above that.
                if (reply is { Given: false } && reply.Promised > _promised)
                {
                    Promise(reply.Promised);
                }
            }

            if (1 + replies.Count(reply => reply is { Given: true }) < Majority || _promised != request.Term)
            {
                return;
            }

            var tip = _ledger.Tip;
            Term = request.Term;
            _firstOfTerm = tip.Number + 1;
            lock (_confirmed)
            {
                Array.Clear(_confirmed);
                _majority = 0;
            }

            Array.Fill(_heardFrom, Now);
            _leads = true;
        }

        for (var i = 0; i < _peers.Length; i++)
        {
            if (i != _self)
            {
                var peer = i;
                var term = request.Term;
                Run(stop => LinkAsync(peer, term, stop));
            }
        }

        _ledger.Wake();
    }

    // Keeps one replica at the leader's side, as long as it leads this term.
    private async Task LinkAsync(int peer, ulong term, CancellationToken cancellation)
    {
        var next = _ledger.Tip.Number + 1;
        while (_leads && Term == term)
        {
            var news = Volatile.Read(ref _news).Task;
            var (previous, blocks, last) = _ledger.Since(next, BytesAtOnce);
            var request = new LeadRequest(term, next - 1, previous, _ledger.SettledNumber, blocks, default);
            request = request with { Signature = _signer.Sign(request.SigningDigest(_ledger.GenesisDigest)) };
            var bytes = await PostAsync(peer, "lead", request.Encode(), 4 * _patience, cancellation).ConfigureAwait(false);
            var reply = bytes is null ? null : LeadReply.TryDecode(bytes);
            if (reply is null || reply.Term != term || !IsFrom(peer, reply.SigningDigest(_ledger.GenesisDigest), reply.Signature))
            {
                await Task.Delay(_patience / 8, _time, cancellation).ConfigureAwait(false);
                continue;
            }

            Volatile.Write(ref _heardFrom[peer], Now);
            if (reply.Promised > term)
            {
                lock (_gate)
                {
                    Promise(reply.Promised);
                    _leader = null;
                    _heard = Now;
                    StepDown();
                }

                return;
            }

            if (!reply.Kept)
            {
                next = Math.Max(1, Math.Min(next - 1, reply.Number + 1));
                continue;
            }

            next = last + 1;
            Confirm(peer, last);
            if (_ledger.Tip.Number < next)
            {
                await Task.WhenAny(news, Task.Delay(_patience / 4, _time, cancellation)).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private void Confirm(int index, ulong number)
    {
        lock (_confirmed)
        {
            _confirmed[index] = Math.Max(_confirmed[index], number);
            var sorted = (ulong[])_confirmed.Clone();
            Array.Sort(sorted);
            var held = sorted[_peers.Length - Majority];
            // Blocks of earlier terms count only below one of this term (Raft, section 5.4.2).
            if (held >= _firstOfTerm && held > _majority)
            {
                _majority = held;
                Monitor.PulseAll(_confirmed);
                Pulse();
            }
        }
    }

    private async Task<byte[]?> PostAsync(int peer, string what, byte[] body, TimeSpan patience, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            using var content = new ByteArrayContent(body);
            using var response = await _http.PostAsync(new Uri(_peers[peer]!, what), content, limit.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false) : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }
}
