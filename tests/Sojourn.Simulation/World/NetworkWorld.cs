using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Simulation.World;

/// <summary>What one run was drawn to be.</summary>
public sealed record WorldOptions(ulong Seed)
{
    public int Nodes { get; init; } = 24;

    public int Jobs { get; init; } = 3;

    public int BadPercent { get; init; } = 20;

    public int LossPercent { get; init; } = 10;

    public int DelayMax { get; init; } = 2;

    public bool Faults { get; init; } = true;

    public Behaviour? Only { get; init; }

    public Func<JobTerms, JobTerms>? Terms { get; init; }

    public LedgerRules? Rules { get; init; }

    /// <summary>By how many heights a node's clock may be wrong, either way.</summary>
    public int SkewMax { get; init; }

    /// <summary>Of messages from nodes that it dislikes, the share that the sequencer drops until the network has healed.</summary>
    public int CensorPercent { get; init; }

    /// <summary>Whether jobs use sealed contents with keepers, checkers, reviewers and known answers.</summary>
    public bool Rich { get; init; } = true;

    /// <summary>Real keys, signatures and VRF proofs instead of ideal ones.</summary>
    public bool Real { get; init; }

    /// <summary>The share of jobs with the known answer's mode whose requester does know the answer.</summary>
    public int PlantedPercent { get; init; } = 50;

    /// <summary>Whether the coalition behaves well: the baseline that an attack's cost is counted against.</summary>
    public bool Baseline { get; init; }
}

/// <summary>What came of a run.</summary>
public sealed class WorldReport
{
    public int Succeeded { get; set; }

    public int Wrong { get; set; }

    public int Captured { get; set; }

    public int Closed { get; set; }

    /// <summary>Right results that the checker's committees refused, or on which none decided.</summary>
    public int Denied { get; set; }

    public long Transactions { get; set; }

    public long Refused { get; set; }

    public UInt128 CoalitionGain { get; set; }

    public UInt128 CoalitionLoss { get; set; }

    public Digest EventDigest { get; set; }
}

/// <summary>Nodes, requesters, keepers and a ledger on a virtual clock. One seed draws everything: the same seed is the same run.</summary>
public sealed class NetworkWorld
{
    private readonly WorldOptions _options;
    private readonly Random _random;
    private readonly Workbench _bench;
    private readonly Dictionary<Address, Behaviour> _behaviours = [];
    private readonly Dictionary<Address, ulong> _downUntil = [];
    private readonly Dictionary<(Address, Digest, byte), bool> _forgot = [];
    private readonly List<(ulong At, SignedTransaction Transaction)> _wire = [];
    private readonly Dictionary<(Address, TransactionKind, Digest, byte, string), ulong> _sent = [];
    private readonly List<SignedTransaction> _applied = [];
    private readonly List<(ulong Height, Digest Beacon, int Applied)> _heights = [];
    private readonly List<Digest> _jobs = [];
    private readonly HashSet<Digest> _liveEvidence = [];
    private readonly LedgerState _genesis;
    private readonly HashSet<Address> _coalition = [];
    private readonly Dictionary<Address, int> _skew = [];
    private readonly HashSet<Address> _disliked = [];
    private readonly Dictionary<Digest, (Party Keeper, KeeperHabit Habit)> _keepers = [];
    private readonly HashSet<Digest> _planted = [];
    private bool _healed;

