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
internal sealed partial class Cluster : IAsyncDisposable
{
    public const string PromiseKey = "promised-term";
    private const int BytesAtOnce = 4 << 20;
    // Answers are a few numbers and a signature, or a head without its transactions: far less.
    private const int AnswerMax = 1 << 20;

    private readonly EmbeddedLedger _ledger;
    private readonly ISigner _signer;
    private readonly Action<string>? _notice;
    private readonly ISignatureScheme _signatures;
    private readonly Uri?[] _peers;
    private readonly int _self;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Election _election;
    private readonly Confirmations _confirmed;
    private readonly List<Task> _tasks = [];
    // The newest message of a leader that was served here.
    private (ulong Term, ulong Count) _taken;
    private ulong _sent;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Cluster(EmbeddedLedger ledger, EmbeddedLedgerOptions options, byte[]? promised)
    {
        _ledger = ledger;
        _signer = options.Sequencer!;
        _notice = options.Notice;
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
        _election = new Election(_self, sequencers.Length, _patience, promised is { Length: 8 } ? BinaryPrimitives.ReadUInt64BigEndian(promised) : 0, Keep, Now);
        _confirmed = new Confirmations(sequencers.Length);
        _http = Client(_patience);
    }

    /// <summary>Asks peers; an answer without end is not read to its end.</summary>
    internal static HttpClient Client(TimeSpan patience) =>
        new(new SocketsHttpHandler { ConnectTimeout = patience, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = AnswerMax };

    /// <summary>Whether this sequencer orders transactions at the moment, as far as it knows.</summary>
    public bool Leads => _election.Leads;

    /// <summary>The term that it leads.</summary>
    public ulong Term => _election.Term;

    /// <summary>Who leads, as far as is known.</summary>
    public int? LeaderIndex => _election.Leads ? _self : _election.Leader;

    /// <summary>Whether a new leader has yet to write a block of its own term: only that settles what came before. The writer asks between blocks: what is not settled then is what an earlier leader left.</summary>
    public bool OwesTermBlock => _election.Leads && (_ledger.Tip.Number < _confirmed.First || _ledger.Tip.Number > _ledger.SettledNumber);

    /// <summary>The ledger has stopped: its sequencer is silent from now on, so that another one takes over. May be called under any lock but that of the confirmations.</summary>
    public void Retire()
    {
        _election.Retire();
        Changed();
    }

    private TimeSpan Now => _time.GetElapsedTime(0);

    public void Start() => Run(WatchAsync);

    /// <summary>A block of this term was appended here.</summary>
    public void Appended(ulong number)
    {
        Confirm(_election.Term, _self, number);
        Pulse();
    }

    /// <summary>Waits until a majority holds a block.</summary>
    /// <param name="term">The term under which this sequencer wrote it; one that it came to lead later says nothing of the block.</param>
    /// <param name="number">The block.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>Whether it does; not where the leadership was lost before.</returns>
    public bool AwaitMajority(ulong term, ulong number, CancellationToken cancellation)
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
            while (_confirmed.Number < number && _election.Leads && _election.Term == term && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_confirmed);
            }

