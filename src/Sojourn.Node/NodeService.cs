using System.Collections.Concurrent;
using System.Threading.Channels;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>Watches the ledger and takes part: draws tickets, executes, verifies. It can be stopped and started at any point.</summary>
/// <param name="node">What the node works with.</param>
public sealed class NodeService(NodeContext node)
{
    private readonly ConcurrentDictionary<Digest, Channel<bool>> _jobs = new();
    private readonly ConcurrentDictionary<Digest, bool> _executing = new();
    private readonly Sender _sender = new(node.Ledger, node.Signer, node.Journal);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        var watches = new ConcurrentBag<Task>();
        var head = await node.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        foreach (var job in await node.Ledger.JobsAsync(new JobQuery(Open: true, Max: 10_000), cancel).ConfigureAwait(false))
        {
            Watch(job.Id, watches, cancel);
        }

        try
        {
            await foreach (var entry in node.Ledger.EventsAsync(head.Events, cancel).ConfigureAwait(false))
            {
                if (entry.Event.Kind == EventKind.JobPosted)
                {
                    Watch(entry.Event.Job, watches, cancel);
                }
                else if (entry.Event.Kind != EventKind.Line && _jobs.TryGetValue(entry.Event.Job, out var wake))
                {
                    wake.Writer.TryWrite(true);
                }
            }
        }
        finally
        {
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Watch(Digest job, ConcurrentBag<Task> watches, CancellationToken cancel)
    {
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        if (_jobs.TryAdd(job, wake))
        {
            watches.Add(Task.Run(() => WatchAsync(job, wake.Reader, cancel), cancel));
        }
    }

    private async Task WatchAsync(Digest job, ChannelReader<bool> wake, CancellationToken cancel)
    {
        var watch = new JobWatch(node, _sender, job, () => _executing.Count);
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

                    again = next;
                }
#pragma warning disable CA1031 // The ledger, a gateway, the disk, or a fault of ours: one job must not end the node.
                catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    node.Journal.Add(JournalLevel.Trouble, "node", job, $"will be tried again: {e.Message}");
                    again = new LookAgain(TimeSpan.FromSeconds(1));
                }

                if (watch.Executes)
                {
                    _executing[job] = true;
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
            _executing.TryRemove(job, out _);
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
