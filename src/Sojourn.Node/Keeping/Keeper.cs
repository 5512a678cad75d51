using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Keeping;

/// <summary>An owner's key broker: releases a content's key to an admitted enclave when the policy holds, and to nothing else.</summary>
/// <param name="keeper">What it works with.</param>
public sealed class Keeper(KeeperContext keeper)
{
    // What cannot be answered yet is looked at again this often.
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(500);

    // A keeper that still cannot answer says so this many heights before the deadline, so that the ledger carries the reason.
    private const ulong LastHeights = 8;

    private readonly Sender _sender = new(keeper.Ledger, keeper.Signer, keeper.Journal);
    private readonly ReleaseJudge _judge = new(keeper);
    private readonly ConcurrentDictionary<Digest, bool> _open = new();
    private readonly HashSet<(Digest Job, byte Round, Address Executor, Digest Offer)> _answered = [];
    private readonly SemaphoreSlim _one = new(1);
    private string _told = "";

    /// <summary>Runs until cancelled. A ledger that does not answer is asked again; what was not answered is looked at again.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        var sweeping = SweepAsync(cancel);
        try
        {
            while (true)
            {
                try
                {
                    await FollowAsync(cancel).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // The ledger's adapter fails in ways of its own; the keeper outlives them all.
                catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    keeper.Journal.Add(JournalLevel.Trouble, "keeper", Digest.Zero, $"the ledger does not answer, it is asked again: {e.Message}");
                }

                await Task.Delay(Sweep, keeper.Clock, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Asked to stop.
        }

        await sweeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        var head = await keeper.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        foreach (var job in await keeper.Ledger.JobsAsync(new JobQuery(Open: true, Max: 10_000), cancel).ConfigureAwait(false))
        {
            _open[job.Id] = true;
        }

        await foreach (var entry in keeper.Ledger.EventsAsync(head.Events, cancel).ConfigureAwait(false))
        {
            if (entry.Event.Kind == EventKind.Admitted)
            {
                _open[entry.Event.Job] = true;
                await LookAsync(entry.Event.Job, cancel).ConfigureAwait(false);
            }
            else if (entry.Event.Kind == EventKind.Closed)
            {
                await LookAsync(entry.Event.Job, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        while (true)
        {
            await Task.Delay(Sweep, keeper.Clock, cancel).ConfigureAwait(false);
            foreach (var job in _open.Keys)
            {
                await LookAsync(job, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task LookAsync(Digest job, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (await keeper.Ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { } view || view.Phase == JobPhase.Closed)
            {
                _open.TryRemove(job, out _);
                _answered.RemoveWhere(slot => slot.Job == job);
                Forget(job);
            }
            else if (view.Phase is JobPhase.Attesting or JobPhase.Running)
            {
                await AnswerAsync(view, cancel).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // A gateway, the drop box, the ledger or the disk: one job must not end the keeper; it is looked at again.
        catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Tell(job, $"will be tried again: {e.Message}");
        }
        finally
        {
            _one.Release();
        }
    }

    // The same trouble twice a second is one trouble.
    private void Tell(in Digest job, string words)
    {
        if (_told != words)
        {
            _told = words;
            keeper.Journal.Add(JournalLevel.Trouble, "release", job, words);
        }
    }

    private async Task AnswerAsync(JobView job, CancellationToken cancel)
    {
        foreach (var id in job.Terms.Offers)
        {
            if (await keeper.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is not { } offer || offer.Terms.Keeper != keeper.Signer.Address || !offer.Terms.Sealed)
            {
                continue;
            }

            foreach (var executor in job.Round.Executors.Where(executor => executor.Status == SeatStatus.Admitted))
            {
                var slot = (job.Id, job.Round.Index, executor.Node, id);
                if (!executor.Releases.Any(release => release.Offer == id) && !_answered.Contains(slot) && await ReleaseAsync(job, executor, offer, cancel).ConfigureAwait(false))
                {
                    _answered.Add(slot);
                }
            }
        }
    }

    // Returns whether the ledger has the answer.
    private async Task<bool> ReleaseAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var (reason, words, wrapped, use) = await _judge.DecideAsync(job, executor, offer, cancel).ConfigureAwait(false);
        if (wrapped is null || use is null)
        {
            if (reason == DenyReason.Unavailable && await MayWaitAsync(job, cancel).ConfigureAwait(false))
            {
                Tell(job.Id, $"waits: {words}");
                return false;
            }

            Audit(job, executor, offer, "denied", $"{reason}: {words}");
            keeper.Journal.Add(JournalLevel.Reason, "release", job.Id, $"no key to {executor.Node} ({reason}): {words}");
            var denied = await _sender.SendAsync("release", job.Id, new ReleaseDeny(job.Id, job.Round.Index, executor.Node, offer.Id, reason), cancel).ConfigureAwait(false);
            return denied.Refusal is Refusal.None or Refusal.AlreadyReleased or Refusal.NotAdmitted;
        }

        // On disk before it leaves, with the use counted: a crash in between costs a use, never gives one away, and never releases in two ways.
        keeper.Uses.Record(use);
        wrapped = Keep(job, executor, offer, wrapped);
        Audit(job, executor, offer, "released", $"wrapped key {Digest.Of(wrapped)}");
        await keeper.DropBox.PutAsync(job.Id, DropNames.WrappedKey(job.Round.Index, executor.Node, Digest.Of(wrapped)), wrapped, cancel).ConfigureAwait(false);
        var sent = await _sender.SendAsync(
            "release", job.Id, new ReleaseRecord(job.Id, job.Round.Index, executor.Node, offer.Id, executor.Admission, Digest.Of(wrapped)), cancel).ConfigureAwait(false);
        keeper.Journal.Add(JournalLevel.Progress, "release", job.Id, $"released the key of {offer.Terms.Content} to the enclave of {executor.Node}");
        return sent.Refusal is Refusal.None or Refusal.AlreadyReleased or Refusal.NotAdmitted;
    }

    private async Task<bool> MayWaitAsync(JobView job, CancellationToken cancel)
    {
        var head = await keeper.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        return head.Height + LastHeights < (job.Phase == JobPhase.Attesting ? job.Round.RunClose : job.Deadline);
    }

    private void Audit(JobView job, ExecutorView executor, OfferView offer, string decision, string words) =>
        keeper.Audit?.Add(new AuditEntry(keeper.Clock.GetUtcNow(), decision, offer.Id, offer.Terms.Content, job.Id, job.Requester, executor.Node, job.Terms.Code, words));

    private byte[] Keep(JobView job, ExecutorView executor, OfferView offer, byte[] wrapped)
    {
        if (keeper.StateFolder is null)
        {
            return wrapped;
        }

        var path = Path.Combine(keeper.StateFolder, "released", job.Id.ToString(), $"{job.Round.Index}-{executor.Admission}-{offer.Id.ToString()[..16]}");
        if (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }

        DurableFile.Write(path, wrapped);
        return wrapped;
    }

    private void Forget(in Digest job)
    {
        if (keeper.StateFolder is not null && Path.Combine(keeper.StateFolder, "released", job.ToString()) is { } folder && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
