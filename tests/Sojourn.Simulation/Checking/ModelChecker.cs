using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Simulation.Checking;

/// <summary>Explores every interleaving of what the parties of a small network may do, and checks each state that can be reached.</summary>
public sealed class ModelChecker
{
    private readonly Workbench _bench;
    private readonly List<Digest> _jobs;
    private readonly HashSet<Digest> _seen = [];
    private readonly bool _lies;
    private readonly bool _checker;
    private readonly Party? _keeper;
    private readonly Digest _offer;

    /// <param name="nodes">How many nodes.</param>
    /// <param name="jobs">How many jobs, posted at once.</param>
    /// <param name="executors">How many executors each.</param>
    /// <param name="lies">Whether executors may give wrong results.</param>
    /// <param name="checker">Whether a checker module judges: verifiers may accept, reject or keep silent, and one more committee may be drawn.</param>
    /// <param name="keys">Whether the jobs' code is sealed: its keeper may release to whoever was drawn, under true and false admissions, or deny.</param>
    public ModelChecker(int nodes, int jobs, int executors, bool lies, bool keys = false, bool checker = false)
    {
        _lies = lies;
        _checker = checker;
        _bench = new Workbench(nodes: nodes, rules: Workbench.Rules with { AuditFloor = 0 });
        var windows = new JobWindows(1, 1, 1, 1, 1, 1, 1);
        if (keys)
        {
            _keeper = _bench.Party("keeper");
            _offer = _bench.Must(_bench.Owner, new OfferPublish(new OfferTerms
            {
                Kind = OfferKind.App, Content = Workbench.Content("code"), Policy = Workbench.Content("policy"), Keeper = _keeper.Address, Price = 25, LevelMin = Attestation.TrustLevel.Simulated,
            }));
        }

        var terms = Workbench.Terms(executors, verifiers: 1) with { Windows = windows, RedrawsMax = 0, Offers = keys ? [_offer] : [] };
        if (checker)
        {
            terms = terms with { Modes = VerificationModes.Checker, Checker = Workbench.Content("checker"), RedrawsMax = 1 };
        }

        _jobs = [.. Enumerable.Range(0, jobs).Select(_ => _bench.Post(terms))];
    }

    public long States => _seen.Count;

    public long Transitions { get; private set; }

    public long Ends { get; private set; }

    /// <summary>Up to how many steps everything was explored.</summary>
    public int Depth { get; private set; }

    /// <summary>Whether nothing was left to explore.</summary>
    public bool Exhausted { get; private set; }

    /// <summary>Explores level by level, so that what is said of a depth holds for all of it.</summary>
    /// <param name="depth">No deeper than this.</param>
    /// <param name="over">Whether to stop; the level that was begun does not count then.</param>
    public void Explore(int depth, Func<bool> over)
    {
        List<LedgerState> level = [_bench.State];
        _seen.Add(_bench.State.Root(history: false));
        while (level.Count > 0 && Depth < depth)
        {
            var next = new List<LedgerState>();
            for (var i = 0; i < level.Count; i++)
            {
                if (over())
                {
                    level.ForEach(NotStuck);
                    return;
                }

                var at = level[i];
                level[i] = null!;
                if (at.OpenJobs.Count == 0)
                {
                    Ends++;
                    continue;
                }

                foreach (var successor in Successors(at))
                {
                    Transitions++;
                    if (_seen.Add(successor.Root(history: false)))
                    {
                        next.Add(successor);
                    }
                }
            }

            level = next;
            Depth++;
        }

        Exhausted = level.Count == 0;
        level.ForEach(NotStuck);
    }

    private IEnumerable<LedgerState> Successors(LedgerState state)
    {
        // Time goes on; whoever likes drives what is due.
        var later = state.Copy();
        later.BeginHeight(later.Height + 1, new ProtocolHash("test beacon").Add(later.Beacon).Add(later.Height + 1).Finish());
        foreach (var due in later.DueJobs(16))
        {
            Apply(later, SignedTransaction.Unsigned(new Drive(due)));
        }

        Check(state, later);
        yield return later;

        // A refused move leaves nothing behind, so the next one is tried on the same copy; that it is the same is checked at the end.
        var next = state.Copy();
        foreach (var signed in Moves(state))
        {
            if (Apply(next, signed))
            {
                Check(state, next);
                yield return next;
                next = state.Copy();
            }
        }

        Require(next.Root() == state.Root(), "A refused transaction changed the state.");
    }

    private List<SignedTransaction> Moves(LedgerState state)
    {
        _bench.State = state;
        var moves = new List<SignedTransaction>();
        foreach (var id in _jobs.Where(state.OpenJobs.ContainsKey))
        {
            var job = state.OpenJobs[id];
            foreach (var node in _bench.Nodes)
            {
                moves.AddRange(Moves(node, id, job).Select(body => _bench.Sign(node, body)));
            }

            foreach (var seat in _keeper is null ? [] : job.Round.Executors)
            {
                var index = job.Round.Index;
                moves.Add(_bench.Sign(_keeper!, new ReleaseRecord(id, index, seat.Node, _offer, seat.Admission.IsZero ? Workbench.Hash("no admission") : seat.Admission, Workbench.Hash("wrapped"))));
                moves.Add(_bench.Sign(_keeper!, new ReleaseRecord(id, index, seat.Node, _offer, Digest.Zero, Workbench.Hash("wrapped"))));
                moves.Add(_bench.Sign(_keeper!, new ReleaseDeny(id, index, seat.Node, _offer, DenyReason.Policy)));
            }

            moves.Add(_bench.Sign(_bench.Requester, new JobCancel(id)));
        }

        return moves;
    }