    public NetworkWorld(WorldOptions options)
    {
        _options = options;
        // Seeded, and the algorithm is fixed for a given seed: reproducible on every machine.
        _random = new Random((int)(options.Seed * 2654435761 % int.MaxValue));
        _bench = new Workbench(options.Seed, options.Rules ?? Workbench.Rules with { AuditFloor = 50_000, CreditEpoch = 16, PayoutMin = 1 }, nodes: 0, cryptography: options.Real ? new RealCryptography(options.Seed) : null);
        var bad = options.Nodes * options.BadPercent / 100;
        var state = _bench.State;
        for (var i = 0; i < options.Nodes; i++)
        {
            var node = _bench.Party($"n{i}");
            _bench.Nodes.Add(node);
            _bench.Must(_bench.Requester, new Transfer(node.Address, 30_000));
            var behaviour = i >= bad ? Behaviour.Honest : options.Only ?? (Behaviour)(1 + _random.Next(13));
            _behaviours[node.Address] = options.Baseline ? Behaviour.Honest : behaviour;
            if (i < bad)
            {
                _coalition.Add(node.Address);
            }

            if (options.SkewMax > 0)
            {
                _skew[node.Address] = _random.Next((2 * options.SkewMax) + 1) - options.SkewMax;
            }

            if (options.CensorPercent > 0 && _random.Next(4) == 0)
            {
                _disliked.Add(node.Address);
            }

            _bench.Must(node, new NodeRegister(Workbench.Profile(node, i % 3 == 0 || behaviour == Behaviour.LocalityLiar ? [Workbench.Content("input")] : []), 20_000));
        }

        if (options.Rich)
        {
            foreach (var (kind, content) in new[] { (OfferKind.Data, "input"), (OfferKind.App, "code") })
            {
                var keeper = _bench.Party("keeper of " + content);
                var offer = new OfferTerms { Kind = kind, Content = Workbench.Content(content), Policy = Workbench.Content("policy"), Keeper = keeper.Address, Price = 25, LevelMin = Attestation.TrustLevel.Simulated };
                var habit = options.Faults && _random.Next(3) == 0 ? (KeeperHabit)(1 + _random.Next(3)) : KeeperHabit.Honest;
                _keepers[_bench.Must(_bench.Owner, new OfferPublish(offer))] = (keeper, habit);
            }
        }

        _genesis = state.Copy();
        _bench.Context.Events.Clear();
    }

    public Workbench Bench => _bench;

    public WorldReport Run()
    {
        var terms = Enumerable.Range(0, _options.Jobs).Select(_ => Draw()).ToList();
        ulong lifetime = 0;
        foreach (var job in terms)
        {
            lifetime = Math.Max(lifetime, EscrowQuote.HeightsMax(job, _bench.State.Rules));
        }

        var posted = 0;
        var healAt = 60UL + (ulong)_random.Next(60);
        var report = new WorldReport();
        for (ulong height = 0; height < healAt + (2 * lifetime) + 50 && (posted < terms.Count || _bench.State.OpenJobs.Count > 0); height++)
        {
            _healed = !_options.Faults || height >= healAt;
            if (posted < terms.Count && (_healed || _random.Next(10) == 0))
            {
                // The post itself goes straight in; what is under test comes after.
                var post = _bench.Sign(_bench.Requester, new JobPost(terms[posted++]));
                var id = _bench.State.Apply(post, _bench.Context).Subject;
                _jobs.Add(id);
                _applied.Add(post);
                if (_random.Next(100) < _options.PlantedPercent)
                {
                    _planted.Add(id);
                }
            }

            Step(report);
        }

        // Liveness: whatever happened before, once the network is whole every job ends within its bound.
        Demand(_bench.State.OpenJobs.Count == 0, "A job is stuck although the network has healed.");
        Judge(report);
        Replay();
        report.EventDigest = _bench.State.EventDigest;
        return report;
    }

    private JobTerms Draw()
    {
        var executors = new[] { 1, 1, 3, 3, 5 }[_random.Next(5)];
        var terms = Workbench.Terms(executors, verifiers: new[] { 4, 7 }[_random.Next(2)]) with
        {
            LocalityMin = (byte)(_random.Next(3) == 0 ? 3 : 0), Audit = (uint)_random.Next(200_000), StoragePay = 30, RedrawsMax = (byte)_random.Next(4),
        };
        if (_options.Rich)
        {
            var modes = (VerificationModes)(_random.Next(3) == 0 ? _random.Next(8) : 0);
            var offers = _random.Next(3) switch { 0 => _keepers.Keys.Order().ToList(), 1 => _keepers.Keys.Order().Take(1).ToList(), _ => [] };
            terms = terms with { Modes = modes, Checker = modes.HasFlag(VerificationModes.Checker) ? Workbench.Content("checker") : null, Offers = [.. offers] };
        }

        terms = terms with { AnswerCommitment = Identifiers.KnownAnswer(Workbench.ResultOf("42").Output, AnswerSalt) };
        return _options.Terms?.Invoke(terms) ?? terms;
    }

    private static Digest AnswerSalt { get; } = Workbench.Hash("salt of the answer");

