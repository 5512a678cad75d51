using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>A job as a node follows it.</summary>
/// <param name="Job">The job.</param>
/// <param name="Phase">Its phase as last seen.</param>
/// <param name="Executes">Whether the node runs it.</param>
/// <param name="Engaged">Whether the node owes it anything: a run, a reveal, a vote, an opening.</param>
public sealed record FollowedJob(Digest Job, JobPhase Phase, bool Executes, bool Engaged);

/// <summary>Watches the ledger and takes part: draws tickets, executes, verifies. It can be stopped and started at any point.</summary>
/// <param name="node">What the node works with.</param>
public sealed class NodeService(NodeContext node)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Digest, (Channel<bool> Wake, JobWatch Watch)> _jobs = new();
    private readonly Sender _sender = new(node.Ledger, node.Signer, node.Journal);
    private readonly PromiseLog _promises = PromiseLog.Open(node.StateFolder);
    private int _watching;

    /// <summary>The jobs that the node follows now.</summary>
    public ImmutableArray<FollowedJob> Jobs => [.. _jobs.Select(job => new FollowedJob(job.Key, job.Value.Watch.Phase, job.Value.Watch.Executes, job.Value.Watch.Engaged))];

    /// <summary>When the ledger last answered; null before it did.</summary>
    public DateTimeOffset? LedgerSeen { get; private set; }

    /// <summary>Runs until cancelled. A ledger that does not answer is asked again.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                try
                {
                    await FollowAsync(cancel).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // The ledger's adapter fails in ways of its own; the node outlives them all.
                catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    node.Journal.Add(JournalLevel.Trouble, "node", Digest.Zero, $"the ledger does not answer, it is asked again: {e.Message}");
                }

                await Task.Delay(Again, node.Clock, cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            while (Volatile.Read(ref _watching) > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None).ConfigureAwait(false);
            }

            _promises.Dispose();
        }
    }

    /// <summary>Waits until the node owes nothing to any job.</summary>
    /// <param name="cancel">Stops waiting.</param>
    public async Task WaitIdleAsync(CancellationToken cancel)
    {
        while (_jobs.Values.Any(job => job.Watch.Engaged))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), node.Clock, cancel).ConfigureAwait(false);
        }
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        // What happens between the two questions is seen twice, never missed.
        var head = await node.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        LedgerSeen = node.Clock.GetUtcNow();
        foreach (var job in await node.Ledger.JobsAsync(new JobQuery(Open: true, Max: 10_000), cancel).ConfigureAwait(false))
        {
            Watch(job.Id, cancel);
        }

        await _promises.ForgetClosedAsync(node.Ledger, cancel).ConfigureAwait(false);
        await foreach (var entry in node.Ledger.EventsAsync(head.Events, cancel).ConfigureAwait(false))
        {
            LedgerSeen = node.Clock.GetUtcNow();
            // Another's ticket or opening changes nothing for this node, and there are more of these than of all else: each look costs a view of the job.
            if (entry.Event.Kind == EventKind.JobPosted)
            {
                Watch(entry.Event.Job, cancel);
            }
            else if (entry.Event.Kind is not (EventKind.Line or EventKind.TicketEntered or EventKind.Opened) && _jobs.TryGetValue(entry.Event.Job, out var job))
            {
                job.Wake.Writer.TryWrite(true);
            }
        }
    }

    private int Executing() => _jobs.Values.Count(job => job.Watch.Executes);

    private void Watch(Digest job, CancellationToken cancel)
    {
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var watch = new JobWatch(node, _sender, _promises, job, Executing);
        if (_jobs.TryAdd(job, (wake, watch)))
        {
            Interlocked.Increment(ref _watching);
            _ = Task.Run(() => WatchAsync(job, watch, wake.Reader, cancel), CancellationToken.None);
        }
    }

    private async Task WatchAsync(Digest job, JobWatch watch, ChannelReader<bool> wake, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                LookAgain again;
                try
                {
                    if (await watch.StepAsync(cancel).ConfigureAwait(false) is not { } next)
                    {
                        return;
                    }

                    LedgerSeen = node.Clock.GetUtcNow();
                    again = next;
                }
#pragma warning disable CA1031 // The ledger, a gateway, the disk, or a fault of ours: one job must not end the node.
                catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    node.Journal.Add(JournalLevel.Trouble, "node", job, $"will be tried again: {e.Message}");
                    again = new LookAgain(Again);
                }

                await WaitAsync(wake, again.After, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The node stops; the ledger knows where the job stands.
        }
        finally
        {
            await watch.DisposeAsync().ConfigureAwait(false);
            _jobs.TryRemove(job, out _);
            Interlocked.Decrement(ref _watching);
        }
    }

    private static async Task WaitAsync(ChannelReader<bool> wake, TimeSpan after, CancellationToken cancel)
    {
        if (wake.TryRead(out _) || after <= TimeSpan.Zero)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(after);
        try
        {
            await wake.ReadAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nothing happened; look anyway.
        }
    }
}
