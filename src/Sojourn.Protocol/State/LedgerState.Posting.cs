using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    private ApplyResult Do(SignedTransaction signed, JobPost body)
    {
        var refusal = CheckPost(body.Terms, out var prices, out var quote);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (FreeOf(signed.Sender) < quote!.Total)
        {
            return Refusal.InsufficientFunds;
        }

        var id = Identifiers.Job(GenesisDigest, signed.Sender, signed.Nonce, signed.BodyDigest);
        if (_jobs.ContainsKey(id) || _closed.TryGet(id, out _))
        {
            return Refusal.Duplicate;
        }

        var job = new JobState(id, signed.Sender, body.Terms, Height) { Nonce = signed.Nonce, Escrow = quote.Total, Prices = prices!, OffersUsed = new bool[prices!.Length] };
        Account(signed.Sender).Free -= quote.Total;
        Escrowed += quote.Total;
        _jobs.Add(id, job);
        foreach (var offer in body.Terms.Offers)
        {
            _offers[offer].Pending++;
        }

        Emit(EventKind.JobPosted, id, account: signed.Sender, number: Height + body.Terms.Windows.Beacon, data: ContentKey.Of(body.Terms.Spec));
        Line(LineReason.Escrowed, signed.Sender, quote.Total, id);
        BeginRound(job, RoundKind.Primary, body.Terms.Executors);
        return new ApplyResult(Refusal.None, id);
    }

    /// <summary>Whether these terms could be posted now, and what they would set aside.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="quote">The escrow.</param>
    public Refusal CheckPost(JobTerms terms, out EscrowQuote? quote) => CheckPost(terms, out _, out quote);

    private Refusal CheckPost(JobTerms terms, out Amount[]? prices, out EscrowQuote? quote)
    {
        ArgumentNullException.ThrowIfNull(terms);
        prices = null;
        quote = null;
        if (terms.Executors is 0 or > JobTerms.ExecutorsMax || terms.Agreeing == 0 || terms.Agreeing > terms.Executors
            || terms.Verifiers is 0 or > JobTerms.VerifiersMax || terms.VerifierNodesMin > terms.Verifiers || terms.RedrawsMax > 8
            || terms.Audit > 1_000_000 || terms.FuelMax > 1UL << 62 || terms.LocalityMin > JobTerms.ExecutorsMax
            || !Enum.IsDefined(terms.LevelMin) || !Enum.IsDefined(terms.CustodyMin) || !Enum.IsDefined(terms.Balance) || (byte)terms.Modes > 7
            || terms.ExecutorBond < Rules.ExecutorBondMin || (terms.Modes.HasFlag(VerificationModes.Checker)) != terms.Checker is not null)
        {
            return Refusal.OutOfBounds;
        }

        // A majority must be needed, or two contradictory results could both be agreed.
        if (terms.Executors > 1 && terms.Agreeing * 2 <= terms.Executors)
        {
            return Refusal.OutOfBounds;
        }

        if (terms.Inputs.IsDefault || terms.Inputs.Length > JobTerms.ListMax || terms.Offers.IsDefault || terms.Offers.Length > JobTerms.ListMax || !IsAscending(terms.Offers))
        {
            return Refusal.BadList;
        }

        if (terms.LevelMin == TrustLevel.Simulated && !Genesis.Development)
        {
            return Refusal.LevelNotAdmissible;
        }

        if (!WindowsHold(terms))
        {
            return Refusal.BadWindows;
        }

        var sum = Amount.Zero;
        prices = new Amount[terms.Offers.Length];
        for (var i = 0; i < prices.Length; i++)
        {
            var refusal = CheckOffer(terms, terms.Offers[i], out var price);
            if (refusal != Refusal.None)
            {
                return refusal;
            }

            prices[i] = price;
            sum += price;
        }

        quote = EscrowQuote.For(terms, Rules, sum);
        return quote is null ? Refusal.Overflow : Refusal.None;
    }

    private bool WindowsHold(JobTerms terms)
    {
        var w = terms.Windows;
        foreach (var window in (ReadOnlySpan<uint>)[w.Beacon, w.Ticket, w.Evidence, w.Vote, w.Run, w.Reveal, w.Judge])
        {
            if (window < Rules.WindowMin || window == 0 || window > Rules.WindowMax)
            {
                return false;
            }
        }

        // A draw may not outlast the time for which the snapshot of profiles is kept.
        return (ulong)w.Beacon + (2UL * w.Ticket) + 2 <= Rules.ProfileDelay && EscrowQuote.HeightsMax(terms, Rules) <= Rules.JobHeightsMax;
    }

    private Refusal CheckOffer(JobTerms terms, Digest id, out Amount price)
    {
        price = Amount.Zero;
        if (!_offers.TryGetValue(id, out var offer))
        {
            return Refusal.UnknownOffer;
        }

        if (offer.Withdrawn || (offer.Terms.Expires != 0 && offer.Terms.Expires < Height))
        {
            return Refusal.OfferClosed;
        }

        if ((offer.Terms.UsesMax != 0 && offer.Uses + offer.Pending >= offer.Terms.UsesMax) || (offer.Terms.DrawsMax != 0 && offer.Draws >= offer.Terms.DrawsMax))
        {
            return Refusal.OfferUsedUp;
        }

        if (terms.LevelMin < offer.Terms.LevelMin || terms.CustodyMin < offer.Terms.CustodyMin)
        {
            return Refusal.OfferDemandsMore;
        }

        var named = offer.ContentKey == ContentKey.Of(terms.Code);
        foreach (var input in terms.Inputs)
        {
            named |= offer.ContentKey == ContentKey.Of(input);
        }

        price = offer.Terms.Price;
        return named ? Refusal.None : Refusal.OfferNotForJob;
    }

    private ApplyResult Do(SignedTransaction signed, JobCancel body)
    {
        var refusal = Find(body.Job, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (job!.Requester != signed.Sender)
        {
            return Refusal.NotAllowed;
        }

        if (job.Phase != JobPhase.Drawing || job.Rounds.Count != 1 || Height >= job.Round.BeaconHeight)
        {
            return Refusal.TooLateToCancel;
        }

        ForgetBeacon(job.Round.BeaconHeight);
        job.Outcome = JobOutcome.Cancelled;
        Close(job);
        return ApplyResult.Ok;
    }

    private Refusal Find(in Digest id, out JobState? job) =>
        _jobs.TryGetValue(id, out job) ? Refusal.None : _closed.TryGet(id, out _) ? Refusal.JobClosed : Refusal.UnknownJob;

    // An open job in a phase whose deadline has not passed.
    private Refusal Find(in Digest id, byte round, out JobState? job)
    {
        var refusal = Find(id, out job);
        return refusal != Refusal.None ? refusal
            : Height > job!.Deadline ? Refusal.MustBeDriven
            : round != job.Round.Index ? Refusal.WrongRound
            : Refusal.None;
    }

    private void BeginRound(JobState job, RoundKind kind, int wanted)
    {
        var windows = job.Terms.Windows;
        var index = (byte)job.Rounds.Count;
        var round = new RoundState(index, kind)
        {
            Snapshot = Height,
            BeaconHeight = Height + windows.Beacon,
            Wanted = wanted,
            Locality = index == 0 && job.Terms.LocalityMin > 0,
        };
        // Nobody answered before: the window widens.
        round.TicketClose = round.BeaconHeight + (index == 0 ? windows.Ticket : 2UL * windows.Ticket);
        round.EvidenceClose = round.TicketClose + windows.Evidence;
        round.VoteClose = round.EvidenceClose + windows.Vote;
        round.RunClose = round.VoteClose + windows.Run;
        round.RevealClose = round.RunClose + windows.Reveal;
        job.Rounds.Add(round);
        AwaitBeacon(round.BeaconHeight);
        Emit(EventKind.RoundBegan, job.Id, index, number: (ulong)kind);
        Enter(job, JobPhase.Drawing, round.TicketClose);
    }

    private void Enter(JobState job, JobPhase phase, ulong deadline)
    {
        job.Phase = phase;
        job.Deadline = deadline;
        Schedule(job);
        Emit(EventKind.Phase, job.Id, job.Round.Index, number: (ulong)phase);
    }
}
