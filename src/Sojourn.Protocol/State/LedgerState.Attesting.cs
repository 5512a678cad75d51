using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private ApplyResult Do(SignedTransaction signed, EvidencePublish body)
    {
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var round = job!.Round;
        if (job.Phase != JobPhase.Attesting || Height > round.EvidenceClose)
        {
            return Refusal.WrongPhase;
        }

        if (round.Executor(signed.Sender) is not { } seat)
        {
            return Refusal.NotDrawn;
        }

        if (seat.Status != SeatStatus.Drawn)
        {
            return Refusal.EvidenceExists;
        }

        if (body.HpkeKey.Length is 0 or > 133 || body.ReceiptKey.Length != 33)
        {
            return Refusal.BadKey;
        }

        if (seat.Local ? Identifiers.Possession(seat.Node, body.Possession) != seat.Possession : !body.Possession.IsZero)
        {
            return Refusal.BadPossession;
        }

        seat.Evidence = body;
        seat.Status = SeatStatus.Evidenced;
        Emit(EventKind.EvidencePublished, job.Id, round.Index, seat.Node, data: body.EvidenceDigest);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, VoteCast body)
    {
        // Votes may come until their window closes, even when a quorum was reached before; so the round, not the phase, decides.
        var refusal = FindRound(body.Job, body.Round, out var job, out var round);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var voter = round!.VerifierIndex(signed.Sender);
        if (voter < 0)
        {
            return Refusal.NotDrawn;
        }

        if (Height > round.VoteClose)
        {
            return Refusal.VotingClosed;
        }

        if (body.Votes.IsDefaultOrEmpty || body.Votes.Length > round.Executors.Count)
        {
            return Refusal.BadList;
        }

        for (var i = 0; i < body.Votes.Length; i++)
        {
            var vote = body.Votes[i];
            if (i > 0 && body.Votes[i - 1].Executor.CompareTo(vote.Executor) >= 0)
            {
                return Refusal.BadList;
            }

            if (!Enum.IsDefined(vote.Verdict))
            {
                return Refusal.OutOfBounds;
            }

            if (round.Executor(vote.Executor) is not { } seat)
            {
                return Refusal.NotDrawn;
            }

            if (seat.Evidence is null)
            {
                return Refusal.NoEvidence;
            }

            if (seat.Votes[voter] is not null)
            {
                return Refusal.AlreadyVoted;
            }
        }

        var seats = round.Verifiers[voter].Seats;
        foreach (var vote in body.Votes)
        {
            var seat = round.Executor(vote.Executor)!;
            seat.Votes[voter] = new CastVote(vote.Verdict, vote.Appraisal, null);
            seat.Voting += seats;
            seat.Accepting += vote.Verdict == VoteVerdict.Accept ? seats : 0;
            Emit(EventKind.Voted, job!.Id, round.Index, signed.Sender, (ulong)vote.Verdict, vote.Appraisal);
            if (seat.Status == SeatStatus.Evidenced && seat.Accepting >= round.Quorum)
            {
                seat.Status = SeatStatus.Admitted;
                seat.Admission = Identifiers.Admission(job.Id, round.Index, seat.Node, seat.Evidence!.EvidenceDigest);
                seat.AdmittedAt = Height;
                Emit(EventKind.Admitted, job.Id, round.Index, seat.Node, data: seat.Admission);
            }
            else if (seat.Status == SeatStatus.Evidenced && seat.Voting - seat.Accepting > round.CommitteeSeats - round.Quorum)
            {
                seat.Status = SeatStatus.Refused;
                Emit(EventKind.NotAdmitted, job.Id, round.Index, seat.Node);
            }
        }

        AfterSeatChange(job!);
        return ApplyResult.Ok;
    }

    // A round of an open job, whatever its phase; for what may still come after the job has gone on.
    private Refusal FindRound(in Digest id, byte index, out JobState? job, out RoundState? round)
    {
        round = null;
        var refusal = Find(id, out job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (Height > job!.Deadline)
        {
            return Refusal.MustBeDriven;
        }

        if (index >= job.Rounds.Count)
        {
            return Refusal.WrongRound;
        }

        round = job.Rounds[index];
        return Refusal.None;
    }

    private static bool HasEverybodyVoted(RoundState round, ExecutorSeat seat)
    {
        _ = round;
        return seat.Evidence is not null && !Array.Exists(seat.Votes, vote => vote is null);
    }

    // Whether appraisals on an executor may be opened: nobody can copy them into a vote any more.
    private bool IsVotingClosed(RoundState round, ExecutorSeat seat) => Height > round.VoteClose || HasEverybodyVoted(round, seat);

    private ApplyResult Do(SignedTransaction signed, AppraisalOpen body)
    {
        var refusal = FindRound(body.Job, body.Round, out var job, out var round);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var voter = round!.VerifierIndex(signed.Sender);
        if (voter < 0)
        {
            return Refusal.NotDrawn;
        }

        if (body.Openings.IsDefaultOrEmpty || body.Openings.Length > round.Executors.Count)
        {
            return Refusal.BadList;
        }

        for (var i = 0; i < body.Openings.Length; i++)
        {
            var opening = body.Openings[i];
            if (i > 0 && body.Openings[i - 1].Executor.CompareTo(opening.Executor) >= 0)
            {
                return Refusal.BadList;
            }

            if (round.Executor(opening.Executor) is not { } seat || seat.Votes[voter] is not { } vote || vote.Opened is not null)
            {
                return Refusal.NoVote;
            }

            if (!IsVotingClosed(round, seat))
            {
                return Refusal.VotingOpen;
            }

            if (Identifiers.Appraisal(job!.Id, round.Index, opening.Executor, signed.Sender, opening.Appraisal, opening.Salt) != vote.Appraisal)
            {
                return Refusal.BadOpening;
            }
        }

        foreach (var opening in body.Openings)
        {
            var seat = round.Executor(opening.Executor)!;
            seat.Votes[voter] = seat.Votes[voter]! with { Opened = opening.Appraisal };
            Emit(EventKind.Opened, job!.Id, round.Index, signed.Sender, data: opening.Appraisal);
        }

        AfterJudgement(job!);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, PlantOpen body)
    {
        var refusal = FindRound(body.Job, body.Round, out var job, out var round);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (round!.Executor(signed.Sender) is not { Evidence: { } evidence } seat)
        {
            return Refusal.NotDrawn;
        }

        if (!IsVotingClosed(round, seat))
        {
            return Refusal.VotingOpen;
        }

        var mark = Identifiers.PlantMark(job!.Id, round.Index, seat.Node, body.Salt);
        if (seat.Status is SeatStatus.Void or SeatStatus.Revealed or SeatStatus.Committed || Digest.Of(body.Evidence.Span) != evidence.EvidenceDigest
            || !PlantedEvidence.Carries(body.Evidence.Span, mark))
        {
            return Refusal.NotPlanted;
        }

        seat.Status = SeatStatus.Void;
        for (var i = 0; i < round.Verifiers.Count; i++)
        {
            if (seat.Votes[i] is { Verdict: VoteVerdict.Accept })
            {
                var verifier = round.Verifiers[i];
                Emit(EventKind.Proved, job.Id, round.Index, verifier.Node, (ulong)LineReason.SlashedWrongVote);
                Slash(verifier.Node, verifier.Bond, LineReason.SlashedWrongVote, job, round.Index, signed.Sender);
            }
        }

        AfterSeatChange(job);
        return ApplyResult.Ok;
    }

    // A verifier whose ticket was false: its votes do not count, and admissions that rested on them fall while they still can.
    private void Disqualify(JobState job, RoundState round, int verifier)
    {
        var seats = round.Verifiers[verifier].Seats;
        foreach (var seat in round.Executors)
        {
            if (seat.Votes[verifier] is not { } vote)
            {
                continue;
            }

            seat.Voting -= seats;
            seat.Accepting -= vote.Verdict == VoteVerdict.Accept ? seats : 0;
            seat.Votes[verifier] = vote with { Verdict = VoteVerdict.Unavailable };
            if (seat.Status == SeatStatus.Admitted && seat.Accepting < round.Quorum && !seat.Releases.Exists(release => release.Denied is null))
            {
                seat.Status = SeatStatus.Refused;
                Emit(EventKind.NotAdmitted, job.Id, round.Index, seat.Node);
            }
        }

        round.Verifiers[verifier].Seats = 0;
        AfterSeatChange(job);
    }
}