    // Keepers and requesters see the ledger like everybody else, and their messages travel like all others.
    private void Keep(JobState job)
    {
        foreach (var offer in job.Terms.Offers)
        {
            var (keeper, habit) = _keepers[offer];
            foreach (var seat in job.Round.Executors)
            {
                if (seat.Releases.Exists(release => release.Offer == offer) || habit == KeeperHabit.Silent || (seat.Status != SeatStatus.Admitted && habit != KeeperHabit.Eager))
                {
                    continue;
                }

                Transaction body = habit == KeeperHabit.Denies
                    ? new ReleaseDeny(job.Id, job.Round.Index, seat.Node, offer, DenyReason.Policy)
                    : new ReleaseRecord(job.Id, job.Round.Index, seat.Node, offer, habit == KeeperHabit.Eager && seat.Admission.IsZero ? Workbench.Hash("no admission") : seat.Admission, Workbench.Hash("wrapped"));
                Send(keeper, body, job.Id, job.Round.Index, offer + seat.Node.ToString() + seat.Status);
            }
        }
    }

    private void Review(JobState job)
    {
        if (job.Phase != JobPhase.Judging || job.Outcome != JobOutcome.Succeeded || job.Agreed is not { } agreed)
        {
            return;
        }

        var right = agreed.Tag == Workbench.ResultOf("42").Tag;
        if (job.Terms.Modes.HasFlag(VerificationModes.Review) && job.Reviewed is null)
        {
            Send(_bench.Requester, new Review(job.Id, right), job.Id, 0, "review");
        }

        if (job.Terms.Modes.HasFlag(VerificationModes.KnownAnswer) && !right && !job.Disputed && !job.AnswerOpened && _planted.Contains(job.Id))
        {
            Send(_bench.Requester, new KnownAnswerOpen(job.Id, Workbench.ResultOf("42").Output, AnswerSalt), job.Id, 0, "answer");
        }
    }

    private void Step(WorldReport report)
    {
        var state = _bench.State;
        _bench.Go(1);
        _heights.Add((state.Height, state.Beacon, _applied.Count));
        foreach (var due in state.DueJobs(1000))
        {
            Submit(SignedTransaction.Unsigned(new Drive(due)), report);
        }

        foreach (var id in _jobs)
        {
            if (state.OpenJobs.TryGetValue(id, out var job))
            {
                Keep(job);
                Review(job);
            }
        }

        foreach (var node in _bench.Nodes)
        {
            if (Faulty(node.Address))
            {
                continue;
            }

            foreach (var id in _jobs)
            {
                if (state.OpenJobs.TryGetValue(id, out var job))
                {
                    Act(node, job);
                }
            }
        }

        for (var i = _wire.Count - 1; i >= 0; i--)
        {
            if (_wire[i].At <= state.Height)
            {
                var transaction = _wire[i].Transaction;
                _wire.RemoveAt(i);
                Submit(transaction, report);
            }
        }

        Demand(state.IsConserved, "The books do not balance.");
    }

    // Crashes, with loss of what was not sent yet, and partitions: a node is away for a while.
    private bool Faulty(Address node)
    {
        if (_healed)
        {
            return false;
        }

        if (_downUntil.TryGetValue(node, out var until) && _bench.State.Height < until)
        {
            return true;
        }

        if (_random.Next(60) == 0)
        {
            _downUntil[node] = _bench.State.Height + 1 + (ulong)_random.Next(12);
            return true;
        }

        return false;
    }

    private void Submit(SignedTransaction transaction, WorldReport report)
    {
        var state = _bench.State;
        var copy = _random.Next(500) == 0 ? state.Root() : (Digest?)null;
        var result = state.Apply(transaction, _bench.Context);
        report.Transactions++;
        if (result.Applied)
        {
            _applied.Add(transaction);
            CheckSafety(transaction);
        }
        else
        {
            report.Refused++;
            Demand(copy is null || copy == state.Root(), $"A refused {transaction.Body.Kind} ({result.Refusal}) changed the state.");
        }
    }

    private void CheckSafety(SignedTransaction transaction)
    {
        if (transaction.Body is ReleaseRecord release)
        {
            Demand(_bench.Job(release.Job).Rounds[release.Round].Executor(release.Executor)!.Admission == release.Admission, "A key was released without an admission.");
        }
    }

