using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>What a reader is told is never older than what anybody was told before he asked.</summary>
/// <remarks>
/// Ongaro 2014, section 6.4: the leader makes sure that it still led when the question came, a replica asks the leader, and both answer once everything acknowledged by then is settled where they are. A replica
/// that was just started, or that hears no leader, cannot know and says so.
/// </remarks>
internal sealed partial class Cluster
{
    private readonly Lock _questions = new();
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<ulong?> _asked = Task.FromResult<ulong?>(null);
    private Task<ulong?>? _nextAsked;

    /// <summary>For how long a reader is kept waiting before he is told that the present is not known here.</summary>
    private TimeSpan ReaderPatience => 2 * _patience;

    /// <summary>Waits until everything that was acknowledged before this call is settled here.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="LedgerBehindException">The present cannot be known here at the moment.</exception>
    public async ValueTask PresentAsync(CancellationToken cancellation)
    {
        var moment = Now;
        if (PresentIndex(moment) is not null)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        limit.CancelAfter(ReaderPatience);
        try
        {
            while (true)
            {
                var heard = Volatile.Read(ref _heard).Task;
                var index = PresentIndex(moment)?.Number;
                if (index is null && _election is { Leads: false, Leader: { } leader } && leader != _self)
                {
                    index = await AskAsync(leader).WaitAsync(limit.Token).ConfigureAwait(false);
                }

                if (index is { } number)
                {
                    await _ledger.SettledAsync(number, limit.Token).ConfigureAwait(false);
                    return;
                }

                await AwaitNewsAsync(heard, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LedgerBehindException(LeaderIndex);
        }
    }

    /// <summary>What a leader does when a replica asks for the present.</summary>
    public async Task<IndexReply?> TellIndexAsync(IndexRequest request)
    {
        var moment = Now;
        if (request.Asker >= _peers.Length || request.Asker == _self || !IsFrom(request.Asker, request.SigningDigest(_ledger.GenesisDigest), request.Signature))
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(_patience);
        try
        {
            while (_election.Leads)
            {
                var heard = Volatile.Read(ref _heard).Task;
                if (PresentIndex(moment) is { } index)
                {
                    var reply = new IndexReply(index.Term, index.Number, request.Nonce, default);
                    return reply with { Signature = _signer.Sign(reply.SigningDigest(_ledger.GenesisDigest)) };
                }

                await AwaitNewsAsync(heard, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The replica asks again, or another one.
        }

        return null;
    }

    /// <summary>Waits until it is certain that this sequencer led at this moment; for the writer, before it answers out of the state without a block.</summary>
    /// <returns>Whether it did.</returns>
    public bool AwaitPresent(CancellationToken cancellation)
    {
        var moment = Now;
        if (_election.Led(moment))
        {
            return true;
        }

        Pulse();
        using var registration = cancellation.Register(static state => ((Cluster)state!).Heard(), this);
        lock (_confirmed)
        {
            // Bounded: a leader whom no majority answers steps down.
            while (_election.Leads && !_election.Led(moment) && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_confirmed);
            }
        }

        return _election.Led(moment);
    }

    // The last block that a majority holds, where this sequencer led at the moment and has settled what earlier leaders left.
    private (ulong Term, ulong Number)? PresentIndex(TimeSpan moment)
    {
        lock (_gate)
        {
            var number = _ledger.SettledNumber;
            return _election.Led(moment) && number >= _confirmed.First ? (_election.Term, number) : null;
        }
    }

    private async Task AwaitNewsAsync(Task heard, CancellationToken cancellation)
    {
        if (_election.Leads)
        {
            // The replicas are asked now, not at the next beat.
            Pulse();
        }

        await Task.WhenAny(heard, Task.Delay(_patience / 8, _time, cancellation)).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }

    // An answer came, or who leads has changed: whoever waits looks again.
    private void Heard()
    {
        lock (_confirmed)
        {
            Monitor.PulseAll(_confirmed);
        }

        Interlocked.Exchange(ref _heard, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    // One question at a time: whoever comes while it is under way shares the next one, since the answer to this one may be older than his own question.
    private Task<ulong?> AskAsync(int leader)
    {
        lock (_questions)
        {
            return _asked.IsCompleted && _nextAsked is null ? _asked = RequestAsync(leader) : _nextAsked ??= FollowAsync(_asked, leader);
        }
    }

    private async Task<ulong?> FollowAsync(Task before, int leader)
    {
        // Never on the asker's stack: it has yet to note this task.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_questions)
        {
            _asked = _nextAsked!;
            _nextAsked = null;
        }

        return await RequestAsync(leader).ConfigureAwait(false);
    }

    private async Task<ulong?> RequestAsync(int leader)
    {
        try
        {
            var request = new IndexRequest(_self, RandomNumberGenerator.GetBytes(IndexRequest.NonceLength), default);
            request = request with { Signature = _signer.Sign(request.SigningDigest(_ledger.GenesisDigest)) };
            var bytes = await PostAsync(leader, "index", request.Encode(), _patience, _stopping.Token).ConfigureAwait(false);
            var reply = bytes is null ? null : IndexReply.TryDecode(bytes);
            return reply is not null && IndexOf(reply.Term) == leader && reply.Nonce.Span.SequenceEqual(request.Nonce.Span) && IsFrom(leader, reply.SigningDigest(_ledger.GenesisDigest), reply.Signature)
                ? reply.Number : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
