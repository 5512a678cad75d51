using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Views;

/// <summary>Makes views of the state; the caller holds whatever lock the state needs.</summary>
public static class ViewFactory
{
    /// <summary>An account.</summary>
    /// <param name="state">The state.</param>
    /// <param name="address">Whose.</param>
    public static AccountView Account(LedgerState state, in Address address)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Nodes.TryGetValue(address, out var node);
        var (stake, unbonding) = (node?.Stake ?? Amount.Zero, node?.Unbonding ?? Amount.Zero);
        if (!state.Accounts.TryGetValue(address, out var account))
        {
            return new AccountView(address, Amount.Zero, Amount.Zero, Amount.Zero, stake, unbonding, 0);
        }

        var rolled = account.Copy();
        rolled.Roll(state.CreditEpoch);
        return new AccountView(address, rolled.Free, rolled.CreditNew + rolled.CreditWithheld, rolled.CreditMature, stake, unbonding, rolled.Nonce);
    }

    /// <summary>A node.</summary>
    /// <param name="node">The node.</param>
    public static NodeView Node(NodeState node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new NodeView(node.Address, node.Current.Profile, node.Current.Units, node.Current.Since, node.Stake, node.Engaged, node.Record);
    }

    /// <summary>An offer.</summary>
    /// <param name="offer">The offer.</param>
    public static OfferView Offer(OfferState offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return new OfferView(offer.Id, offer.Owner, offer.Terms, offer.Withdrawn, offer.Uses, offer.Draws);
    }

    /// <summary>A job.</summary>
    /// <param name="state">The state.</param>
    /// <param name="job">The job.</param>
    public static JobView Job(LedgerState state, JobState job)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(job);
        return new JobView(job.Id, job.Requester, job.Terms, job.PostedAt, job.Phase, job.Deadline, job.Outcome, job.ClosedAt, job.Escrow, job.Agreed?.Tag, job.Agreed?.Exit,
            job.Disputed, job.Audited, [.. job.Rounds.Select(round => Round(state, job, round))]) { Nonce = job.Nonce };
    }

    /// <summary>A job in one line.</summary>
    /// <param name="job">The job.</param>
    public static JobSummary Summary(JobState job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return new JobSummary(job.Id, job.Requester, job.Phase, job.Outcome, job.PostedAt, Digest.Zero);
    }

    /// <summary>A closed job in one line.</summary>
    /// <param name="job">The job.</param>
    public static JobSummary Summary(in ClosedJob job) => new(job.Id, job.Requester, JobPhase.Closed, job.Outcome, job.ClosedAt, job.Output);

    /// <summary>An invitation to a draw.</summary>
    /// <param name="state">The state.</param>
    /// <param name="id">The job.</param>
    /// <param name="role">The role.</param>
    /// <param name="node">The node.</param>
    public static DrawInvitation Invitation(LedgerState state, in Digest id, DrawRole role, in Address node)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!state.OpenJobs.TryGetValue(id, out var job))
        {
            return new DrawInvitation(state.ClosedJobs.TryGet(id, out _) ? Refusal.JobClosed : Refusal.UnknownJob, 0, null, 0, 0, false);
        }

        var refusal = job.Phase != JobPhase.Drawing ? Refusal.WrongPhase : state.Height > job.Deadline ? Refusal.MustBeDriven : state.Eligibility(job, role, node, out _);
        var alpha = state.TicketAlpha(job, role);
        state.Eligibility(job, role, node, out var units);
        if (refusal == Refusal.None && alpha is null)
        {
            refusal = Refusal.BeaconUnknown;
        }

        var holds = state.Nodes.TryGetValue(node, out var known) && known.At(job.Round.Snapshot) is { } version && job.Terms.Inputs.Length > 0
            && job.Terms.Inputs.All(input => version.Profile.Pins.AsSpan().BinarySearch(ContentKey.Of(input)) >= 0);
        return new DrawInvitation(refusal, job.Round.Index, alpha, units, role == DrawRole.Executor ? 1 : job.Terms.Verifiers, holds);
    }

    private static RoundView Round(LedgerState state, JobState job, RoundState round) => new(
        round.Index, round.Kind, round.Snapshot, round.BeaconHeight, round.Beacon ?? state.BeaconAt(round.BeaconHeight), round.TicketClose, round.EvidenceClose, round.VoteClose,
        round.RunClose, round.RevealClose, round.Wanted, round.Commits, round.Quorum,
        [.. round.Executors.Select(seat => Executor(state, job, round, seat))],
        [.. round.Verifiers.Select(seat => new VerifierView(seat.Node, seat.Seats, seat.Judged))]);

    private static ExecutorView Executor(LedgerState state, JobState job, RoundState round, ExecutorSeat seat)
    {
        var votes = ImmutableArray.CreateBuilder<VoteView>();
        for (var i = 0; i < seat.Votes.Length; i++)
        {
            if (seat.Votes[i] is { } vote)
            {
                votes.Add(new VoteView(round.Verifiers[i].Node, vote.Verdict, vote.Appraisal, vote.Opened));
            }
        }

        return new ExecutorView(seat.Node, seat.Status, seat.Local, seat.Bond, seat.Evidence, votes.ToImmutable(), seat.Admission, seat.AdmittedAt, [.. seat.Releases], state.HasKeys(job, seat),
            seat.Commitment, seat.Result, seat.Fail);
    }
}
