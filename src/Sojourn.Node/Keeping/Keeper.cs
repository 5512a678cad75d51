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

    // How many releases are gathered for at once: for offers that are the keeper's own, and for others', which anybody can publish with this keeper's name in them.
    private const int LooksMax = 16;

    // A look that takes longer is given up and begun again later, with twice the time.
    private static readonly TimeSpan LookMax = TimeSpan.FromSeconds(5);

    private readonly Sender _sender = new(keeper.Ledger, keeper.Signer, keeper.Journal);
    private readonly ReleaseJudge _judge = new(keeper);
    private readonly ConcurrentDictionary<Digest, bool> _open = new();
    private readonly ConcurrentDictionary<(Digest Job, byte Round, Address Executor, Digest Offer), bool> _answered = new();
    private readonly ConcurrentDictionary<Digest, bool> _looks = new();
    private readonly ConcurrentDictionary<Digest, (long At, TimeSpan Pause, int Times)> _slow = new();
    private readonly SemaphoreSlim _own = new(LooksMax);
    private readonly SemaphoreSlim _others = new(LooksMax);

    // Held from counting a use to keeping what it released, never while somebody else's gateway is waited for.
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
        while (!_looks.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None).ConfigureAwait(false);
        }
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

    // What the ledger says is read here, one job after the other. What needs others' gateways runs beside, one task a job: a stranger's dribbling gateway holds up the stranger's job alone.
    private async Task LookAsync(Digest job, CancellationToken cancel)
    {
        try
        {
            if (await keeper.Ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { } view || view.Phase == JobPhase.Closed)
            {
                // What still answers for it forgets it the next time.
                if (!_looks.ContainsKey(job))
                {
                    _open.TryRemove(job, out _);
                    _slow.TryRemove(job, out _);
                    foreach (var slot in _answered.Keys.Where(slot => slot.Job == job))
                    {
                        _answered.TryRemove(slot, out _);
                    }

                    Forget(job);
                }
                else
                {
                    _open[job] = true;
                }
            }
            else if (view.Phase is JobPhase.Attesting or JobPhase.Running && view.Round.Executors.Any(executor => executor.Status == SeatStatus.Admitted)
                && (!_slow.TryGetValue(job, out var slow) || keeper.Clock.GetElapsedTime(slow.At) >= slow.Pause) && _looks.TryAdd(job, true))
            {
                _ = Task.Run(() => AnswerBesideAsync(view, cancel), CancellationToken.None);
            }
        }
#pragma warning disable CA1031 // The ledger or the disk: one job must not end the keeper; it is looked at again.
        catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Tell(job, $"will be tried again: {e.Message}");
        }
    }

    private async Task AnswerBesideAsync(JobView job, CancellationToken cancel)
    {
        try
        {
            await AnswerAsync(job, cancel).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A gateway, the drop box, the ledger or the disk: one job must not end the keeper; it is looked at again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!cancel.IsCancellationRequested)
            {
                Tell(job.Id, $"will be tried again: {e.Message}");
            }
        }
        finally
        {
            _looks.TryRemove(job.Id, out _);
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
                if (!executor.Releases.Any(release => release.Offer == id) && !_answered.ContainsKey(slot) && await ReleaseAsync(job, executor, offer, cancel).ConfigureAwait(false))
                {
                    _answered[slot] = true;
                }
            }
        }
    }

    // Returns whether the ledger has the answer.
    private async Task<bool> ReleaseAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var (facts, refused) = await GatherAsync(job, executor, offer, cancel).ConfigureAwait(false);
        var (reason, words, wrapped, use) = facts is null ? refused! : await DecideAsync(facts, job, executor, offer, cancel).ConfigureAwait(false);
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

        Audit(job, executor, offer, "released", $"wrapped key {Digest.Of(wrapped)}");
        await keeper.DropBox.PutAsync(job.Id, DropNames.WrappedKey(job.Round.Index, executor.Node, Digest.Of(wrapped)), wrapped, cancel).ConfigureAwait(false);
        var sent = await _sender.SendAsync(
            "release", job.Id, new ReleaseRecord(job.Id, job.Round.Index, executor.Node, offer.Id, executor.Admission, Digest.Of(wrapped)), cancel).ConfigureAwait(false);
        keeper.Journal.Add(JournalLevel.Progress, "release", job.Id, $"released the key of {offer.Terms.Content} to the enclave of {executor.Node}");
        return sent.Refusal is Refusal.None or Refusal.AlreadyReleased or Refusal.NotAdmitted;
    }

    private async Task<(ReleaseFacts? Facts, ReleaseDecision? Refused)> GatherAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var places = offer.Owner == keeper.Signer.Address ? _own : _others;
        await places.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var times = _slow.TryGetValue(job.Id, out var slow) ? slow.Times : 0;
            using var limit = new CancellationTokenSource(LookMax * (1 << Math.Min(times, 3)), keeper.Clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            try
            {
                return await _judge.GatherAsync(job, executor, offer, both.Token).WaitAsync(both.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                _slow[job.Id] = (keeper.Clock.GetTimestamp(), TimeSpan.FromSeconds(1 << Math.Min(times, 3)), times + 1);
                return (null, new ReleaseDecision(DenyReason.Unavailable, "a gateway or the drop box is too slow"));
            }
        }
        finally
        {
            places.Release();
        }
    }

    // Looks once more at what may have changed while others were waited for, decides, and keeps: no two releases count at once, and what was revoked meanwhile stays here.
    private async Task<ReleaseDecision> DecideAsync(ReleaseFacts facts, JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (await keeper.Ledger.OfferAsync(offer.Id, cancel).ConfigureAwait(false) is not { } now || await keeper.Ledger.JobAsync(job.Id, cancel).ConfigureAwait(false) is not { Phase: JobPhase.Attesting or JobPhase.Running } open
                || open.Round.Index != job.Round.Index)
            {
                return new(DenyReason.Unavailable, "the job does not wait for the key any more");
            }

            var decision = await _judge.DecideAsync(facts, open, executor, now, cancel).ConfigureAwait(false);
            if (decision is not { Released: { } wrapped, Use: { } use })
            {
                return decision;
            }

            if (keeper.Revoked?.Contains(offer.Id) == true)
            {
                return new(DenyReason.Withdrawn, "the owner has revoked the offer");
            }

            // On disk before it leaves, with the use counted: a crash in between costs a use, never gives one away, and never releases in two ways.
            keeper.Uses.Record(use);
            return decision with { Released = Keep(job, executor, offer, wrapped) };
        }
        finally
        {
            _one.Release();
        }
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