    private void Send(Party node, Transaction body, Digest job, byte round, string what = "")
    {
        var key = (node.Address, body.Kind, job, round, what);
        if (_sent.TryGetValue(key, out var at) && _bench.State.Height < at + 3)
        {
            return;
        }

        _sent[key] = _bench.State.Height;
        var signed = _bench.Sign(node, body);
        if (!_healed && _random.Next(100) < _options.LossPercent)
        {
            return;
        }

        if (!_healed && _disliked.Contains(node.Address) && _random.Next(100) < _options.CensorPercent)
        {
            return;
        }

        // A slow clock acts late; a fast one is seen in IsOver.
        var slow = _healed ? 0 : Math.Max(0, -_skew.GetValueOrDefault(node.Address));
        var delay = _healed ? 0 : (ulong)(_random.Next(_options.DelayMax + 1) + slow);
        _wire.Insert(_random.Next(_wire.Count + 1), (_bench.State.Height + delay, signed));
        if (!_healed && _random.Next(20) == 0)
        {
            _wire.Insert(_random.Next(_wire.Count + 1), (_bench.State.Height + delay + 1, signed));
        }
    }

    // A node whose clock is fast believes that a phase is over before it is.
    private bool IsOver(Party node, JobState job) => !_healed && _bench.State.Height + (ulong)Math.Max(0, _skew.GetValueOrDefault(node.Address)) > job.Deadline;

    private void Act(Party node, JobState job)
    {
        if (IsOver(node, job))
        {
            return;
        }

        var behaviour = _behaviours[node.Address];
        var round = job.Round;
        if (job.Phase == JobPhase.Drawing && _bench.State.TicketAlpha(job, DrawRole.Executor) is not null)
        {
            foreach (var role in new[] { DrawRole.Executor, DrawRole.Verifier })
            {
                if (_bench.TicketOf(node, job.Id, role, role == DrawRole.Executor && _bench.State.Nodes[node.Address].Current.Profile.Pins.Length > 0) is { } ticket)
                {
                    Send(node, ticket, job.Id, round.Index, role.ToString());
                    if (behaviour == Behaviour.Flooder)
                    {
                        Send(node, ticket with { Output = Digest.Zero, Proof = new byte[32] }, job.Id, round.Index, "forged");
                        Send(node, ticket with { Units = [999] }, job.Id, round.Index, "units");
                        Send(node, new ResultCommit(job.Id, round.Index, Workbench.Hash("rubbish")), job.Id, round.Index, "rubbish");
                    }
                }
            }
        }

        if (behaviour == Behaviour.Silent)
        {
            return;
        }

        if (round.Executor(node.Address) is { } seat)
        {
            Execute(node, job, round, seat, behaviour);
        }

        foreach (var any in job.Rounds)
        {
            if (any.VerifierIndex(node.Address) is var index && index >= 0)
            {
                Verify(node, job, any, index, behaviour);
                Check(node, job, any, index, behaviour);
            }
        }
    }

    private void Execute(Party node, JobState job, RoundState round, ExecutorSeat seat, Behaviour behaviour)
    {
        if (seat.Status == SeatStatus.Drawn && job.Phase == JobPhase.Attesting)
        {
            var good = behaviour != Behaviour.LocalityLiar || !seat.Local;
            var evidence = _bench.EvidenceOf(node, job.Id, behaviour == Behaviour.Colluder ? "coalition" : good ? "evidence" : "bad");
            if (good)
            {
                _liveEvidence.Add(evidence.EvidenceDigest);
            }

            Send(node, evidence, job.Id, round.Index);
            if (behaviour == Behaviour.Equivocator)
            {
                Send(_bench.Owner, new EquivocationProof(_bench.Sign(node, evidence).Encoded, _bench.Sign(node, _bench.EvidenceOf(node, job.Id, "other")).Encoded), job.Id, round.Index, node.Name);
            }
        }

        var output = behaviour switch { Behaviour.WrongResult => "wrong " + node.Name, Behaviour.Colluder or Behaviour.BrokenEnclave => "coalition", _ => "42" };
        var forgot = _forgot.GetValueOrDefault((node.Address, job.Id, round.Index));
        if (seat.Status == SeatStatus.Admitted && !_bench.State.HasKeys(job, seat))
        {
            return;
        }

        if (seat.Status == SeatStatus.Admitted && round.Commits)
        {
            var commit = _bench.CommitOf(node, job.Id, output);
            if (behaviour == Behaviour.ResultCopier)
            {
                // Waits for something to copy as long as it can.
                if (round.Executors.Find(other => other.Status == SeatStatus.Committed) is { } copied)
                {
                    commit = commit with { Commitment = copied.Commitment };
                }
                else if (_bench.State.Height + 1 < round.RunClose)
                {
                    return;
                }
            }

            Send(node, commit, job.Id, round.Index);
            if (!_healed && _random.Next(100) == 0)
            {
                // The disk is lost with the nonce on it.
                _forgot[(node.Address, job.Id, round.Index)] = true;
            }
        }

        var reveals = (round.Commits && job.Phase == JobPhase.Revealing && seat.Status == SeatStatus.Committed) || (!round.Commits && job.Phase == JobPhase.Running && seat.Status == SeatStatus.Admitted);
        if (reveals && behaviour != Behaviour.Withholder && !forgot)
        {
            Send(node, _bench.RevealOf(node, job.Id, output), job.Id, round.Index);
        }
    }

