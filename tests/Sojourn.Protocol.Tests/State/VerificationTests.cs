using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests.State;

/// <summary>Each way of verifying a result, and what happens to those who cheat it.</summary>
public sealed class VerificationTests
{
    private static bool HasLine(Workbench bench, LineReason reason, Address? account = null) =>
        bench.Events.Any(item => item.Kind == EventKind.Line && item.Line == reason && (account is null || item.Account == account));

    private static void Sound(Workbench bench)
    {
        Assert.True(bench.State.IsConserved);
        Assert.Empty(bench.State.OpenJobs);
        Assert.All(bench.State.Nodes.Values, node => Assert.Equal(Amount.Zero, node.Engaged));
        Assert.Equal(Amount.Zero, bench.State.Escrowed);
    }

    private static void Finish(Workbench bench, Digest id)
    {
        for (var i = 0; bench.State.OpenJobs.ContainsKey(id); i++)
        {
            Assert.True(i < 1000, "The job is stuck.");
            bench.Reach(bench.State.Height + 1);
        }

        Sound(bench);
    }

    [Fact]
    public void A_wrong_result_is_outvoted_by_a_larger_committee_and_pays_for_it()
    {
        var bench = new Workbench(nodes: 24);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        var liar = bench.Job(id).Round.Executors[0].Node;
        bench.Attest(id);
        bench.Run(id, node => node.Address == liar ? "wrong" : "42");
        Assert.True(bench.Job(id).Disputed);
        Assert.Equal(RoundKind.Dispute, bench.Job(id).Round.Kind);
        var before = bench.State.Nodes[liar].Stake;
        bench.Draw(id);
        Assert.Equal(7, bench.Job(id).Round.Executors.Count);
        Assert.DoesNotContain(bench.Job(id).Round.Executors, seat => bench.Job(id).Rounds[0].Executors.Any(other => other.Node == seat.Node));
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);

        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.Equal(Workbench.ResultOf("42").Tag, bench.Closed(id).Tag);
        Assert.Equal((Amount)500, before - bench.State.Nodes[liar].Stake);
        Assert.True(HasLine(bench, LineReason.SlashedWrongResult, liar));
        Assert.True(HasLine(bench, LineReason.Compensated, bench.Requester.Address));
        Assert.Equal(7, bench.Events.Count(item => item.Line == LineReason.DisputePaid));
        Assert.Equal(2, bench.Events.Count(item => item.Line == LineReason.ExecutorPaid));
        Assert.Equal(1u, bench.State.Nodes[liar].Record.Wrong);
    }

    [Fact]
    public void Two_colluding_liars_lose_to_the_committee_although_they_were_the_majority()
    {
        var bench = new Workbench(nodes: 24);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        var liars = bench.Job(id).Round.Executors.Take(2).Select(seat => seat.Node).ToHashSet();
        bench.Attest(id);
        bench.Run(id, node => liars.Contains(node.Address) ? "wrong" : "42");
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(Workbench.ResultOf("42").Tag, bench.Closed(id).Tag);
        Assert.All(liars, liar => Assert.True(HasLine(bench, LineReason.SlashedWrongResult, liar)));
    }

    [Fact]
    public void Without_a_committee_nothing_is_proved_and_nobody_is_slashed()
    {
        var bench = new Workbench(nodes: 6);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        var liar = bench.Job(id).Round.Executors[0].Node;
        bench.Attest(id);
        bench.Run(id, node => node.Address == liar ? "wrong" : "42");
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.SlashedWrongResult));
        Assert.True(HasLine(bench, LineReason.UnpaidWrongResult, liar));
    }

    [Fact]
    public void A_job_without_one_answer_slashes_nobody()
    {
        var bench = new Workbench(nodes: 24);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id, node => "random " + node.Name);
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id, node => "random " + node.Name);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Disagreed, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.SlashedWrongResult));
        Assert.Equal(10, bench.Events.Count(item => item.Line == LineReason.FailPaid));
    }

    [Fact]
    public void A_withheld_reveal_costs_the_bond_and_the_others_are_paid()
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        bench.Attest(id);
        var silent = bench[bench.Job(id).Round.Executors[0].Node];
        foreach (var seat in bench.Job(id).Round.Executors)
        {
            bench.Must(bench[seat.Node], bench.CommitOf(bench[seat.Node], id, "42"));
        }

        foreach (var seat in bench.Job(id).Round.Executors.Where(seat => seat.Node != silent.Address).ToList())
        {
            bench.Must(bench[seat.Node], bench.RevealOf(bench[seat.Node], id, "42"));
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, LineReason.SlashedNoReveal, silent.Address));
        Assert.Equal(2, bench.Events.Count(item => item.Line == LineReason.ExecutorPaid));
    }

    [Fact]
    public void A_machine_that_loses_its_enclave_says_nothing_of_the_job_and_others_are_drawn()
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        bench.Attest(id);
        var lost = bench.Job(id).Round.Executors.Single().Node;
        bench.Must(bench[lost], new ResultFail(id, 0, FailReason.Enclave));
        Assert.Equal((JobPhase.Drawing, 1), (bench.Job(id).Phase, (int)bench.Job(id).Round.Index));
        bench.Draw(id);
        bench.Attest(id);
        Assert.NotEqual(lost, bench.Job(id).Round.Executors.Single().Node);
        bench.Run(id, _ => "42");
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, LineReason.UnpaidFailed, lost));
        Assert.DoesNotContain(bench.Events, item => item.Line == LineReason.SlashedSilent);
    }

    [Fact]
    public void A_signed_fail_is_a_result_and_is_never_slashed()
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        bench.Attest(id);
        foreach (var seat in bench.Job(id).Round.Executors.ToList())
        {
            bench.Must(bench[seat.Node], new ResultFail(id, 0, FailReason.CodeInvalid));
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.FailedByExecutors, bench.Closed(id).Outcome);
        Assert.Equal(3, bench.Events.Count(item => item.Line == LineReason.FailPaid));
        Assert.DoesNotContain(bench.Events, item => item.Line == LineReason.SlashedSilent);
    }

    [Fact]
    public void Silent_executors_are_redrawn_and_penalised()
    {
        var bench = new Workbench(nodes: 12);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var silent = bench.Job(id).Round.Executors[0].Node;
        bench.Reach(bench.Job(id).Round.EvidenceClose + 1);
        Assert.Equal(1, bench.Job(id).Round.Index);
        Assert.Equal(RoundKind.Redraw, bench.Job(id).Round.Kind);
        Assert.Null(bench.TicketOf(bench[silent], id, DrawRole.Executor));
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, LineReason.SlashedSilent, silent));
    }

    [Fact]
    public void A_committee_that_splits_admits_nobody_and_redraws_are_bounded()
    {
        var bench = new Workbench(nodes: 40);
        var id = bench.Post(Workbench.Terms(1));
        for (var round = 0; round < 3; round++)
        {
            bench.Draw(id);
            Assert.Equal(round, bench.Job(id).Round.Index);
            var seat = bench.Job(id).Round.Executors[0];
            bench.Must(bench[seat.Node], bench.EvidenceOf(bench[seat.Node], id));
            foreach (var verifier in bench.Job(id).Round.Verifiers.ToList())
            {
                if (bench.Job(id).Round.Index == round && bench.Job(id).Phase == JobPhase.Attesting)
                {
                    bench.Must(bench[verifier.Node], bench.VotesOf(bench[verifier.Node], id, _ => VoteVerdict.NotAcceptable));
                }
            }
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.NotAdmitted, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.ExecutorPaid));
        Assert.False(HasLine(bench, LineReason.SlashedSilent));
    }

    [Fact]
    public void An_audit_finds_a_lie_that_a_single_executor_told()
    {
        var bench = new Workbench(nodes: 24, rules: Workbench.Rules with { AuditFloor = 1_000_000 });
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var liar = bench.Job(id).Round.Executors[0].Node;
        bench.Attest(id);
        bench.Run(id, _ => "wrong");
        Assert.Equal(JobPhase.AuditDraw, bench.Job(id).Phase);
        bench.Reach(bench.Job(id).AuditHeight);
        Assert.Equal(RoundKind.Audit, bench.Job(id).Round.Kind);
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Assert.Equal(RoundKind.Dispute, bench.Job(id).Round.Kind);
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(Workbench.ResultOf("42").Tag, bench.Closed(id).Tag);
        Assert.True(HasLine(bench, LineReason.SlashedWrongResult, liar));
        Assert.True(HasLine(bench, LineReason.AuditorPaid));
    }

    [Fact]
    public void The_audit_share_rises_for_newcomers_and_liars_and_never_falls_below_the_floor()
    {
        var bench = new Workbench(nodes: 12, rules: Workbench.Rules with { AuditFloor = 10_000 });
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        var node = bench.State.Nodes[bench.Job(id).Round.Executors[0].Node];
        Assert.Equal(40_000u, bench.State.AuditShare(bench.Job(id)));
        node.Record = node.Record with { Agreed = 50 };
        Assert.Equal(20_000u, bench.State.AuditShare(bench.Job(id)));
        node.Record = node.Record with { Agreed = 1000 };
        Assert.Equal(10_000u, bench.State.AuditShare(bench.Job(id)));
        node.Record = node.Record with { Wrong = 1 };
        Assert.Equal(80_000u, bench.State.AuditShare(bench.Job(id)));
    }

    [Theory]
    [InlineData(true, JobOutcome.Succeeded, LineReason.ExecutorPaid)]
    [InlineData(false, JobOutcome.CheckerRejected, LineReason.UnpaidChecker)]
    public void A_checker_judges(bool accept, JobOutcome outcome, LineReason line)
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Checker, Checker = Workbench.Content("checker") });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        foreach (var seat in bench.Job(id).Round.Verifiers.ToList())
        {
            bench.Must(bench[seat.Node], new Judge(id, 0, accept, Workbench.Hash("report")));
        }

        bench.Open(id, 0);
        Sound(bench);
        Assert.Equal(outcome, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, line));
    }

    // A committee's silence refuses nothing: another is drawn without those who were silent, who pay for it each time.
    [Theory]
    [InlineData(true, JobOutcome.Succeeded, LineReason.ExecutorPaid)]
    [InlineData(false, JobOutcome.CheckerRejected, LineReason.UnpaidChecker)]
    public void A_silent_committee_makes_way_for_another(bool accept, JobOutcome outcome, LineReason line)
    {
        var bench = new Workbench(nodes: 30);
        var id = Checked(bench, redraws: 2);
        var silent = bench.Job(id).Round.Verifiers.Select(seat => seat.Node).ToList();
        bench.Open(id, 0);
        bench.Reach(bench.Job(id).Deadline + 1);
        var job = bench.Job(id);
        Assert.Equal((JobPhase.Drawing, 2, 0, RoundKind.Redraw), (job.Phase, job.Rounds.Count, job.Round.Wanted, job.Round.Kind));
        Assert.Equal(Refusal.TooLateToCancel, bench.Try(bench.Requester, new JobCancel(id)).Refusal);
        bench.Reach(job.Round.BeaconHeight);
        var other = bench.Nodes.First(node => !silent.Contains(node.Address) && job.Rounds[0].Executor(node.Address) is null);
        Assert.Equal(Refusal.NotEligible, bench.State.Eligibility(job, DrawRole.Executor, other.Address, out _));
        Assert.All(silent, node => Assert.Equal(Refusal.Excluded, bench.State.Eligibility(job, DrawRole.Verifier, node, out _)));
        bench.Draw(id);
        Assert.Equal(JobPhase.Judging, job.Phase);
        Assert.Empty(job.Round.Executors);
        Assert.DoesNotContain(job.Round.Verifiers, seat => silent.Contains(seat.Node));
        Assert.Equal(Refusal.WrongRound, bench.Try(bench[silent[0]], new Judge(id, 0, accept, Workbench.Hash("report"))).Refusal);
        foreach (var seat in job.Round.Verifiers.ToList())
        {
            bench.Must(bench[seat.Node], new Judge(id, 1, accept, Workbench.Hash("report")));
        }

        Sound(bench);
        Assert.Equal(outcome, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, line));
        Assert.All(silent, node => Assert.True(HasLine(bench, LineReason.SlashedNoVote, node)));
        Assert.All(job.Rounds[1].Verifiers, seat => Assert.True(HasLine(bench, LineReason.VerifierPaid, seat.Node)));
    }

    // A quorum has judged, and the window is open: whoever comes after it has not been silent.
    [Fact]
    public void Whoever_is_slower_than_a_quorum_is_not_silent()
    {
        var bench = new Workbench(nodes: 30);
        var id = Checked(bench, redraws: 0);
        var job = bench.Job(id);
        bench.Open(id, 0);
        var verifiers = job.Round.Verifiers.ToList();
        var slowest = verifiers[^1];
        foreach (var seat in verifiers.Take(verifiers.Count - 1))
        {
            bench.Must(bench[seat.Node], new Judge(id, 0, true, Workbench.Hash("report")));
        }

        Assert.Equal(JobPhase.Judging, job.Phase);
        bench.Must(bench[slowest.Node], new Judge(id, 0, true, Workbench.Hash("report")));
        Sound(bench);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.All(verifiers, seat => Assert.True(HasLine(bench, LineReason.VerifierPaid, seat.Node)));
    }

    [Fact]
    public void Committees_that_never_decide_prove_nothing_and_end_a_job_by_a_reason_of_its_own()
    {
        var bench = new Workbench(nodes: 40);
        var before = bench.State.Accounts[bench.Requester.Address].Free;
        var id = Checked(bench, redraws: 1);
        bench.Open(id, 0);
        bench.Reach(bench.Job(id).Deadline + 1);
        bench.Draw(id);
        var job = bench.Job(id);
        bench.Reach(job.Deadline + 1);
        Sound(bench);
        Assert.Equal(JobOutcome.Unjudged, bench.Closed(id).Outcome);
        Assert.Equal(Digest.Zero, bench.Closed(id).Output);
        Assert.True(HasLine(bench, LineReason.FailPaid, job.Rounds[0].Executors[0].Node));
        Assert.False(HasLine(bench, LineReason.SlashedSilent));
        Assert.All(job.Rounds.SelectMany(round => round.Verifiers), seat => Assert.True(HasLine(bench, LineReason.SlashedNoVote, seat.Node)));
        var cost = bench.State.Rules.PostFee + job.Terms.ExecutorPay.Share(bench.State.Rules.FailShare, 10_000);
        Assert.Equal(before - cost, bench.State.Accounts[bench.Requester.Address].Free);
    }

    [Fact]
    public void A_committee_for_judging_that_nobody_enters_ends_the_same_way()
    {
        var bench = new Workbench(nodes: 20);
        var id = Checked(bench, redraws: 1);
        bench.Open(id, 0);
        bench.Reach(bench.Job(id).Deadline + 1);
        bench.Reach(bench.Job(id).Deadline + 1);
        Sound(bench);
        Assert.Equal(JobOutcome.Unjudged, bench.Closed(id).Outcome);
    }

    // Those who stood against what was decided in the end held it up, and are not paid for it.
    [Fact]
    public void A_split_committee_makes_way_too_and_whoever_was_wrong_is_not_paid()
    {
        var bench = new Workbench(nodes: 30);
        var id = Checked(bench, redraws: 1);
        var job = bench.Job(id);
        var against = new List<Address>();
        var seats = 0;
        foreach (var seat in job.Round.Verifiers)
        {
            var no = seats < 2;
            seats += seat.Seats;
            bench.Must(bench[seat.Node], new Judge(id, 0, !no, Workbench.Hash("report")));
            against.AddRange(no ? [seat.Node] : []);
        }

        Assert.InRange(against.Sum(node => job.Round.Verifiers.Single(seat => seat.Node == node).Seats), 2, 3);
        Assert.Equal(JobPhase.Judging, job.Phase);
        bench.Open(id, 0);
        // Everybody has spoken: nothing is waited for.
        Assert.Equal((JobPhase.Drawing, 2), (job.Phase, job.Rounds.Count));
        bench.Draw(id);
        foreach (var seat in job.Round.Verifiers.ToList())
        {
            bench.Must(bench[seat.Node], new Judge(id, 1, true, Workbench.Hash("report")));
        }

        Sound(bench);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.All(against, node => Assert.Contains(bench.Events, item => item.Line == LineReason.UnpaidOutvoted && item.Account == node && item.Round == 0));
        Assert.All(job.Rounds[0].Verifiers.Where(seat => !against.Contains(seat.Node)), seat => Assert.Contains(bench.Events, item => item.Line == LineReason.VerifierPaid && item.Account == seat.Node && item.Round == 0));
        Assert.False(HasLine(bench, LineReason.SlashedNoVote));
    }

    [Fact]
    public void A_reviewer_who_rejects_needs_no_second_committee()
    {
        var bench = new Workbench(nodes: 30);
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Checker | VerificationModes.Review, Checker = Workbench.Content("checker"), RedrawsMax = 2 });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        bench.Open(id, 0);
        bench.Must(bench.Requester, new Review(id, false));
        bench.Reach(bench.Job(id).Deadline + 1);
        Sound(bench);
        Assert.Equal(JobOutcome.ReviewRejected, bench.Closed(id).Outcome);
    }

    private static Digest Checked(Workbench bench, byte redraws)
    {
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Checker, Checker = Workbench.Content("checker"), RedrawsMax = redraws });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        return id;
    }

    [Theory]
    [InlineData(true, JobOutcome.Succeeded, LineReason.ExecutorPaid)]
    [InlineData(false, JobOutcome.ReviewRejected, LineReason.ReviewFloorPaid)]
    public void A_reviewer_decides_and_rejecting_is_not_free(bool accept, JobOutcome outcome, LineReason line)
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Review, Reviewer = bench.Owner.Address });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        bench.Open(id, 0);
        Assert.Equal(Refusal.NotAllowed, bench.Try(bench.Requester, new Review(id, accept)).Refusal);
        bench.Must(bench.Owner, new Review(id, accept));
        Sound(bench);
        Assert.Equal(outcome, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, line));
    }

    [Fact]
    public void A_silent_reviewer_accepts()
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Review });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        bench.Open(id, 0);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
    }

    [Theory]
    [InlineData("42", false)]
    [InlineData("wrong", true)]
    public void A_known_answer_opens_a_dispute_only_where_it_differs(string given, bool disputed)
    {
        var bench = new Workbench(nodes: 24);
        var right = Workbench.ResultOf("42").Output;
        var salt = Workbench.Hash("salt");
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.KnownAnswer, AnswerCommitment = Identifiers.KnownAnswer(right, salt) });
        bench.Draw(id);
        var executor = bench.Job(id).Round.Executors[0].Node;
        bench.Attest(id);
        bench.Run(id, _ => given);
        Assert.Equal(Refusal.BadAnswer, bench.Try(bench.Requester, new KnownAnswerOpen(id, right, Digest.Zero)).Refusal);
        bench.Must(bench.Requester, new KnownAnswerOpen(id, right, salt));
        Assert.Equal(disputed, bench.Job(id).Disputed);
        if (disputed)
        {
            bench.Draw(id);
            bench.Attest(id);
            bench.Run(id);
        }

        Finish(bench, id);
        Assert.Equal(disputed, HasLine(bench, LineReason.SlashedWrongResult, executor));
        Assert.Equal(Workbench.ResultOf("42").Tag, bench.Closed(id).Tag);
    }

    [Fact]
    public void A_false_known_answer_harms_nobody_but_its_author()
    {
        var bench = new Workbench(nodes: 24);
        var salt = Workbench.Hash("salt");
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.KnownAnswer, AnswerCommitment = Identifiers.KnownAnswer(Workbench.Hash("lie"), salt) });
        bench.Draw(id);
        var executor = bench.Job(id).Round.Executors[0].Node;
        bench.Attest(id);
        bench.Run(id);
        bench.Must(bench.Requester, new KnownAnswerOpen(id, Workbench.Hash("lie"), salt));
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.True(HasLine(bench, LineReason.ExecutorPaid, executor));
        Assert.False(HasLine(bench, LineReason.SlashedWrongResult));
        Assert.True(HasLine(bench, LineReason.DisputePaid));
    }

    [Fact]
    public void Planted_evidence_catches_those_who_do_not_look()
    {
        var bench = new Workbench(nodes: 30);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var planter = bench[bench.Job(id).Round.Executors[0].Node];
        var salt = Workbench.Hash("plant");
        var mark = Identifiers.PlantMark(id, 0, planter.Address, salt);
        var report = new Evidence(EvidenceKind.SevSnp, (byte[])[2, 0, 0, 0, .. new byte[0x4c], .. mark.ToArray(), .. new byte[32], .. new byte[1000]]).Encode();
        bench.Must(planter, bench.EvidenceOf(planter, id) with { Evidence = Cid.ForRaw(report), EvidenceDigest = Digest.Of(report) });
        var verifiers = bench.Job(id).Round.Verifiers.ToList();
        var lazy = verifiers[0].Node;
        foreach (var seat in verifiers)
        {
            bench.Must(bench[seat.Node], bench.VotesOf(bench[seat.Node], id, _ => seat.Node == lazy ? VoteVerdict.Accept : VoteVerdict.NotBound, index: 0));
        }

        Assert.Equal(Refusal.NotPlanted, bench.Try(planter, new PlantOpen(id, 0, Workbench.Hash("other"), report)).Refusal);
        Assert.Equal(Refusal.NotPlanted, bench.Try(planter, new PlantOpen(id, 0, salt, report[..^1])).Refusal);
        bench.Must(planter, new PlantOpen(id, 0, salt, report));
        Assert.True(HasLine(bench, LineReason.SlashedWrongVote, lazy));
        Assert.True(HasLine(bench, LineReason.ReporterPaid, planter.Address));
        Assert.Equal(1, bench.Events.Count(item => item.Line == LineReason.SlashedWrongVote));
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
    }

    // A planter fills certificates, logs and unused parts as it likes: a mark in there proves nothing against those who looked at the report.
    [Fact]
    public void A_mark_counts_only_in_the_field_that_verifiers_hold_against_the_job()
    {
        var mark = Workbench.Hash("mark");
        byte[] Marked(int offset) => [.. new byte[offset], .. mark.ToArray(), .. new byte[900]];
        byte[] attest = [0xff, (byte)'T', (byte)'C', (byte)'G', 0x80, 0x18, 0, 34, .. new byte[34], 0, 32, .. mark.ToArray(), .. new byte[60]];
        byte[] certify = [.. attest[..5], 0x17, .. attest[6..]];
        foreach (var (kind, offset) in new[] { (EvidenceKind.Simulated, 52), (EvidenceKind.SevSnp, 0x50), (EvidenceKind.Tdx, 568), (EvidenceKind.Sgx, 368) })
        {
            Assert.True(PlantedEvidence.Carries(new Evidence(kind, Marked(offset)).Encode(), mark), kind.ToString());
            foreach (var at in new[] { 0, offset - 1, offset + 1, offset + 64 })
            {
                Assert.False(PlantedEvidence.Carries(new Evidence(kind, Marked(at)).Encode(), mark), $"{kind} at {at}");
            }

            // Genuine evidence with a marked report in every part that is not the report, headers and all.
            foreach (var part in Enum.GetValues<EvidencePart>().Where(part => part != EvidencePart.Report))
            {
                Assert.False(PlantedEvidence.Carries(new Evidence(kind, new byte[1200]).With(part, Marked(offset)).Encode(), mark), $"{kind} {part}");
                Assert.False(PlantedEvidence.Carries(new Evidence(kind, new byte[1200]).With(part, attest).Encode(), mark), $"{kind} {part}");
            }

            var encoded = new Evidence(kind, Marked(offset)).Encode();
            Assert.False(PlantedEvidence.Carries([.. encoded, 0], mark));
            Assert.False(PlantedEvidence.Carries(encoded.AsSpan(1), mark));
            Assert.False(PlantedEvidence.Carries(new Evidence(kind, Marked(offset).AsMemory(0, offset + 63)).Encode(), mark));
        }

        foreach (var kind in new[] { EvidenceKind.Tpm, EvidenceKind.AzureSnp, EvidenceKind.AzureTdx })
        {
            Assert.True(PlantedEvidence.Carries(new Evidence(kind, default).With(EvidencePart.TpmQuote, attest).Encode(), mark), kind.ToString());
            Assert.False(PlantedEvidence.Carries(new Evidence(kind, attest).With(EvidencePart.EventLog, attest).With(EvidencePart.WrapKeyCertify, attest).Encode(), mark), kind.ToString());
            Assert.False(PlantedEvidence.Carries(new Evidence(kind, default).With(EvidencePart.TpmQuote, certify).Encode(), mark));
            for (var length = 0; length < attest.Length - 60; length++)
            {
                Assert.False(PlantedEvidence.Carries(new Evidence(kind, default).With(EvidencePart.TpmQuote, attest.AsMemory(0, length)).Encode(), mark), $"{length} bytes");
            }
        }

        Assert.False(PlantedEvidence.Carries(new Evidence(EvidenceKind.Nitro, Marked(80)).Encode(), mark));
        Assert.False(PlantedEvidence.Carries([], mark));
    }

    [Fact]
    public void A_verifier_that_copies_a_verdict_cannot_open_it_and_is_not_paid()
    {
        var bench = new Workbench(nodes: 20);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        var seat = bench.Job(id).Round.Executors[0];
        bench.Must(bench[seat.Node], bench.EvidenceOf(bench[seat.Node], id));
        var verifiers = bench.Job(id).Round.Verifiers.Select(verifier => bench[verifier.Node]).ToList();
        var copier = verifiers[^1];
        foreach (var verifier in verifiers)
        {
            var votes = bench.VotesOf(verifier, id);
            if (verifier == copier)
            {
                // It has not looked: all it can copy is the verdict and somebody else's salted digest.
                votes = votes with { Votes = [votes.Votes[0] with { Appraisal = bench.Job(id).Round.Executors[0].Votes[0]!.Appraisal }] };
            }

            Assert.Equal(Refusal.VotingOpen, verifier == verifiers[0] ? bench.Try(verifier, votes).Refusal is Refusal.None ? bench.Try(verifier, bench.OpeningsOf(verifier, id, 0)).Refusal : Refusal.None : Refusal.VotingOpen);
            if (verifier != verifiers[0])
            {
                bench.Must(verifier, votes);
            }
        }

        bench.Run(id);
        foreach (var verifier in verifiers.Where(verifier => verifier != copier))
        {
            bench.Must(verifier, bench.OpeningsOf(verifier, id, 0));
        }

        // The opened appraisals are known now; the copier's vote does not open to them.
        Assert.Equal(Refusal.BadOpening, bench.Try(copier, bench.OpeningsOf(copier, id, 0)).Refusal);
        Finish(bench, id);
        Assert.True(HasLine(bench, LineReason.UnpaidNotOpened, copier.Address));
        Assert.False(HasLine(bench, LineReason.VerifierPaid, copier.Address));
    }

    [Fact]
    public void A_silent_verifier_is_penalised_and_the_quorum_goes_on()
    {
        var bench = new Workbench(nodes: 30);
        var id = bench.Post(Workbench.Terms(1, verifiers: 7));
        bench.Draw(id);
        var silent = bench.Job(id).Round.Verifiers.First(seat => seat.Seats <= 2).Node;
        bench.Attest(id, node => node.Address != silent);
        Assert.Equal(JobPhase.Running, bench.Job(id).Phase);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, LineReason.SlashedNoVote, silent));
        Assert.True(HasLine(bench, LineReason.UnpaidNoVote, silent));
    }

    [Fact]
    public void Contradictory_votes_are_slashed_by_anyone_who_shows_both()
    {
        var bench = new Workbench(nodes: 20);
        var id = bench.Post(Workbench.Terms(1, verifiers: 7));
        bench.Draw(id);
        var seat = bench.Job(id).Round.Executors[0];
        bench.Must(bench[seat.Node], bench.EvidenceOf(bench[seat.Node], id));
        var liar = bench[bench.Job(id).Round.Verifiers[0].Node];
        var first = bench.Sign(liar, bench.VotesOf(liar, id));
        var second = bench.Sign(liar, bench.VotesOf(liar, id, _ => VoteVerdict.NotGenuine));
        Assert.Equal(Refusal.NoContradiction, bench.Try(bench.Owner, new EquivocationProof(first.Encoded, first.Encoded)).Refusal);
        bench.Must(bench.Owner, new EquivocationProof(first.Encoded, second.Encoded));
        Assert.Equal(Refusal.Duplicate, bench.Try(bench.Owner, new EquivocationProof(first.Encoded, second.Encoded)).Refusal);
        Assert.True(HasLine(bench, LineReason.SlashedEquivocation, liar.Address));
        Assert.True(HasLine(bench, LineReason.ReporterPaid, bench.Owner.Address));
        Finish(bench, id);
    }

    [Fact]
    public void A_false_ticket_is_slashed_when_challenged_and_a_false_challenge_costs_its_author()
    {
        var bench = new Workbench(nodes: 12, onChallenge: true);
        var id = bench.Post(Workbench.Terms(1));
        bench.Reach(bench.Job(id).Round.BeaconHeight);
        var liar = bench.Nodes[0];
        var honest = bench.Nodes[1];
        var ticket = bench.TicketOf(liar, id, DrawRole.Executor)!;
        bench.Must(liar, ticket with { Output = Workbench.Hash("better"), Proof = new byte[32] });
        bench.Must(honest, bench.TicketOf(honest, id, DrawRole.Executor)!);
        bench.Must(bench.Owner, new TicketChallenge(id, 0, DrawRole.Executor, honest.Address));
        Assert.True(HasLine(bench, LineReason.ChallengeLost, bench.Owner.Address));
        Assert.Equal(Refusal.AlreadyChecked, bench.Try(bench.Owner, new TicketChallenge(id, 0, DrawRole.Executor, honest.Address)).Refusal);
        bench.Must(bench.Owner, new TicketChallenge(id, 0, DrawRole.Executor, liar.Address));
        Assert.True(HasLine(bench, LineReason.SlashedFalseTicket, liar.Address));
        Assert.DoesNotContain(bench.Job(id).Round.ExecutorTickets, entry => entry.Node == liar.Address);
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
    }

    [Fact]
    public void Keys_leave_a_keeper_for_an_admitted_executor_only_and_uses_are_counted()
    {
        var bench = new Workbench(nodes: 12);
        var keeper = bench.Party("keeper");
        var offer = bench.Must(bench.Owner, new OfferPublish(new OfferTerms
        {
            Kind = OfferKind.Data, Content = Workbench.Content("input"), Keeper = keeper.Address, Price = 77, LevelMin = Attestation.TrustLevel.Simulated, UsesMax = 1,
        }));
        var id = bench.Post(Workbench.Terms(1) with { Offers = [offer] });
        Assert.Equal(Refusal.OfferUsedUp, bench.Try(bench.Requester, new JobPost(Workbench.Terms(1) with { Offers = [offer] })).Refusal);
        bench.Draw(id);
        var seat = bench.Job(id).Round.Executors[0];
        ReleaseRecord Release(Digest admission) => new(id, 0, seat.Node, offer, admission, Workbench.Hash("wrapped"));
        Assert.Equal(Refusal.NotAdmitted, bench.Try(keeper, Release(Digest.Zero)).Refusal);
        bench.Attest(id);
        Assert.Equal(Refusal.WrongAdmission, bench.Try(keeper, Release(Workbench.Hash("no"))).Refusal);
        Assert.Equal(Refusal.NotAllowed, bench.Try(bench.Owner, Release(seat.Admission)).Refusal);
        Assert.Equal(Refusal.KeyNotReleased, bench.Try(bench[seat.Node], bench.RevealOf(bench[seat.Node], id, "42")).Refusal);
        bench.Must(keeper, Release(seat.Admission));
        Assert.Equal(Refusal.AlreadyReleased, bench.Try(keeper, Release(seat.Admission)).Refusal);
        bench.Run(id);
        bench.Open(id, 0);
        Sound(bench);
        Assert.Equal(1u, bench.State.Offers[offer].Uses);
        Assert.True(HasLine(bench, LineReason.OfferPaid, bench.Owner.Address));
    }

    [Fact]
    public void A_denied_key_ends_the_job_without_blame_on_the_executor()
    {
        var bench = new Workbench(nodes: 30);
        var keeper = bench.Party("keeper");
        var offer = bench.Must(bench.Owner, new OfferPublish(new OfferTerms { Kind = OfferKind.Data, Content = Workbench.Content("input"), Keeper = keeper.Address, Price = 77, LevelMin = Attestation.TrustLevel.Simulated }));
        var id = bench.Post(Workbench.Terms(1) with { Offers = [offer] });
        while (bench.State.OpenJobs.TryGetValue(id, out var job) && job.Phase == JobPhase.Drawing)
        {
            bench.Draw(id);
            bench.Attest(id);
            bench.Must(keeper, new ReleaseDeny(id, job.Round.Index, job.Round.Executors[0].Node, offer, DenyReason.Policy));
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.KeyDenied, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.SlashedSilent));
        Assert.False(HasLine(bench, LineReason.OfferPaid));
        Assert.Equal(3u, bench.State.Offers[offer].Draws);
    }

    [Fact]
    public void As_many_custodians_as_are_enough_let_a_job_run_and_the_owner_is_paid_whoever_is_away()
    {
        // The price stands in the offer of the custodian that is away.
        var (bench, offers, id) = Shared(threshold: 2, custodians: 3);
        var seat = bench.Job(id).Round.Executors[0];
        Release(bench, id, offers[1]);
        Assert.Equal(Refusal.KeyNotReleased, bench.Try(bench[seat.Node], bench.RevealOf(bench[seat.Node], id, "42")).Refusal);
        Release(bench, id, offers[2]);
        Assert.True(bench.State.HasKeys(bench.Job(id), bench.Job(id).Round.Executors[0]));
        bench.Run(id);
        bench.Open(id, 0);
        Sound(bench);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
        Assert.True(HasLine(bench, LineReason.OfferPaid, bench.Owner.Address));
        Assert.Equal([0u, 1u, 1u], offers.Select(offer => bench.State.Offers[offer].Uses));
        Assert.All(offers, offer => Assert.Equal(0u, bench.State.Offers[offer].Pending));
    }

    [Fact]
    public void A_custodian_that_refuses_does_not_end_a_seat_while_enough_others_may_still_release()
    {
        var (bench, offers, id) = Shared(threshold: 2, custodians: 3);
        var node = bench.Job(id).Round.Executors[0].Node;
        bench.Must(bench.Party("custodian 0"), new ReleaseDeny(id, 0, node, offers[0], DenyReason.Policy));
        Assert.Equal(SeatStatus.Admitted, bench.Job(id).Round.Executors[0].Status);
        Assert.Equal(Refusal.AlreadyReleased, bench.Try(bench.Party("custodian 0"), new ReleaseDeny(id, 0, node, offers[0], DenyReason.Policy)).Refusal);
        Release(bench, id, offers[1]);
        bench.Must(bench.Party("custodian 2"), new ReleaseDeny(id, 0, node, offers[2], DenyReason.Evidence));
        Finish(bench, id);
        Sound(bench);
        Assert.Equal(JobOutcome.KeyDenied, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.SlashedSilent));
        Assert.False(HasLine(bench, LineReason.OfferPaid));
    }

    [Fact]
    public void Shares_of_one_content_do_not_stand_for_another_nor_for_a_whole_key()
    {
        var bench = new Workbench(nodes: 12);
        Digest[] offers = [.. new[] { ("input", 2), ("input", 2), ("code", 2), ("code", 0) }.Select((offer, i) => bench.Must(bench.Owner, new OfferPublish(Share(bench, offer.Item1, i, (byte)offer.Item2))))];
        var id = bench.Post(Workbench.Terms(1) with { Offers = [.. offers.Order()], RedrawsMax = 0 });
        bench.Draw(id);
        bench.Attest(id);
        Release(bench, id, offers[0]);
        Release(bench, id, offers[2]);
        Assert.False(bench.State.HasKeys(bench.Job(id), bench.Job(id).Round.Executors[0]));
        Release(bench, id, offers[1]);
        Assert.False(bench.State.HasKeys(bench.Job(id), bench.Job(id).Round.Executors[0]));
        Release(bench, id, offers[3]);
        Assert.True(bench.State.HasKeys(bench.Job(id), bench.Job(id).Round.Executors[0]));
    }

    [Fact]
    public void An_unsealed_offer_has_no_custodians_and_a_custodians_offer_has_one_encoding()
    {
        var bench = new Workbench(nodes: 1);
        Assert.Equal(Refusal.OutOfBounds, bench.Try(bench.Owner, new OfferPublish(Share(bench, "input", 0, 2) with { Sealed = false })).Refusal);
        var whole = TransactionCodec.EncodeBody(new OfferPublish(Share(bench, "input", 0, 0)));
        var shared = TransactionCodec.EncodeBody(new OfferPublish(Share(bench, "input", 0, 2)));
        Assert.Equal(whole.Length + 1, shared.Length);
        Assert.Equal(Refusal.None, SignedTransaction.TryDecode(TransactionCodec.Encode(bench.Owner.Address, 1, shared, new byte[66]), out var read));
        Assert.Equal(2, ((OfferPublish)read!.Body).Terms.Threshold);
        shared[^1] = 0;
        Assert.NotEqual(Refusal.None, SignedTransaction.TryDecode(TransactionCodec.Encode(bench.Owner.Address, 1, shared, new byte[66]), out _));
    }

    private static OfferTerms Share(Workbench bench, string content, int custodian, byte threshold) => new()
    {
        Kind = OfferKind.Data, Content = Workbench.Content(content), Keeper = bench.Party($"custodian {custodian}").Address, Price = custodian == 0 ? 77u : 0u, LevelMin = Attestation.TrustLevel.Simulated, Threshold = threshold,
    };

    private static (Workbench Bench, Digest[] Offers, Digest Job) Shared(byte threshold, int custodians)
    {
        var bench = new Workbench(nodes: 30);
        Digest[] offers = [.. Enumerable.Range(0, custodians).Select(i => bench.Must(bench.Owner, new OfferPublish(Share(bench, "input", i, threshold))))];
        var id = bench.Post(Workbench.Terms(1) with { Offers = [.. offers.Order()], RedrawsMax = 0 });
        bench.Draw(id);
        bench.Attest(id);
        return (bench, offers, id);
    }

    private static void Release(Workbench bench, Digest id, Digest offer)
    {
        var seat = bench.Job(id).Round.Executors[0];
        var keeper = Enumerable.Range(0, 4).Select(i => bench.Party($"custodian {i}")).First(party => party.Address == bench.State.Offers[offer].Terms.Keeper);
        bench.Must(keeper, new ReleaseRecord(id, 0, seat.Node, offer, seat.Admission, Workbench.Hash($"wrapped {offer}")));
    }

    [Theory]
    [InlineData(DenyReason.Policy)]
    [InlineData(null)]
    public void Whoever_released_a_key_in_vain_is_not_paid(DenyReason? denies)
    {
        // The app's keeper releases, the data's refuses or stays silent: nothing can have run.
        var bench = new Workbench(nodes: 30);
        var (data, app) = (bench.Party("data owner"), bench.Party("app owner"));
        OfferTerms Offer(OfferKind kind, string content, Party owner) => new() { Kind = kind, Content = Workbench.Content(content), Keeper = owner.Address, Price = 77, LevelMin = Attestation.TrustLevel.Simulated };
        var dataOffer = bench.Must(data, new OfferPublish(Offer(OfferKind.Data, "input", data)));
        var appOffer = bench.Must(app, new OfferPublish(Offer(OfferKind.App, "code", app)));
        var id = bench.Post(Workbench.Terms(1) with { Offers = [.. new[] { dataOffer, appOffer }.Order()], RedrawsMax = 0 });
        var before = bench.State.Accounts[bench.Requester.Address].Free;
        bench.Draw(id);
        bench.Attest(id);
        var seat = bench.Job(id).Round.Executors[0];
        bench.Must(app, new ReleaseRecord(id, 0, seat.Node, appOffer, seat.Admission, Workbench.Hash("wrapped")));
        if (denies is { } why)
        {
            bench.Must(data, new ReleaseDeny(id, 0, seat.Node, dataOffer, why));
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.KeyDenied, bench.Closed(id).Outcome);
        Assert.False(HasLine(bench, LineReason.OfferPaid));
        Assert.True(HasLine(bench, LineReason.UnpaidKeyDenied, app.Address));
        Assert.False(HasLine(bench, LineReason.SlashedSilent));
        // It still counts as a use: the key has left the keeper.
        Assert.Equal((1u, 0u), (bench.State.Offers[appOffer].Uses, bench.State.Offers[dataOffer].Uses));
        Assert.True(bench.State.Accounts[bench.Requester.Address].Free > before);
    }

    [Fact]
    public void A_checker_still_judges_where_an_audit_found_no_committee()
    {
        // Every node has executed or is away, so that the audit stays empty; the first committee judges.
        var bench = new Workbench(nodes: 10, rules: Workbench.Rules with { AuditFloor = 1_000_000 });
        var id = bench.Post(Workbench.Terms(1) with { Modes = VerificationModes.Checker, Checker = Workbench.Content("checker") });
        bench.Draw(id);
        bench.Attest(id);
        bench.Run(id);
        bench.Open(id, 0);
        bench.Reach(bench.Job(id).Deadline + 1);
        Assert.Equal(RoundKind.Audit, bench.Job(id).Round.Kind);
        bench.Reach(bench.Job(id).Round.TicketClose + 1);
        Assert.Equal((JobPhase.Judging, 2), (bench.Job(id).Phase, bench.Job(id).Rounds.Count));
        Assert.Equal(Refusal.WrongRound, bench.Try(bench[bench.Job(id).Rounds[0].Verifiers[0].Node], new Judge(id, 1, true, Workbench.Hash("report"))).Refusal);
        foreach (var seat in bench.Job(id).Rounds[0].Verifiers.ToList())
        {
            if (bench.State.OpenJobs.ContainsKey(id))
            {
                bench.Must(bench[seat.Node], new Judge(id, 0, true, Workbench.Hash("report")));
            }
        }

        Finish(bench, id);
        Assert.Equal(JobOutcome.Succeeded, bench.Closed(id).Outcome);
    }

    [Fact]
    public void A_reveal_needs_the_admitted_receipt_key()
    {
        var bench = new Workbench(nodes: 10);
        var id = bench.Post(Workbench.Terms(1));
        bench.Draw(id);
        bench.Attest(id);
        var node = bench[bench.Job(id).Round.Executors[0].Node];
        var other = bench.Nodes.First(any => any != node);
        var statement = Workbench.ResultOf("42");
        var forged = bench.RevealOf(node, id, "42") with { EnclaveSignature = other.Receipt.Sign(Identifiers.Statement(id, 0, node.Address, statement)) };
        Assert.Equal(Refusal.BadEnclaveSignature, bench.Try(node, forged).Refusal);
        Assert.Equal(Refusal.BadEnclaveSignature, bench.Try(node, bench.RevealOf(node, id, "42") with { Statement = statement with { Fuel = 1 } }).Refusal);
        bench.Must(node, bench.RevealOf(node, id, "42"));
    }

    [Fact]
    public void A_copied_commitment_cannot_be_revealed()
    {
        var bench = new Workbench(nodes: 12);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        bench.Attest(id);
        var nodes = bench.Job(id).Round.Executors.Select(seat => bench[seat.Node]).ToList();
        bench.Must(nodes[0], bench.CommitOf(nodes[0], id, "42"));
        bench.Must(nodes[1], bench.CommitOf(nodes[1], id, "42"));
        bench.Must(nodes[2], bench.CommitOf(nodes[0], id, "42"));
        bench.Must(nodes[0], bench.RevealOf(nodes[0], id, "42"));
        var copied = bench.RevealOf(nodes[2], id, "42") with { Nonce = Workbench.NonceOf(nodes[0]) };
        Assert.Equal(Refusal.BadReveal, bench.Try(nodes[2], copied).Refusal);
        bench.Must(nodes[1], bench.RevealOf(nodes[1], id, "42"));
        Finish(bench, id);
        Assert.True(HasLine(bench, LineReason.SlashedNoReveal, nodes[2].Address));
    }

    [Fact]
    public void Holders_come_first_only_where_enough_independent_ones_exist()
    {
        var input = Workbench.Content("input");
        foreach (var (holders, expected) in new[] { (4, true), (2, false) })
        {
            var bench = new Workbench(nodes: 20);
            foreach (var node in bench.Nodes.Take(holders))
            {
                bench.Must(node, new NodeRegister(Workbench.Profile(node, input), Amount.Zero));
            }

            bench.Go(1);
            var id = bench.Post(Workbench.Terms(1) with { LocalityMin = 3, StoragePay = 60 });
            bench.Draw(id, local: node => bench.Nodes.IndexOf(node) < holders);
            var seat = bench.Job(id).Round.Executors[0];
            if (expected)
            {
                Assert.True(seat.Local);
                Assert.Equal(Refusal.BadPossession, bench.Try(bench[seat.Node], bench.EvidenceOf(bench[seat.Node], id) with { Possession = Workbench.Hash("lie") }).Refusal);
            }
            else
            {
                var lowest = bench.Nodes.Select(node => node.Vrf).ToList();
                Assert.NotEmpty(lowest);
            }

            bench.Attest(id);
            bench.Run(id);
            Finish(bench, id);
            Assert.Equal(seat.Local, HasLine(bench, LineReason.StoragePaid));
        }
    }

    [Fact]
    public void One_chip_serves_one_executor()
    {
        var bench = new Workbench(nodes: 10);
        foreach (var node in bench.Nodes.Take(8))
        {
            bench.Must(node, new NodeRegister(Workbench.Profile(node) with { Chip = Workbench.Hash("one chip") }, Amount.Zero));
        }

        bench.Go(1);
        var id = bench.Post(Workbench.Terms(3));
        bench.Draw(id);
        Assert.Equal(3, bench.Job(id).Round.Executors.Count);
        Assert.Equal(3, bench.Job(id).Round.Executors.Select(seat => seat.Chip).Distinct().Count());
    }

    [Fact]
    public void Nothing_can_be_chosen_once_the_beacon_is_known()
    {
        var bench = new Workbench(nodes: 6);
        var id = bench.Post(Workbench.Terms(1));
        bench.Reach(bench.Job(id).Round.BeaconHeight);
        Assert.Equal(Refusal.TooLateToCancel, bench.Try(bench.Requester, new JobCancel(id)).Refusal);
        var node = bench.Nodes[0];
        var old = bench.TicketOf(node, id, DrawRole.Executor)!;

        // A new key or more stake now changes nothing for this draw.
        var other = bench.Party("other key");
        bench.Must(node, new NodeRegister(Workbench.Profile(node) with { VrfKey = other.Vrf.PublicKey }, 500));
        Assert.Equal(Refusal.None, bench.State.Eligibility(bench.Job(id), DrawRole.Executor, node.Address, out var units));
        Assert.Equal(10u, units);
        Assert.Equal(Refusal.BadVrfProof, bench.Try(node, old with { Output = Workbench.Hash("x") }).Refusal);
        bench.Must(node, old);

        // A node that joins now is not eligible.
        var late = bench.Party("late");
        bench.Must(bench.Requester, new Transfer(late.Address, 20_000));
        bench.Must(late, new NodeRegister(Workbench.Profile(late), 10_000));
        Assert.Equal(Refusal.NotEligible, bench.State.Eligibility(bench.Job(id), DrawRole.Executor, late.Address, out _));
    }

    [Fact]
    public void A_window_closes_at_its_height_and_never_when_enough_tickets_are_in()
    {
        var bench = new Workbench(nodes: 12);
        var id = bench.Post(Workbench.Terms(1));
        bench.Reach(bench.Job(id).Round.BeaconHeight);
        foreach (var node in bench.Nodes)
        {
            foreach (var role in new[] { DrawRole.Executor, DrawRole.Verifier })
            {
                _ = bench.Try(node, bench.TicketOf(node, id, role)!);
            }
        }

        while (bench.State.Height < bench.Job(id).Round.TicketClose)
        {
            Assert.Equal(Refusal.NothingDue, bench.Try(new Drive(id)).Refusal);
            Assert.Equal(JobPhase.Drawing, bench.Job(id).Phase);
            bench.Go(1);
        }

        bench.Go(1);
        bench.Must(new Drive(id));
        Assert.Equal(JobPhase.Attesting, bench.Job(id).Phase);
    }

    [Fact]
    public void Cancelling_before_the_beacon_gives_everything_back()
    {
        var bench = new Workbench(nodes: 4);
        var before = bench.State.Accounts[bench.Requester.Address].Free;
        var id = bench.Post(Workbench.Terms(1));
        bench.Must(bench.Requester, new JobCancel(id));
        Assert.Equal(before, bench.State.Accounts[bench.Requester.Address].Free);
        Sound(bench);
    }

    [Fact]
    public void Without_nodes_the_window_widens_and_then_the_escrow_comes_back()
    {
        var bench = new Workbench(nodes: 0);
        var before = bench.State.Accounts[bench.Requester.Address].Free;
        var id = bench.Post(Workbench.Terms(1));
        Finish(bench, id);
        Assert.Equal(JobOutcome.NoExecutors, bench.Closed(id).Outcome);
        Assert.Equal(before, bench.State.Accounts[bench.Requester.Address].Free);
    }
}