            return _confirmed.Number >= number && _election.Leads && _election.Term == term;
        }
    }

    /// <summary>What a replica does with a leader's message.</summary>
    public LeadReply? Take(LeadRequest request)
    {
        // Signatures first: nothing unsigned moves anything.
        var asked = request.SigningDigest(_ledger.GenesisDigest);
        if (_election.IsRetired || request.To != _self || !IsFrom(request.Term, asked, request.Signature) || IndexOf(request.Term) == _self)
        {
            return null;
        }

        lock (_gate)
        {
            // Shown again, or overtaken by a later one: whoever shows it does not make a dead leader live.
            if (request.Term == _taken.Term && request.Count <= _taken.Count)
            {
                return null;
            }

            var served = _election.Hear(request.Term, Now);
            Changed();
            if (!served)
            {
                return Reply(request.Term, asked, false, 0);
            }

            _taken = (request.Term, request.Count);
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

        var (kept, number) = _ledger.Replicate(request.Term, request.PreviousNumber, request.PreviousHash, blocks, () => _election.Promised <= request.Term);
        if (_election.IsRetired)
        {
            // Its disk has just failed: it is away, as far as the leader is concerned.
            return null;
        }

        if (kept)
        {
            _ledger.Settle(Math.Min(request.Settled, number));
        }

        return Reply(request.Term, asked, kept, number);
    }

    /// <summary>What a replica does when another sequencer wants to lead.</summary>
    public PromiseReply? Consider(PromiseRequest request)
    {
        if (_election.IsRetired || !IsFrom(request.Term, request.SigningDigest(_ledger.GenesisDigest), request.Signature) || IndexOf(request.Term) == _self)
        {
            return null;
        }

        lock (_gate)
        {
            var tip = _ledger.Tip;
            var given = _election.Consider(request.Term, (request.LastTerm, request.LastNumber), (tip.Term, tip.Number), Now);
            Changed();
            var reply = new PromiseReply(request.Term, given, _election.Promised, default);
            return reply with { Signature = _signer.Sign(reply.SigningDigest(_ledger.GenesisDigest)) };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _election.Resign(Now);
        }

        Changed();
        Task[] tasks;
        lock (_tasks)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
        _http.Dispose();
        _stopping.Dispose();
    }

    private LeadReply Reply(ulong term, in Digest asked, bool kept, ulong number)
    {
        var reply = new LeadReply(term, _election.Promised, kept, number, default);
        return reply with { Signature = _signer.Sign(reply.SigningDigest(_ledger.GenesisDigest, asked)) };
    }

    private int IndexOf(ulong term) => (int)(term % (ulong)_peers.Length);

    private bool IsFrom(ulong term, in Digest digest, ReadOnlyMemory<byte> signature) => _signatures.Verify(_ledger.Genesis.Sequencers[IndexOf(term)].Address, digest, signature.Span);

    private bool IsFrom(int index, in Digest digest, ReadOnlyMemory<byte> signature) => _signatures.Verify(_ledger.Genesis.Sequencers[index].Address, digest, signature.Span);

    private void Keep(ulong term)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, term);
        _ledger.KeepMeta(PromiseKey, bytes);
    }

    // Whoever waits for a majority, or for something to send, looks again.
    private void Changed()
    {
        Heard();
        Pulse();
    }

    private void Pulse() => Interlocked.Exchange(ref _news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Run(Func<CancellationToken, Task> work)
    {
        lock (_tasks)
        {
            _tasks.RemoveAll(task => task.IsCompleted);
            _tasks.Add(Task.Run(() => GoOnAsync(work, _stopping.Token)));
        }
    }

    // Nothing that goes wrong once may end what everybody relies on: it is told, and after a while done again.
    private async Task GoOnAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await work(cancellation).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it is: a loop that ended unseen would leave a sequencer that neither stands nor steps down.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _notice?.Invoke($"Sequencing: {exception.Message} Trying again.");
            }

            await Task.Delay(_patience / 8, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
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

            ElectionStep step;
            lock (_gate)
            {
                var tip = _ledger.Tip;
                step = _election.Look((tip.Term, tip.Number), Now);
                if (step == ElectionStep.StepDown)
                {
                    _election.Resign(Now);
                    Changed();
                }
            }

            if (step == ElectionStep.Stand)
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
                var bytes = await _http.GetByteArrayAsync(new Uri(peer, "../head/proof?own=true"), limit.Token).ConfigureAwait(false);
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
            var term = _election.Stand((tip.Term, tip.Number), Now);
            request = new PromiseRequest(term, tip.Term, tip.Number, default);
        }

        request = request with { Signature = _signer.Sign(request.SigningDigest(_ledger.GenesisDigest)) };
        var body = request.Encode();
        var answers = Enumerable.Range(0, _peers.Length).Where(i => i != _self).Select(async i =>
        {
            var bytes = await PostAsync(i, "promise", body, _patience, cancellation).ConfigureAwait(false);
            var reply = bytes is null ? null : PromiseReply.TryDecode(bytes);
            return reply is not null && reply.Term == request.Term && IsFrom(i, reply.SigningDigest(_ledger.GenesisDigest), reply.Signature) ? reply : null;
        }).ToList();
        // Decided by the answer that decides it: who cannot be reached must not hold up those who can.
        for (var given = 0; answers.Count > 0;)
        {
            var answered = await Task.WhenAny(answers).ConfigureAwait(false);
            answers.Remove(answered);
            var reply = await answered.ConfigureAwait(false);
            given += reply is { Given: true } ? 1 : 0;
            lock (_gate)
            {
                if (reply is { Given: false })
                {
                    _election.Learn(reply.Promised, Now);
                }

                // Nobody may append between looking at the tip and leading from it: replicas' blocks are refused once the term is promised, and this process writes only as a leader.
                var first = _ledger.Tip.Number + 1;
                lock (_confirmed)
                {
                    if (_election.Win(request.Term, given, Now))
                    {
                        _confirmed.Begin(request.Term, first);
                        break;
                    }
                }

                if (_election.Promised != request.Term)
                {
                    return;
                }
            }
        }

        if (!_election.Leads)
        {
            return;
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
        var progress = new LinkProgress(_ledger.Tip.Number + 1);
        while (_election.Leads && _election.Term == term)
        {
            var news = Volatile.Read(ref _news).Task;
            var (previous, blocks, last) = _ledger.Since(progress.Next, BytesAtOnce);
            var sent = Now;
            var request = new LeadRequest(term, peer, Interlocked.Increment(ref _sent), progress.Next - 1, previous, _ledger.SettledNumber, blocks, default);
            var asked = request.SigningDigest(_ledger.GenesisDigest);
            request = request with { Signature = _signer.Sign(asked) };
            var bytes = await PostAsync(peer, "lead", request.Encode(), 4 * _patience, cancellation).ConfigureAwait(false);
            var reply = bytes is null ? null : LeadReply.TryDecode(bytes);
            if (reply is null || reply.Term != term || !IsFrom(peer, reply.SigningDigest(_ledger.GenesisDigest, asked), reply.Signature))
            {
                await Task.Delay(_patience / 8, _time, cancellation).ConfigureAwait(false);
                continue;
            }

            lock (_gate)
            {
                _election.Answered(peer, Now);
                if (reply.Promised > term)
                {
                    _election.Learn(reply.Promised, Now);
                    Changed();
                    return;
                }

                _election.Served(peer, sent);
            }

            Heard();
            var goesOn = progress.Answered(reply.Kept, reply.Number, last);
            if (reply.Kept)
            {
                Confirm(term, peer, progress.Next - 1);
            }

            if (!goesOn)
            {
                await Task.Delay(_patience / 8, _time, cancellation).ConfigureAwait(false);
                continue;
            }

            if (_ledger.Tip.Number < progress.Next)
            {
                await Task.WhenAny(news, Task.Delay(_patience / 4, _time, cancellation)).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private void Confirm(ulong term, int index, ulong number)
    {
        lock (_confirmed)
        {
            if (_confirmed.Confirm(term, index, number))
            {
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