    private void Verify(Party node, JobState job, RoundState round, int index, Behaviour behaviour)
    {
        var voteFor = round.Executors.Where(seat => seat.Evidence is not null && seat.Votes[index] is null).OrderBy(seat => seat.Node).ToList();
        if (behaviour == Behaviour.VoteCopier && _bench.State.Height + 1 < round.VoteClose)
        {
            // Waits for votes to copy as long as it can.
            voteFor.RemoveAll(seat => Array.TrueForAll(seat.Votes, vote => vote is null));
        }

        if (voteFor.Count > 0 && _bench.State.Height <= round.VoteClose)
        {
            if (behaviour == Behaviour.Equivocator)
            {
                Send(_bench.Owner, new EquivocationProof(
                    _bench.Sign(node, _bench.VotesOf(node, job.Id, _ => VoteVerdict.Accept, index: round.Index)).Encoded,
                    _bench.Sign(node, _bench.VotesOf(node, job.Id, _ => VoteVerdict.NotGenuine, index: round.Index)).Encoded), job.Id, round.Index, "v" + node.Name);
            }

            var votes = voteFor.ConvertAll(seat =>
            {
                var (verdict, what) = Verdict(seat, behaviour);
                var salted = Identifiers.Appraisal(job.Id, round.Index, seat.Node, node.Address, Workbench.AppraisalOf(seat.Node, what), Workbench.SaltOf(node));
                if (behaviour == Behaviour.VoteCopier && Array.Find(seat.Votes, vote => vote is not null) is { } copied)
                {
                    (verdict, salted) = (copied.Verdict, copied.Appraisal);
                }

                return new Vote(seat.Node, verdict, salted);
            });
            Send(node, new VoteCast(job.Id, round.Index, [.. votes]), job.Id, round.Index, string.Join(',', voteFor.Select(seat => seat.Node)));
        }

        var open = round.Executors.Where(seat => seat.Votes[index] is { Opened: null } && (_bench.State.Height > round.VoteClose || !Array.Exists(seat.Votes, vote => vote is null))).OrderBy(seat => seat.Node).ToList();
        if (open.Count > 0 && behaviour is not (Behaviour.LazyVerifier or Behaviour.VoteCopier))
        {
            Send(node, new AppraisalOpen(job.Id, round.Index, [.. open.Select(seat => new Opening(seat.Node, Workbench.AppraisalOf(seat.Node, Verdict(seat, behaviour).What), Workbench.SaltOf(node)))]), job.Id, round.Index, "open");
        }
    }

    private void Check(Party node, JobState job, RoundState round, int index, Behaviour behaviour)
    {
        if (!job.Terms.Modes.HasFlag(VerificationModes.Checker) || job.Phase != JobPhase.Judging || job.Outcome != JobOutcome.Succeeded || round != LedgerState.JudgingRound(job)
            || round.Verifiers[index].Judged is not null || job.Agreed is not { } agreed || behaviour == Behaviour.SilentJudge)
        {
            return;
        }

        var accepts = behaviour switch
        {
            Behaviour.Colluder or Behaviour.BrokenEnclave => agreed.Tag == Workbench.ResultOf("coalition").Tag,
            Behaviour.LazyVerifier or Behaviour.VoteCopier => true,
            Behaviour.RejectingJudge => false,
            _ => agreed.Tag == Workbench.ResultOf("42").Tag,
        };
        Send(node, new Judge(job.Id, round.Index, accepts, Workbench.Hash("report")), job.Id, round.Index, "judge");
    }

    private (VoteVerdict Verdict, string What) Verdict(ExecutorSeat seat, Behaviour behaviour)
    {
        var coalition = _behaviours[seat.Node] == Behaviour.Colluder;
        return behaviour switch
        {
            Behaviour.Colluder => coalition ? (VoteVerdict.Accept, "fine") : (VoteVerdict.NotGenuine, "coalition"),
            Behaviour.LazyVerifier => (VoteVerdict.Accept, "lazy"),
            _ => _liveEvidence.Contains(seat.Evidence!.EvidenceDigest) ? (VoteVerdict.Accept, "fine") : (VoteVerdict.NotAcceptable, "bad"),
        };
    }

