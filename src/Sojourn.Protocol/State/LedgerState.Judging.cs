using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private static IEnumerable<ExecutorSeat> Revealed(JobState job, Func<RoundState, bool> which) =>
        job.Rounds.Where(which).SelectMany(round => round.Executors).Where(seat => seat.Status == SeatStatus.Revealed);

    private static bool IsOriginal(RoundState round) => round.Kind is RoundKind.Primary or RoundKind.Redraw;

    private static (Digest Tag, uint Exit) ResultOf(ExecutorSeat seat) => (seat.Result!.Statement.Tag, seat.Result.Statement.Exit);

    // The largest group of equal results, its size, and how many different results there are.
    private static ((Digest Tag, uint Exit) Result, int Count, int Groups, int Total) Largest(IEnumerable<ExecutorSeat> seats)
    {
        var groups = seats.GroupBy(ResultOf).Select(group => (group.Key, Count: group.Count())).OrderByDescending(group => group.Count).ThenBy(group => group.Key.Tag).ToList();
        return groups.Count == 0 ? (default, 0, 0, 0) : (groups[0].Key, groups[0].Count, groups.Count, groups.Sum(group => group.Count));
    }

    private void EvaluateRound(JobState job)
    {
        var round = job.Round;
        switch (round.Kind)
        {
            case RoundKind.Dispute:
                EvaluateDispute(job);
                return;
            case RoundKind.Audit:
                EvaluateAudit(job);
                return;
            default:
                break;
        }

        var (result, count, groups, _) = Largest(Revealed(job, IsOriginal));
        if (groups > 1)
        {
            Dispute(job);
            return;
        }

        if (count >= job.Terms.Agreeing)
        {
            Agree(job, result);
            return;
        }

        // A machine that lost its enclave or its disk says nothing of the job: others are drawn as for silence.
        var failed = job.Rounds.Where(IsOriginal).Sum(other => other.Executors.Count(seat => seat.Status == SeatStatus.Failed && seat.Fail < FailReason.Resources));
        if (count == 0 && failed >= job.Terms.Agreeing)
        {
            Finish(job, JobOutcome.FailedByExecutors);
            return;
        }

        RedrawOr(job, RoundKind.Redraw, count == 0 ? job.Terms.Executors : job.Terms.Agreeing - count, WhyNoResult(job));
    }

    private JobOutcome WhyNoResult(JobState job)
    {
        var seats = job.Rounds.Where(IsOriginal).SelectMany(round => round.Executors).ToList();
        var admitted = seats.FindAll(seat => !seat.Admission.IsZero);
        return seats.Count == 0 ? JobOutcome.NoExecutors
            : admitted.Count == 0 ? JobOutcome.NotAdmitted
            // A keeper's silence stops a job as its refusal does.
            : !admitted.Exists(seat => HasKeys(job, seat)) ? JobOutcome.KeyDenied
            : JobOutcome.NoResult;
    }

    private void RedrawOr(JobState job, RoundKind kind, int wanted, JobOutcome otherwise)
    {
        if (job.Redraws < job.Terms.RedrawsMax)
        {
            job.Redraws++;
            BeginRound(job, kind, wanted);
        }
        else
        {
            Finish(job, otherwise);
        }
    }

    private void NotStaffed(JobState job)
    {
        var round = job.Round;
        switch (round.Kind)
        {
            case RoundKind.Audit:
                Finish(job, JobOutcome.Succeeded);
                break;
            case RoundKind.Dispute when job.Redraws < job.Terms.RedrawsMax:
                job.Redraws++;
                BeginRound(job, RoundKind.Dispute, round.Wanted);
                break;
            case RoundKind.Dispute:
                ResolveWithoutCommittee(job);
                break;
            case RoundKind.Redraw when round.Wanted == 0:
                Rejudge(job);
                break;
            default:
                RedrawOr(job, RoundKind.Redraw, round.Wanted, WhyNoResult(job));
                break;
        }
    }

    private void Agree(JobState job, (Digest Tag, uint Exit) result)
    {
        job.Agreed = result;
        Emit(EventKind.Agreed, job.Id, job.Round.Index, number: result.Exit, data: result.Tag);
        if (EscrowQuote.CanBeAudited(job.Terms, Rules) && !job.Audited && !job.Disputed)
        {
            job.AuditHeight = Height + Math.Max(1, Rules.AuditDelay);
            AwaitBeacon(job.AuditHeight);
            // The draw is due at the beacon's own height, so the phase ends one height before it.
            Enter(job, JobPhase.AuditDraw, job.AuditHeight - 1);
        }
        else
        {
            Finish(job, JobOutcome.Succeeded);
        }
    }

    /// <summary>The share of a job's runs to be repeated, in parts of a million: what was asked for, never below the floor, and more for executors with a short or a bad record.</summary>
    /// <param name="job">The job.</param>
    public uint AuditShare(JobState job)
    {
        ArgumentNullException.ThrowIfNull(job);
        ulong share = Math.Max(job.Terms.Audit, Rules.AuditFloor);
        ulong factor = 1;
        foreach (var seat in Revealed(job, IsOriginal))
        {
            var record = _nodes[seat.Node].Record;
            ulong own = record.Wrong + record.Proved > 0 ? 8UL : record.Agreed < 16 ? 4UL : record.Agreed < 128 ? 2UL : 1UL;
            factor = Math.Max(factor, own);
        }

        return (uint)Math.Min(1_000_000, share * factor);
    }

    private void DrawAudit(JobState job)
    {
        if (BeaconAt(job.AuditHeight) is not { } beacon)
        {
            // Nobody made the beacon known: a later one decides.
            ForgetBeacon(job.AuditHeight);
            job.AuditHeight = Height + Math.Max(1, Rules.AuditDelay);
            AwaitBeacon(job.AuditHeight);
            Enter(job, JobPhase.AuditDraw, job.AuditHeight - 1);
            return;
        }

        ForgetBeacon(job.AuditHeight);
        if (Identifiers.AuditDraw(beacon, job.Id) < AuditShare(job))
        {
            job.Audited = true;
            Emit(EventKind.Audited, job.Id, job.Round.Index);
            BeginRound(job, RoundKind.Audit, 1);
        }
        else
        {
            Finish(job, JobOutcome.Succeeded);
        }
    }

    private void EvaluateAudit(JobState job)
    {
        var (result, count, _, _) = Largest(Revealed(job, round => round.Kind == RoundKind.Audit));
        if (count == 0)
        {
            Finish(job, JobOutcome.Succeeded);
            return;
        }

        if (result == job.Agreed)
        {
            foreach (var seat in Revealed(job, IsOriginal))
            {
                var node = _nodes[seat.Node];
                node.Record = node.Record with { AuditsPassed = node.Record.AuditsPassed + 1 };
            }

            Finish(job, JobOutcome.Succeeded);
        }
        else
        {
            Dispute(job);
        }
    }

    private void Dispute(JobState job)
    {
        job.Disputed = true;
        Emit(EventKind.Disputed, job.Id, job.Round.Index);
        BeginRound(job, RoundKind.Dispute, EscrowQuote.DisputeSize(job.Terms));
    }

    private void EvaluateDispute(JobState job)
    {
        var (result, count, _, _) = Largest(Revealed(job, round => round.Kind == RoundKind.Dispute));
        if (count >= (2 * job.Round.Executors.Count / 3) + 1)
        {
            job.DisputeDecided = true;
            job.Agreed = result;
            Emit(EventKind.Agreed, job.Id, job.Round.Index, number: result.Exit, data: result.Tag);
            Finish(job, JobOutcome.Succeeded);
        }
        else
        {
            job.Agreed = null;
            Finish(job, JobOutcome.Disagreed);
        }
    }

    // No larger committee can be had: what most of those who ran the job say is paid for, and nothing is proved against the others.
    private void ResolveWithoutCommittee(JobState job)
    {
        var (result, count, _, total) = Largest(Revealed(job, round => round.Kind != RoundKind.Dispute));
        if (count >= job.Terms.Agreeing && 2 * count > total)
        {
            job.Agreed = result;
            Emit(EventKind.Agreed, job.Id, job.Round.Index, number: result.Exit, data: result.Tag);
            Finish(job, JobOutcome.Succeeded);
        }
        else
        {
            job.Agreed = null;
            Finish(job, JobOutcome.Disagreed);
        }
    }

    private void Finish(JobState job, JobOutcome outcome)
    {
        job.Outcome = outcome;
        if (IsJudged(job))
        {
            Close(job);
            return;
        }

        var votes = Height;
        foreach (var round in job.Rounds)
        {
            if (round.Executors.Exists(seat => seat.Evidence is not null && !HasEverybodyVoted(round, seat)))
            {
                votes = Math.Max(votes, round.VoteClose);
            }
        }

        Enter(job, JobPhase.Judging, votes + job.Terms.Windows.Judge);
    }

    // Whether nothing is awaited any more: every vote is cast and opened, the checker has judged, the reviewer has spoken.
    private static bool IsJudged(JobState job)
    {
        foreach (var round in job.Rounds)
        {
            foreach (var seat in round.Executors)
            {
                if (seat.Evidence is null)
                {
                    continue;
                }

                foreach (var vote in seat.Votes)
                {
                    if (vote?.Opened is null)
                    {
                        return false;
                    }
                }
            }
        }

        if (job.Outcome != JobOutcome.Succeeded)
        {
            return true;
        }

        var modes = job.Terms.Modes;
        return (!modes.HasFlag(VerificationModes.Review) || job.Reviewed is not null)
            && (!modes.HasFlag(VerificationModes.KnownAnswer) || job.AnswerOpened || job.Disputed)
            && (!modes.HasFlag(VerificationModes.Checker) || HasEverybodyJudged(job));
    }

    // A quorum decides, but the window stays open for the others: who is slower than a quorum is not silent.
    private static bool HasEverybodyJudged(JobState job) => JudgingRound(job) is { } round && !round.Verifiers.Exists(seat => seat.Judged is null && seat.Seats > 0);

    /// <summary>The round whose committee judges by the checker module: the last one that has a committee, since an audit or a dispute may find none.</summary>
    /// <param name="job">The job.</param>
    public static RoundState? JudgingRound(JobState job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Rounds.FindLast(round => round.Verifiers.Count > 0);
    }

    private static bool? CheckerVerdict(JobState job)
    {
        if (JudgingRound(job) is not { } round)
        {
            return null;
        }

        var accept = 0;
        var reject = 0;
        foreach (var seat in round.Verifiers)
        {
            accept += seat.Judged == true ? seat.Seats : 0;
            reject += seat.Judged == false ? seat.Seats : 0;
        }

        return accept >= round.Quorum ? true : reject >= round.Quorum ? false : null;
    }

    private void AfterJudgement(JobState job)
    {
        if (job.Phase == JobPhase.Judging && IsJudged(job))
        {
            EndJudging(job);
        }
    }

    private void EndJudging(JobState job)
    {
        if (job.Outcome == JobOutcome.Succeeded)
        {
            var verdict = job.Terms.Modes.HasFlag(VerificationModes.Checker) ? CheckerVerdict(job) : true;
            if (verdict == false)
            {
                job.Outcome = JobOutcome.CheckerRejected;
            }
            else if (job.Reviewed == false)
            {
                job.Outcome = JobOutcome.ReviewRejected;
            }
            else if (verdict is null)
            {
                Rejudge(job);
                return;
            }
        }

        Close(job);
    }

    // A committee that keeps silent, or is split, says nothing of the result: another one is drawn, without those who kept silent; the job is not run again. Where none decides, nothing is
    // proved for or against the result: who ran the job has part of the pay, the requester the rest back.
    private void Rejudge(JobState job)
    {
        if (job.Redraws < job.Terms.RedrawsMax)
        {
            job.Redraws++;
            BeginRound(job, RoundKind.Redraw, 0);
        }
        else
        {
            job.Outcome = JobOutcome.Unjudged;
            Close(job);
        }
    }

    // Whether a round's committee was asked to judge: the last one that saw executors, and every one that was drawn after it to judge only.
    private static bool WasAskedToJudge(JobState job, RoundState round)
    {
        if (round.Verifiers.Count == 0)
        {
            return false;
        }

        for (var i = round.Index + 1; i < job.Rounds.Count; i++)
        {
            if (job.Rounds[i].Wanted > 0 && job.Rounds[i].Verifiers.Count > 0)
            {
                return false;
            }
        }

        return true;
    }

    private ApplyResult Do(SignedTransaction signed, Judge body)
    {
        var refusal = FindRound(body.Job, body.Round, out var job, out var round);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (!job!.Terms.Modes.HasFlag(VerificationModes.Checker))
        {
            return Refusal.NotUsed;
        }

        if (job.Phase != JobPhase.Judging || job.Outcome != JobOutcome.Succeeded)
        {
            return Refusal.WrongPhase;
        }

        if (round != JudgingRound(job))
        {
            return Refusal.WrongRound;
        }

        var voter = round!.VerifierIndex(signed.Sender);
        if (voter < 0)
        {
            return Refusal.NotDrawn;
        }

        var seat = round.Verifiers[voter];
        if (seat.Judged is not null)
        {
            return Refusal.AlreadyVoted;
        }

        seat.Judged = body.Accept;
        Emit(EventKind.Judged, job.Id, body.Round, signed.Sender, body.Accept ? 1UL : 0, body.Report);
        AfterJudgement(job);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, Review body)
    {
        var refusal = FindRound(body.Job, 0, out var job, out _);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (!job!.Terms.Modes.HasFlag(VerificationModes.Review))
        {
            return Refusal.NotUsed;
        }

        if (signed.Sender != (job.Terms.Reviewer.IsZero ? job.Requester : job.Terms.Reviewer))
        {
            return Refusal.NotAllowed;
        }

        if (job.Phase != JobPhase.Judging || job.Outcome != JobOutcome.Succeeded)
        {
            return Refusal.WrongPhase;
        }

        if (job.Reviewed is not null)
        {
            return Refusal.AlreadyVoted;
        }

        job.Reviewed = body.Accept;
        Emit(EventKind.Judged, job.Id, job.Round.Index, signed.Sender, body.Accept ? 1UL : 0);
        AfterJudgement(job);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, KnownAnswerOpen body)
    {
        var refusal = FindRound(body.Job, 0, out var job, out _);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (!job!.Terms.Modes.HasFlag(VerificationModes.KnownAnswer))
        {
            return Refusal.NotUsed;
        }

        if (signed.Sender != job.Requester)
        {
            return Refusal.NotAllowed;
        }

        if (job.Phase != JobPhase.Judging || job.Outcome != JobOutcome.Succeeded || job.AnswerOpened || job.Disputed)
        {
            return Refusal.WrongPhase;
        }

        if (Identifiers.KnownAnswer(body.Output, body.Salt) != job.Terms.AnswerCommitment)
        {
            return Refusal.BadAnswer;
        }

        job.AnswerOpened = true;
        var right = Revealed(job, IsOriginal).Any(seat => ResultOf(seat) == job.Agreed && seat.Result!.Statement.Output == body.Output);
        Emit(EventKind.Judged, job.Id, job.Round.Index, signed.Sender, right ? 1UL : 0, body.Output);
        if (right)
        {
            AfterJudgement(job);
        }
        else
        {
            // The requester says so; a larger committee finds out.
            Dispute(job);
        }

        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, EquivocationProof body)
    {
        if (!Contradiction.TryRead(body, GenesisDigest, _context.Signatures, out var found))
        {
            return Refusal.NoContradiction;
        }

        var refusal = FindRound(found.Job, found.Round, out var job, out var round);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (round!.VerifierIndex(found.Node) is var voter && voter >= 0 && found.IsVote)
        {
            if (round.Verifiers[voter].Bond.IsZero)
            {
                return Refusal.Duplicate;
            }

            Emit(EventKind.Proved, job!.Id, round.Index, found.Node, (ulong)LineReason.SlashedEquivocation);
            var bond = round.Verifiers[voter].Bond;
            Release(found.Node, bond);
            round.Verifiers[voter].Bond = Amount.Zero;
            Slash(found.Node, bond, LineReason.SlashedEquivocation, job, round.Index, signed.Sender);
            if (round == job.Round)
            {
                Disqualify(job, round, voter);
            }

            return ApplyResult.Ok;
        }

        if (!found.IsVote && round.Executor(found.Node) is { } seat)
        {
            if (seat.Bond.IsZero)
            {
                return Refusal.Duplicate;
            }

            Emit(EventKind.Proved, job!.Id, round.Index, found.Node, (ulong)LineReason.SlashedEquivocation);
            var bond = seat.Bond;
            Release(found.Node, bond);
            seat.Bond = Amount.Zero;
            Slash(found.Node, bond, LineReason.SlashedEquivocation, job, round.Index, signed.Sender);
            if (round == job.Round && seat.Status is SeatStatus.Drawn or SeatStatus.Evidenced or SeatStatus.Admitted or SeatStatus.Committed)
            {
                seat.Status = SeatStatus.Void;
                AfterSeatChange(job);
            }

            return ApplyResult.Ok;
        }

        return Refusal.NotDrawn;
    }
}
