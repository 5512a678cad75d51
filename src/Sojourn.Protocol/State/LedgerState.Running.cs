using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private ApplyResult Do(SignedTransaction signed, ReleaseRecord body)
    {
        var refusal = FindRelease(signed, body.Job, body.Round, body.Executor, body.Offer, out var job, out var seat, out var index);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (body.Admission != seat!.Admission)
        {
            return Refusal.WrongAdmission;
        }

        if (!job!.OffersUsed[index])
        {
            job.OffersUsed[index] = true;
            var offer = _offers[body.Offer];
            offer.Uses++;
            offer.Pending--;
        }

        seat.Releases.Add(new Release(body.Offer, body.WrappedKey, null));
        Emit(EventKind.Released, job.Id, body.Round, seat.Node, data: body.WrappedKey);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, ReleaseDeny body)
    {
        if (!Enum.IsDefined(body.Reason))
        {
            return Refusal.OutOfBounds;
        }

        var refusal = FindRelease(signed, body.Job, body.Round, body.Executor, body.Offer, out var job, out var seat, out _);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        seat!.Releases.Add(new Release(body.Offer, Digest.Zero, body.Reason));
        if (!CanHaveKeys(job!, seat))
        {
            seat.Status = SeatStatus.NoResult;
        }

        Emit(EventKind.Denied, job!.Id, body.Round, seat.Node, (ulong)body.Reason);
        AfterSeatChange(job);
        return ApplyResult.Ok;
    }

    private Refusal FindRelease(SignedTransaction signed, in Digest id, byte index, in Address executor, in Digest offerId, out JobState? job, out ExecutorSeat? seat, out int at)
    {
        seat = null;
        at = -1;
        var refusal = Find(id, index, out job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        at = job!.Terms.Offers.IndexOf(offerId);
        if (at < 0 || !_offers.TryGetValue(offerId, out var offer) || !offer.Terms.Sealed)
        {
            return Refusal.NoReleaseNeeded;
        }

        if (offer.Terms.Keeper != signed.Sender)
        {
            return Refusal.NotAllowed;
        }

        seat = job.Round.Executor(executor);
        if (seat is null)
        {
            return Refusal.NotDrawn;
        }

        // A key leaves a keeper for an admitted enclave and for nothing else.
        if (seat.Status != SeatStatus.Admitted || (job.Phase != JobPhase.Attesting && job.Phase != JobPhase.Running))
        {
            return Refusal.NotAdmitted;
        }

        foreach (var release in seat.Releases)
        {
            if (release.Offer == offerId)
            {
                return Refusal.AlreadyReleased;
            }
        }

        return Refusal.None;
    }

    /// <summary>Whether every key that a job's offers need was released to an executor: whole, or in as many shares as are enough.</summary>
    /// <param name="job">The job.</param>
    /// <param name="seat">The executor.</param>
    public bool HasKeys(JobState job, ExecutorSeat seat)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(seat);
        return IsEnough(job, seat, ifSilent: false);
    }

    // Whether an executor would have every key if all released who have not denied.
    private bool CanHaveKeys(JobState job, ExecutorSeat seat) => IsEnough(job, seat, ifSilent: true);

    // A custodian's offer that is not answered does no harm where as many others of the same content are as it says.
    private bool IsEnough(JobState job, ExecutorSeat seat, bool ifSilent)
    {
        foreach (var id in job.Terms.Offers)
        {
            var offer = _offers[id];
            if (!offer.Terms.Sealed || IsReleased(seat, id, ifSilent))
            {
                continue;
            }

            var shares = 0;
            foreach (var other in job.Terms.Offers)
            {
                shares += _offers[other] is { Terms.Threshold: > 0 } share && share.ContentKey == offer.ContentKey && IsReleased(seat, other, ifSilent) ? 1 : 0;
            }

            if (offer.Terms.Threshold == 0 || shares < offer.Terms.Threshold)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsReleased(ExecutorSeat seat, in Digest offer, bool ifSilent)
    {
        foreach (var release in seat.Releases)
        {
            if (release.Offer == offer)
            {
                return release.Denied is null;
            }
        }

        return ifSilent;
    }

    private ApplyResult Do(SignedTransaction signed, ResultCommit body)
    {
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var round = job!.Round;
        if ((job.Phase != JobPhase.Attesting && job.Phase != JobPhase.Running) || Height > round.RunClose)
        {
            return Refusal.WrongPhase;
        }

        if (!round.Commits)
        {
            return Refusal.NoCommitmentNeeded;
        }

        if (round.Executor(signed.Sender) is not { } seat)
        {
            return Refusal.NotDrawn;
        }

        if (seat.Status == SeatStatus.Committed)
        {
            return Refusal.AlreadyCommitted;
        }

        if (seat.Status != SeatStatus.Admitted)
        {
            return Refusal.NotAdmitted;
        }

        if (!HasKeys(job, seat))
        {
            return Refusal.KeyNotReleased;
        }

        if (body.Commitment.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        seat.Commitment = body.Commitment;
        seat.Status = SeatStatus.Committed;
        Emit(EventKind.Committed, job.Id, round.Index, seat.Node, data: body.Commitment);
        AfterSeatChange(job);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(VerifiedTransaction transaction, ResultReveal body)
    {
        var sender = transaction.Signed.Sender;
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var round = job!.Round;
        if (round.Executor(sender) is not { } seat)
        {
            return Refusal.NotDrawn;
        }

        if (seat.Status == SeatStatus.Revealed)
        {
            return Refusal.AlreadyRevealed;
        }

        if (round.Commits)
        {
            if (job.Phase != JobPhase.Revealing)
            {
                return Refusal.WrongPhase;
            }

            if (seat.Status != SeatStatus.Committed)
            {
                return Refusal.NoCommitment;
            }

            if (Identifiers.Commitment(job.Id, round.Index, seat.Node, body.Statement, body.Nonce) != seat.Commitment)
            {
                return Refusal.BadReveal;
            }
        }
        else
        {
            if (job.Phase != JobPhase.Running)
            {
                return Refusal.WrongPhase;
            }

            if (seat.Status != SeatStatus.Admitted)
            {
                return Refusal.NotAdmitted;
            }

            if (!HasKeys(job, seat))
            {
                return Refusal.KeyNotReleased;
            }
        }

        var statement = Identifiers.Statement(job.Id, round.Index, seat.Node, body.Statement);
        if (body.EnclaveSignature.Length != 64 || !transaction.VerifyEnclave(_context.Signatures, seat.Evidence!.ReceiptKey, statement))
        {
            return Refusal.BadEnclaveSignature;
        }

        seat.Result = body;
        seat.Status = SeatStatus.Revealed;
        var index = Receipts.Append(body.Statement.Receipt);
        Emit(EventKind.Revealed, job.Id, round.Index, seat.Node, index, body.Statement.Receipt);
        AfterSeatChange(job);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(SignedTransaction signed, ResultFail body)
    {
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (!Enum.IsDefined(body.Reason))
        {
            return Refusal.OutOfBounds;
        }

        if (job!.Phase != JobPhase.Attesting && job.Phase != JobPhase.Running)
        {
            return Refusal.WrongPhase;
        }

        if (job.Round.Executor(signed.Sender) is not { } seat)
        {
            return Refusal.NotDrawn;
        }

        if (seat.Status is not (SeatStatus.Drawn or SeatStatus.Evidenced or SeatStatus.Admitted))
        {
            return Refusal.WrongPhase;
        }

        seat.Fail = body.Reason;
        seat.Status = SeatStatus.Failed;
        Emit(EventKind.Failed, job.Id, body.Round, seat.Node, (ulong)body.Reason);
        AfterSeatChange(job);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(Drive body)
    {
        var refusal = Find(body.Job, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (Height <= job!.Deadline)
        {
            return Refusal.NothingDue;
        }

        var round = job.Round;
        switch (job.Phase)
        {
            case JobPhase.Drawing:
                Select(job);
                break;
            case JobPhase.Attesting when Height <= round.VoteClose:
                Mark(round, SeatStatus.Drawn, SeatStatus.NoEvidence);
                Enter(job, JobPhase.Attesting, round.VoteClose);
                AfterSeatChange(job);
                break;
            case JobPhase.Attesting:
                Mark(round, SeatStatus.Drawn, SeatStatus.NoEvidence);
                foreach (var seat in round.Executors)
                {
                    if (seat.Status == SeatStatus.Evidenced)
                    {
                        seat.Status = SeatStatus.Refused;
                        Emit(EventKind.NotAdmitted, job.Id, round.Index, seat.Node);
                    }
                }

                AfterSeatChange(job);
                break;
            case JobPhase.Running:
                Mark(round, SeatStatus.Admitted, SeatStatus.NoResult);
                AfterSeatChange(job);
                break;
            case JobPhase.Revealing:
                Mark(round, SeatStatus.Committed, SeatStatus.NoReveal);
                AfterSeatChange(job);
                break;
            case JobPhase.AuditDraw:
                DrawAudit(job);
                break;
            case JobPhase.Judging:
                EndJudging(job);
                break;
            default:
                throw new InvalidOperationException($"A closed job is not driven ({job.Id}).");
        }

        return ApplyResult.Ok;
    }

    private static void Mark(RoundState round, SeatStatus from, SeatStatus to)
    {
        foreach (var seat in round.Executors)
        {
            if (seat.Status == from)
            {
                seat.Status = to;
            }
        }
    }

    private static bool Has(RoundState round, SeatStatus status) => round.Executors.Exists(seat => seat.Status == status);

    // Goes on as soon as nobody's move is awaited. Windows of draws never end early; this one may, because the set of those who may still move is known and empty.
    private void AfterSeatChange(JobState job)
    {
        var round = job.Round;
        if (job.Phase == JobPhase.Attesting && !Has(round, SeatStatus.Drawn) && !Has(round, SeatStatus.Evidenced))
        {
            if (Has(round, SeatStatus.Admitted) || Has(round, SeatStatus.Committed))
            {
                Enter(job, JobPhase.Running, round.Commits ? round.RunClose : round.RevealClose);
            }
            else
            {
                EvaluateRound(job);
                return;
            }
        }

        if (job.Phase == JobPhase.Running && !Has(round, SeatStatus.Admitted))
        {
            if (Has(round, SeatStatus.Committed))
            {
                Enter(job, JobPhase.Revealing, round.RevealClose);
            }
            else
            {
                EvaluateRound(job);
                return;
            }
        }

        if (job.Phase == JobPhase.Revealing && !Has(round, SeatStatus.Committed))
        {
            EvaluateRound(job);
        }
    }
}