    private void Judge(WorldReport report)
    {
        var right = Workbench.ResultOf("42").Tag;
        foreach (var id in _jobs)
        {
            var closed = _bench.Closed(id);
            var job = _bench.Job(id);
            report.Closed++;
            report.Succeeded += closed.Outcome == JobOutcome.Succeeded ? 1 : 0;
            report.Denied += closed.Outcome is JobOutcome.CheckerRejected or JobOutcome.Unjudged && closed.Tag == right ? 1 : 0;
            if (closed.Outcome == JobOutcome.Succeeded && closed.Tag != right)
            {
                report.Wrong++;
                // A wrong result passes only where those who told it were as many as the job's own terms ask for.
                var liars = job.Rounds.Where(round => round.Kind is RoundKind.Primary or RoundKind.Redraw or RoundKind.Dispute).SelectMany(round => round.Executors)
                    .Count(seat => seat.Result?.Statement.Tag == closed.Tag && _behaviours[seat.Node] != Behaviour.Honest);
                Demand(liars >= job.Terms.Agreeing, "A wrong result was agreed without enough liars.");
                report.Captured++;
            }
        }

        foreach (var item in _bench.Events)
        {
            if (item.Kind != EventKind.Line)
            {
                continue;
            }

            var honest = _behaviours.TryGetValue(item.Account, out var behaviour) && behaviour == Behaviour.Honest;
            if (item.Line is LineReason.SlashedWrongVote or LineReason.SlashedEquivocation or LineReason.SlashedFalseTicket)
            {
                Demand(!honest, $"An honest node was slashed: {item.Line}.");
            }

            if (item.Line == LineReason.SlashedWrongResult && honest)
            {
                Demand(_bench.Closed(item.Job).Tag != right, "An honest result was slashed although the committee was honest.");
            }

            if (item.Line == LineReason.OfferPaid && item.Job != default)
            {
                var sold = _bench.Job(item.Job);
                Demand(sold.Rounds.Exists(round => round.Executors.Exists(seat => _bench.State.HasKeys(sold, seat) && !seat.Admission.IsZero)), "An owner was paid although nobody had every key.");
            }

            if (_coalition.Contains(item.Account))
            {
                report.CoalitionGain += item.Line is LineReason.ExecutorPaid or LineReason.VerifierPaid or LineReason.DisputePaid or LineReason.AuditorPaid or LineReason.StoragePaid or LineReason.FailPaid ? item.Amount.Units : 0;
                report.CoalitionLoss += item.Line is >= LineReason.SlashedWrongResult and <= LineReason.SlashedFalseTicket ? item.Amount.Units : 0;
            }

            if (item.Line == LineReason.ExecutorPaid)
            {
                var seat = _bench.Job(item.Job).Rounds[item.Round].Executor(item.Account);
                Demand(seat is not null && !seat.Admission.IsZero, "An executor was paid without a quorum's admission.");
            }
        }

        foreach (var paid in _bench.Events.Where(item => item.Line is LineReason.ExecutorPaid or LineReason.VerifierPaid).GroupBy(item => (item.Job, item.Round, item.Account, item.Line)))
        {
            Demand(paid.Count() == 1, "Somebody was paid twice.");
        }

        Demand(_bench.State.Nodes.Values.All(node => node.Engaged.IsZero), "Stake stays bound to closed jobs.");
    }

    // The ledger lost everything but its log: what a replay gives is what was there.
    private void Replay()
    {
        var state = _genesis.Copy();
        var context = new ApplyContext(_bench.Cryptography, _bench.Cryptography);
        var done = 0;
        foreach (var (height, beacon, applied) in _heights.Append((0UL, default, _applied.Count)))
        {
            for (; done < applied; done++)
            {
                Demand(state.Apply(_applied[done], context).Applied, "A replay refuses what was accepted.");
            }

            if (height != 0)
            {
                state.BeginHeight(height, beacon);
            }
        }

        Demand(state.Root() == _bench.State.Root(), "A replay gives another state.");
    }

    private void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new SimulationException($"{what} Seed {_options.Seed}, height {_bench.State.Height}; replay: SOJOURN_SIM_SEED={_options.Seed} ./test --filter One_seed");
        }
    }
}

/// <summary>A run broke a promise.</summary>
public sealed class SimulationException(string message) : Exception(message);
