using System.Buffers.Binary;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private Amount _paid;

    // Everything that money does at the end of a job happens here, once.
    private void Close(JobState job)
    {
        _paid = Amount.Zero;
        var cost = DisputeCost(job);
        foreach (var round in job.Rounds)
        {
            foreach (var seat in round.Executors)
            {
                SettleExecutor(job, round, seat, ref cost);
            }

            for (var i = 0; i < round.Verifiers.Count; i++)
            {
                SettleVerifier(job, round, i);
            }
        }

        SettleOffers(job);
        SettleStorage(job);
        var rest = job.Escrow;
        job.Escrow = Amount.Zero;
        Escrowed -= rest;
        Account(job.Requester).Free += rest;
        Line(LineReason.Refunded, job.Requester, rest, job.Id);

        job.Phase = JobPhase.Closed;
        job.ClosedAt = Height;
        job.Deadline = ulong.MaxValue;
        _jobs.Remove(job.Id);
        var output = Digest.Zero;
        if (job.Outcome == JobOutcome.Succeeded)
        {
            // A seat may have been struck since for a false ticket: the result that it found stays the job's.
            output = job.Rounds.SelectMany(round => round.Executors).First(seat => seat.Result is not null && ResultOf(seat) == job.Agreed).Result!.Statement.Output;
        }

        var closed = new ClosedJob(job.Id, job.Requester, job.Outcome, Height, output, job.Agreed?.Tag ?? Digest.Zero, _paid);
        _closed.Add(closed);
        ClosedDigest = new ProtocolHash("sojourn/closed/1").Add(ClosedDigest).Add(closed.Id).Add(closed.Requester).Add((ulong)closed.Outcome)
            .Add(closed.ClosedAt).Add(closed.Output).Add(closed.Tag).Add(closed.Paid).Finish();
        Emit(EventKind.Closed, job.Id, job.Rounds.Count > 0 ? job.Round.Index : (byte)0, job.Requester, (ulong)job.Outcome, output);
        _context.Closed.Add(job);
    }

    private static Amount DisputeCost(JobState job)
    {
        var cost = Amount.Zero;
        foreach (var round in job.Rounds)
        {
            if (round.Kind == RoundKind.Dispute)
            {
                cost += (job.Terms.ExecutorPay * (ulong)round.Executors.Count) + (job.Terms.VerifierPay * (ulong)round.CommitteeSeats);
            }
        }

        return cost;
    }

    private void Release(in Address node, Amount bond)
    {
        var state = _nodes[node];
        state.Engaged -= bond;
    }

    private void SettleExecutor(JobState job, RoundState round, ExecutorSeat seat, ref Amount cost)
    {
        Release(seat.Node, seat.Bond);
        var node = _nodes[seat.Node];
        var pay = job.Terms.ExecutorPay;
        void NotPaid(LineReason reason) => Line(reason, seat.Node, Amount.Zero, job.Id, round.Index);
        switch (seat.Status)
        {
            case SeatStatus.Revealed when job.Agreed is null:
                // Too few results, or no committee could decide: the work was done, and nothing is proved.
                Pay(job, seat.Node, pay.Share(Rules.FailShare, 10_000), LineReason.FailPaid, round.Index);
                break;
            case SeatStatus.Revealed when ResultOf(seat) == job.Agreed:
                node.Record = node.Record with { Agreed = node.Record.Agreed + 1 };
                if (job.Outcome == JobOutcome.CheckerRejected)
                {
                    NotPaid(LineReason.UnpaidChecker);
                }
                else if (job.Outcome == JobOutcome.Unjudged)
                {
                    Pay(job, seat.Node, pay.Share(Rules.FailShare, 10_000), LineReason.FailPaid, round.Index);
                }
                else if (job.Outcome == JobOutcome.ReviewRejected && IsOriginal(round))
                {
                    Pay(job, seat.Node, pay.Share(Rules.ReviewFloorShare, 10_000), LineReason.ReviewFloorPaid, round.Index);
                }
                else
                {
                    var reason = round.Kind switch { RoundKind.Dispute => LineReason.DisputePaid, RoundKind.Audit => LineReason.AuditorPaid, _ => LineReason.ExecutorPaid };
                    Pay(job, seat.Node, pay, reason, round.Index);
                }

                break;
            case SeatStatus.Revealed:
                NotPaid(LineReason.UnpaidWrongResult);
                if (job.DisputeDecided)
                {
                    node.Record = node.Record with { Wrong = node.Record.Wrong + 1 };
                    var taken = Slash(seat.Node, seat.Bond, LineReason.SlashedWrongResult, job, round.Index, null, cost);
                    cost -= taken < cost ? taken : cost;
                }

                break;
            case SeatStatus.Failed:
                node.Record = node.Record with { Failed = node.Record.Failed + 1 };
                // A machine's own failure says nothing of the job and earns nothing: what the escrow is for is counted without it.
                if (job.Outcome == JobOutcome.FailedByExecutors && seat.Fail < FailReason.Resources)
                {
                    Pay(job, seat.Node, pay.Share(Rules.FailShare, 10_000), LineReason.FailPaid, round.Index);
                }
                else
                {
                    NotPaid(LineReason.UnpaidFailed);
                }

                break;
            case SeatStatus.NoEvidence:
                Silent(LineReason.UnpaidNoEvidence);
                break;
            case SeatStatus.NoResult when HasKeys(job, seat):
                Silent(LineReason.UnpaidNoResult);
                break;
            case SeatStatus.NoResult:
                NotPaid(LineReason.UnpaidKeyDenied);
                break;
            case SeatStatus.NoReveal:
                node.Record = node.Record with { Silent = node.Record.Silent + 1 };
                NotPaid(LineReason.UnpaidNoReveal);
                Slash(seat.Node, seat.Bond, LineReason.SlashedNoReveal, job, round.Index, null);
                break;
            case SeatStatus.Void:
                // Whoever plants spends a seat: that costs what silence costs.
                Silent(LineReason.UnpaidNotAdmitted);
                break;
            case SeatStatus.Refused:
                NotPaid(LineReason.UnpaidNotAdmitted);
                break;
            default:
                NotPaid(LineReason.UnpaidJobEnded);
                break;
        }

        void Silent(LineReason reason)
        {
            node.Record = node.Record with { Silent = node.Record.Silent + 1 };
            NotPaid(reason);
            Slash(seat.Node, seat.Bond.Share(Rules.SilentExecutorShare, 10_000), LineReason.SlashedSilent, job, round.Index, null);
        }
    }

    private void SettleVerifier(JobState job, RoundState round, int index)
    {
        var seat = round.Verifiers[index];
        Release(seat.Node, seat.Bond);
        var node = _nodes[seat.Node];
        var due = 0;
        var missed = 0;
        var reason = LineReason.VerifierPaid;
        foreach (var executor in round.Executors)
        {
            if (executor.Evidence is null)
            {
                continue;
            }

            due++;
            var vote = executor.Votes[index];
            if (vote is null)
            {
                missed++;
                continue;
            }

            if (executor.Status == SeatStatus.Void && vote.Verdict == VoteVerdict.Accept)
            {
                reason = LineReason.UnpaidOutvoted;
            }
            else if (vote.Opened is not { } opened)
            {
                reason = LineReason.UnpaidNotOpened;
            }
            else if (executor.Status != SeatStatus.Void && (vote.Verdict == VoteVerdict.Accept) == executor.Admission.IsZero)
            {
                reason = reason == LineReason.VerifierPaid ? LineReason.UnpaidOutvoted : reason;
            }
            else if (MarkOf(opened) != CommonAppraisal(round, executor, vote.Verdict == VoteVerdict.Accept))
            {
                reason = reason == LineReason.VerifierPaid ? LineReason.UnpaidOtherAppraisal : reason;
            }
        }

        var judges = job.Terms.Modes.HasFlag(VerificationModes.Checker) && job.Agreed is not null && job.Outcome != JobOutcome.Disagreed && WasAskedToJudge(job, round);
        if (judges && seat.Judged is null)
        {
            missed++;
        }
        else if (judges && CheckerVerdict(job) is { } verdict && seat.Judged != verdict)
        {
            reason = LineReason.UnpaidOutvoted;
        }

        if (due == 0 && !judges)
        {
            return;
        }

        if (seat.Bond.IsZero || seat.Seats == 0)
        {
            // Shown to have contradicted itself, or to have no place here; it has lost its bond already.
            Line(LineReason.UnpaidOutvoted, seat.Node, Amount.Zero, job.Id, round.Index);
            return;
        }

        if (missed > 0)
        {
            node.Record = node.Record with { VotesMissed = node.Record.VotesMissed + 1 };
            Line(LineReason.UnpaidNoVote, seat.Node, Amount.Zero, job.Id, round.Index);
            Slash(seat.Node, Rules.SilentVerifierPenalty * (ulong)seat.Seats, LineReason.SlashedNoVote, job, round.Index, null);
        }
        else if (reason == LineReason.VerifierPaid)
        {
            node.Record = node.Record with { Voted = node.Record.Voted + 1 };
            Pay(job, seat.Node, job.Terms.VerifierPay * (ulong)seat.Seats, reason, round.Index);
        }
        else
        {
            Line(reason, seat.Node, Amount.Zero, job.Id, round.Index);
        }
    }

    // What most seats of one side opened; nobody can have copied it, since votes were salted and openings came after the last vote.
    private static uint? CommonAppraisal(RoundState round, ExecutorSeat executor, bool accepting)
    {
        uint? best = null;
        var bestSeats = 0;
        for (var i = 0; i < round.Verifiers.Count; i++)
        {
            if (executor.Votes[i] is not { Opened: { } opened } vote || (vote.Verdict == VoteVerdict.Accept) != accepting)
            {
                continue;
            }

            var mark = MarkOf(opened);
            var seats = 0;
            for (var j = 0; j < round.Verifiers.Count; j++)
            {
                if (executor.Votes[j] is { Opened: { } other } otherVote && MarkOf(other) == mark && (otherVote.Verdict == VoteVerdict.Accept) == accepting)
                {
                    seats += round.Verifiers[j].Seats;
                }
            }

            if (seats > bestSeats || (seats == bestSeats && mark < best))
            {
                (best, bestSeats) = (mark, seats);
            }
        }

        return best;
    }

    // A chain keeps 32 bits of an opened appraisal: the whole was committed to before any could be known, so that only equality among honest ones is asked.
    private static uint MarkOf(in Digest appraisal) => BinaryPrimitives.ReadUInt32BigEndian(appraisal.AsSpan());

    // An owner is paid for what could be used: where no executor ever had all keys, nothing ran, and whoever released in vain lost nothing either. Where the shares of some custodians
    // were enough, the owner's price is due whichever of their offers it stands in.
    private void SettleOffers(JobState job)
    {
        var ran = job.Rounds.Exists(round => round.Executors.Exists(seat => !seat.Admission.IsZero && HasKeys(job, seat)));
        for (var i = 0; i < job.Terms.Offers.Length; i++)
        {
            var offer = _offers[job.Terms.Offers[i]];
            if (!job.OffersUsed[i])
            {
                offer.Pending--;
            }

            if (job.OffersUsed[i] && !ran)
            {
                Line(LineReason.UnpaidKeyDenied, offer.Owner, Amount.Zero, job.Id);
            }
            else if (job.OffersUsed[i] || (ran && offer.Terms.Threshold != 0) || (!offer.Terms.Sealed && job.Outcome == JobOutcome.Succeeded))
            {
                if (!offer.Terms.Sealed)
                {
                    offer.Uses++;
                }

                Pay(job, offer.Owner, job.Prices[i], LineReason.OfferPaid, 0);
            }
        }
    }

    private void SettleStorage(JobState job)
    {
        if (job.Terms.StoragePay.IsZero || job.Outcome != JobOutcome.Succeeded)
        {
            return;
        }

        if (!job.Terms.StorageNode.IsZero)
        {
            Pay(job, job.Terms.StorageNode, job.Terms.StoragePay, LineReason.StoragePaid, 0);
            return;
        }

        var holders = Revealed(job, IsOriginal).Where(seat => seat.Local && ResultOf(seat) == job.Agreed).ToList();
        foreach (var holder in holders)
        {
            Pay(job, holder.Node, job.Terms.StoragePay / (ulong)holders.Count, LineReason.StoragePaid, 0);
        }
    }

    private void Pay(JobState job, in Address to, Amount amount, LineReason reason, byte round)
    {
        if (job.Escrow < amount)
        {
            throw new InvalidOperationException($"The escrow of job {job.Id} falls short of {amount} for {reason}.");
        }

        job.Escrow -= amount;
        Escrowed -= amount;
        var share = amount.Share(Rules.TreasuryShare, 10_000);
        Treasury += share;
        AddCredit(to, amount - share);
        _paid += amount;
        Line(reason, to, amount - share, job.Id, round);
        if (!share.IsZero)
        {
            Line(LineReason.TreasuryPaid, to, share, job.Id, round);
        }
    }

    // Takes from a node's stake: first the requester is made good, then whoever showed the proof gets a share, the rest is the treasury's.
    private Amount Slash(in Address address, Amount amount, LineReason reason, JobState job, byte round, Address? reporter, Amount compensation = default)
    {
        var node = _nodes[address];
        var taken = amount < node.Stake ? amount : node.Stake;
        if (taken.IsZero)
        {
            return taken;
        }

        node.Stake -= taken;
        Line(reason, address, taken, job.Id, round);
        var rest = taken;
        var good = compensation < rest ? compensation : rest;
        if (!good.IsZero)
        {
            rest -= good;
            AddCredit(job.Requester, good);
            Line(LineReason.Compensated, job.Requester, good, job.Id, round);
        }

        if (reporter is { } to && to != address && !to.IsZero)
        {
            var share = rest.Share(Rules.ReporterShare, 10_000);
            rest -= share;
            AddCredit(to, share);
            Line(LineReason.ReporterPaid, to, share, job.Id, round);
        }

        Treasury += rest;
        if (reason is LineReason.SlashedWrongVote or LineReason.SlashedEquivocation or LineReason.SlashedFalseTicket)
        {
            node.Record = node.Record with { Proved = node.Record.Proved + 1 };
        }

        return taken;
    }

    private ApplyResult Do(SignedTransaction signed, BatchPost body)
    {
        if (body.Count is 0 or > 1 << 20 || body.Total.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        var cost = body.Total + Rules.PostFee;
        if (body.Total > Settlement.EscrowQuote.AmountMax)
        {
            return Refusal.Overflow;
        }

        if (FreeOf(signed.Sender) < cost)
        {
            return Refusal.InsufficientFunds;
        }

        var id = Identifiers.Batch(GenesisDigest, signed.Sender, signed.Nonce);
        Account(signed.Sender).Free -= cost;
        Treasury += Rules.PostFee;
        Escrowed += body.Total;
        _batches.Add(id, new BatchState(id, signed.Sender, body.Root, body.Count, body.Total, Height + Rules.BatchClaimHeights));
        Emit(EventKind.Batch, id, account: signed.Sender, number: body.Jobs, data: body.Root);
        Line(LineReason.PostFee, signed.Sender, Rules.PostFee, id);
        Line(LineReason.BatchEscrowed, signed.Sender, body.Total, id);
        return new ApplyResult(Refusal.None, id);
    }

    private ApplyResult Do(BatchClaim body)
    {
        if (!_batches.TryGetValue(body.Batch, out var batch))
        {
            return Refusal.UnknownBatch;
        }

        if (Height > batch.ClosesAt)
        {
            return Refusal.BatchWindow;
        }

        if (body.Index >= batch.Count || body.Path.IsDefault || body.Path.Length > 20 || body.To.IsZero)
        {
            return Refusal.OutOfBounds;
        }

        if (batch.IsClaimed(body.Index))
        {
            return Refusal.AlreadyClaimed;
        }

        var leaf = Identifiers.BatchLeaf(batch.Poster, body.Index, body.To, body.Amount, body.Details);
        if (!Settlement.PaymentBatch.Leads(leaf, body.Index, batch.Count, body.Path.AsSpan(), batch.Root) || body.Amount > batch.Rest)
        {
            return Refusal.BadProof;
        }

        batch.Claimed[body.Index >> 6] |= 1UL << (int)(body.Index & 63);
        batch.Rest -= body.Amount;
        Escrowed -= body.Amount;
        AddCredit(body.To, body.Amount);
        Line(LineReason.BatchClaimed, body.To, body.Amount, batch.Id);
        return ApplyResult.Ok;
    }

    private ApplyResult Do(BatchClose body)
    {
        if (!_batches.TryGetValue(body.Batch, out var batch))
        {
            return Refusal.UnknownBatch;
        }

        if (Height <= batch.ClosesAt && !batch.Rest.IsZero)
        {
            return Refusal.BatchWindow;
        }

        Escrowed -= batch.Rest;
        Account(batch.Poster).Free += batch.Rest;
        Line(LineReason.BatchRefunded, batch.Poster, batch.Rest, batch.Id);
        Emit(EventKind.Batch, batch.Id, account: batch.Poster);
        _batches.Remove(batch.Id);
        return ApplyResult.Ok;
    }

    /// <summary>Whether the books balance: free and credited tokens, stakes, escrows and the treasury add up to the tokens held.</summary>
    public bool IsConserved
    {
        get
        {
            var sum = Treasury.Units;
            foreach (var account in _accounts.Values)
            {
                sum += account.Free.Units + account.Credits.Units;
            }

            foreach (var node in _nodes.Values)
            {
                sum += node.Stake.Units + node.Unbonding.Units;
            }

            UInt128 escrowed = 0;
            foreach (var job in _jobs.Values)
            {
                escrowed += job.Escrow.Units;
            }

            foreach (var batch in _batches.Values)
            {
                escrowed += batch.Rest.Units;
            }

            return escrowed == Escrowed.Units && sum + escrowed == TokensHeld.Units;
        }
    }
}