    private IEnumerable<Transaction> Moves(Party node, Digest id, JobState job)
    {
        var round = job.Round;
        if (job.Phase == JobPhase.Drawing)
        {
            foreach (var role in new[] { DrawRole.Executor, DrawRole.Verifier })
            {
                if (_bench.TicketOf(node, id, role) is { } ticket)
                {
                    yield return ticket;
                }
            }
        }

        if (round.Executor(node.Address) is { } seat)
        {
            yield return _bench.EvidenceOf(node, id);
            yield return new ResultFail(id, round.Index, FailReason.CodeInvalid);
            foreach (var output in _lies ? new[] { "42", "wrong" } : ["42"])
            {
                if (seat.Status == SeatStatus.Admitted && round.Commits)
                {
                    yield return _bench.CommitOf(node, id, output);
                }

                yield return _bench.RevealOf(node, id, output);
            }
        }

        foreach (var any in job.Rounds.Where(any => any.VerifierIndex(node.Address) >= 0))
        {
            if (any.Executors.Exists(executor => executor.Evidence is not null))
            {
                yield return _bench.VotesOf(node, id, index: any.Index);
                yield return _bench.VotesOf(node, id, _ => VoteVerdict.NotGenuine, index: any.Index);
            }

            if (_checker && job.Phase == JobPhase.Judging)
            {
                yield return new Judge(id, any.Index, true, Workbench.Hash("report"));
                yield return new Judge(id, any.Index, false, Workbench.Hash("report"));
            }

            if (_bench.OpeningsOf(node, id, any.Index) is { Openings.Length: > 0 } openings)
            {
                yield return openings;
            }
        }
    }

    private bool Apply(LedgerState state, SignedTransaction signed)
    {
        _bench.Context.Events.Clear();
        _bench.Context.Closed.Clear();
        var applied = state.Apply(signed, _bench.Context).Applied;
        foreach (var item in _bench.Context.Events)
        {
            if (item.Kind == EventKind.Line && item.Line == LineReason.ExecutorPaid)
            {
                var seat = _bench.Context.Closed.Single(job => job.Id == item.Job).Rounds[item.Round].Executor(item.Account)!;
                Require(!seat.Admission.IsZero && seat.Accepting >= 1, "Pay without a quorum.");
            }
        }

        foreach (var job in _checker ? _bench.Context.Closed : [])
        {
            // One seat is a quorum here: whatever ended the job, it is what the last committee said, or that none said anything.
            var said = LedgerState.JudgingRound(job)?.Verifiers.Find(seat => seat.Judged is not null)?.Judged;
            Require(job.Outcome != JobOutcome.Succeeded || said == true, "A result counts that no committee accepted.");
            Require(job.Outcome != JobOutcome.CheckerRejected || said == false, "A result was refused that no committee rejected.");
            Require(job.Outcome != JobOutcome.Unjudged || (said is null && job.Redraws == job.Terms.RedrawsMax), "A job ended unjudged although a committee judged, or another one could have been drawn.");
            foreach (var seat in job.Agreed is null ? [] : job.Rounds.Where(round => round.Verifiers.Count > 0).SelectMany(round => round.Verifiers).Where(seat => seat.Judged is null))
            {
                Require(job.Outcome is JobOutcome.Disagreed || _bench.Context.Events.Exists(item => item.Job == job.Id && item.Account == seat.Node && item.Line == LineReason.SlashedNoVote), "A silent committee lost nothing.");
            }
        }

        foreach (var group in _bench.Context.Events.Where(item => item.Line is LineReason.ExecutorPaid or LineReason.VerifierPaid or LineReason.Refunded).GroupBy(item => (item.Job, item.Round, item.Account, item.Line)))
        {
            Require(group.Count() == 1, "Paid twice.");
        }

        return applied;
    }

    private void Check(LedgerState before, LedgerState after)
    {
        Require(after.IsConserved, "The books do not balance.");
        foreach (var job in after.OpenJobs.Values)
        {
            Require(job.Deadline <= job.PostedAt + Protocol.Settlement.EscrowQuote.HeightsMax(job.Terms, after.Rules), "Money can be locked longer than the bound.");
            Require(after.Height <= job.Deadline || after.DueJobs(64).Contains(job.Id), "A job is late and nobody can drive it.");
            foreach (var round in job.Rounds)
            {
                foreach (var seat in round.Executors)
                {
                    Require(seat.Releases.Count == 0 || !seat.Admission.IsZero, "A key was released without an admission.");
                    Require(_keeper is null || seat.Result is null || seat.Releases.Exists(release => release.Denied is null), "A result without the key that the job needs.");
                    Require(seat.Status != SeatStatus.Revealed || !round.Commits || !round.Executors.Exists(other => other.Status == SeatStatus.Admitted), "A reveal before commitments closed.");
                }
            }
        }

        Require(after.ClosedJobs.Count >= before.ClosedJobs.Count, "A closed job was opened again.");
    }

    // From wherever exploration stops, time alone ends every job.
    private void NotStuck(LedgerState? from)
    {
        if (from is null)
        {
            return;
        }

        var state = from.Copy();
        for (var i = 0; state.OpenJobs.Count > 0; i++)
        {
            Require(i < 100, "A job is stuck.");
            state.BeginHeight(state.Height + 1, new ProtocolHash("test beacon").Add(state.Beacon).Add(state.Height + 1).Finish());
            foreach (var due in state.DueJobs(16))
            {
                Apply(state, SignedTransaction.Unsigned(new Drive(due)));
            }
        }

        Require(state.IsConserved && state.Escrowed.IsZero && state.Nodes.Values.All(node => node.Engaged.IsZero), "Money or stake stays locked.");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ModelException(what);
        }
    }
}

/// <summary>A state that must not be reached was reached.</summary>
public sealed class ModelException(string message) : Exception(message);
