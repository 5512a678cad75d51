using Sojourn.Node.Executing;
using Sojourn.Node.Journal;
using Sojourn.Node.Verifying;
using Sojourn.Primitives;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Watching;

/// <summary>One open job as one node sees it. Each step looks at the ledger and does what is due; steps can be repeated at any time.</summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="promises">What survives a crash.</param>
/// <param name="job">The job.</param>
/// <param name="running">How many jobs run at this node.</param>
internal sealed class JobWatch(NodeContext node, Sender sender, PromiseLog promises, Digest job, Func<int> running) : IAsyncDisposable
{
    private readonly Drawing _drawing = new(node, sender);
    private readonly Dictionary<byte, Execution> _executions = [];
    private readonly Dictionary<byte, Verification> _verifications = [];
    private Judging? _judging;
    private int _late;

    /// <summary>Whether this node executes the job, and is not done with it.</summary>
    public bool Executes { get; private set; }

    /// <summary>Whether this node was drawn and still owes something: an execution, a reveal, a vote, an opening.</summary>
    public bool Engaged { get; private set; }

    /// <summary>The job's phase as last seen.</summary>
    public JobPhase Phase { get; private set; }

    /// <summary>Looks once.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>When to look again; null where the job is closed.</returns>
    public async Task<LookAgain?> StepAsync(CancellationToken cancel)
    {
        try
        {
            return await LookAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            // Plain values: other jobs' watches read them while this one works.
            Executes = _executions.Values.Any(execution => !execution.Ended);
            Engaged = Executes || _verifications.Values.Any(verification => !verification.Ended) || _judging is { Ended: false };
        }
    }

    private async Task<LookAgain?> LookAsync(CancellationToken cancel)
    {
        if (await node.Ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { } view || view.Phase == JobPhase.Closed)
        {
            _judging = null;
            promises.Forget(job);
            return null;
        }

        Phase = view.Phase;

        var head = await node.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        var height = TimeSpan.FromMilliseconds(node.Ledger.Genesis.HeightMilliseconds);
        if (head.Height > view.Deadline)
        {
            await sender.DriveAsync(job, cancel).ConfigureAwait(false);
            return new LookAgain(height);
        }

        if (view.Phase == JobPhase.Drawing)
        {
            var entered = await _drawing.EnterAsync(view, running(), cancel).ConfigureAwait(false);
            // A beacon comes with a height, which is no event; once everything is entered, the draw is one.
            return new LookAgain(entered ? Overdue(view, head, height) : UntilBeacon(view.Round, head, height));
        }

        var me = node.Signer.Address;
        foreach (var round in view.Rounds)
        {
            if (round.Executors.FirstOrDefault(executor => executor.Node == me) is { } seat)
            {
                await Execution(round.Index).StepAsync(view, seat, cancel).ConfigureAwait(false);
            }

            if (round.Verifiers.Any(verifier => verifier.Node == me))
            {
                await Verification(round.Index).StepAsync(view, head.Height, cancel).ConfigureAwait(false);
            }
        }

        if (Judging.RoundOf(view) is { } judged && judged.Verifiers.Any(verifier => verifier.Node == me && verifier.Judged is null))
        {
            _judging ??= new Judging(node, sender, judged.Index, job);
            await _judging.StepAsync(view, cancel).ConfigureAwait(false);
        }

        if (_executions.Values.Select(execution => execution.Running).FirstOrDefault(task => task is not null) is { } outcome)
        {
            // The enclave works: its end is what to wait for.
            await Task.WhenAny(outcome, Task.Delay(TimeSpan.FromMilliseconds(500), cancel)).ConfigureAwait(false);
            return new LookAgain(TimeSpan.Zero);
        }

        return new LookAgain(Overdue(view, head, height));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var execution in _executions.Values)
        {
            await execution.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Until the phase's deadline, but not longer than a while: something may be missing that no event announces.
    private static TimeSpan Overdue(JobView view, LedgerHead head, TimeSpan height)
    {
        var left = height * (view.Deadline - head.Height + 1);
        return left < TimeSpan.FromMilliseconds(500) ? left : TimeSpan.FromMilliseconds(500);
    }

    // Heights follow the clock: until that of the beacon, and from then on soon, at most a height later each time.
    private TimeSpan UntilBeacon(RoundView round, LedgerHead head, TimeSpan height)
    {
        var genesis = node.Ledger.Genesis;
        var left = genesis.StartsAt + ((long)round.BeaconHeight * genesis.HeightMilliseconds) - node.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var most = round.BeaconHeight > head.Height ? height * (round.BeaconHeight - head.Height) : height;
        if (left <= 0)
        {
            left = 1L << Math.Min(_late++, 20);
        }

        return left < most.TotalMilliseconds ? TimeSpan.FromMilliseconds(left) : most;
    }

    private Execution Execution(byte round)
    {
        if (!_executions.TryGetValue(round, out var execution))
        {
            execution = _executions[round] = new Execution(node, sender, promises, round, job);
            Executes = Engaged = true;
            node.Journal.Add(JournalLevel.Progress, "select", job, $"drawn to execute in round {round}");
        }

        return execution;
    }

    private Verification Verification(byte round)
    {
        if (!_verifications.TryGetValue(round, out var verification))
        {
            verification = _verifications[round] = new Verification(node, sender, round, job, new KeptVotes(promises, job, round));
            node.Journal.Add(JournalLevel.Progress, "select", job, $"drawn to verify in round {round}");
        }

        return verification;
    }
}
