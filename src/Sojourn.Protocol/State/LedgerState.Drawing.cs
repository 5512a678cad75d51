using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

public sealed partial class LedgerState
{
    /// <summary>The input of a node's VRF for a role in a job's present round; null while the beacon is not known.</summary>
    /// <param name="job">The job.</param>
    /// <param name="role">The role.</param>
    public Digest? TicketAlpha(JobState job, DrawRole role)
    {
        ArgumentNullException.ThrowIfNull(job);
        var beacon = job.Round.Beacon ?? BeaconAt(job.Round.BeaconHeight);
        return beacon is { } known ? Identifiers.TicketAlpha(GenesisDigest, job.Id, role, job.Round.Index, known) : null;
    }

    /// <summary>Whether a node may enter a draw, and with how many units.</summary>
    /// <param name="job">The job.</param>
    /// <param name="role">The role.</param>
    /// <param name="address">The node.</param>
    /// <param name="units">Its units; 0 where it may not.</param>
    public Refusal Eligibility(JobState job, DrawRole role, in Address address, out uint units) => Eligibility(job, role, address, out _, out _, out units);

    private Refusal Eligibility(JobState job, DrawRole role, in Address address, out NodeState? node, out NodeVersion? version, out uint units)
    {
        ArgumentNullException.ThrowIfNull(job);
        units = 0;
        version = null;
        if (!_nodes.TryGetValue(address, out node))
        {
            return Refusal.UnknownNode;
        }

        var round = job.Round;
        version = node.At(round.Snapshot);
        if (version is null)
        {
            return Refusal.NotEligible;
        }

        var profile = version.Profile;
        var terms = job.Terms;
        if (role == DrawRole.Executor)
        {
            // A round in which nobody runs the job draws a committee alone.
            if (round.Wanted == 0)
            {
                return Refusal.NotEligible;
            }

            var price = profile.PricePerJob.Units + (profile.PricePerGigafuel.Units * terms.FuelMax / 1_000_000_000);
            if (!profile.Executes || profile.Level < terms.LevelMin || profile.Custody < terms.CustodyMin || (terms.Regions != 0 && (profile.Regions & terms.Regions) == 0)
                || profile.MemoryMebibytes < terms.MemoryMebibytes || price > terms.ExecutorPay.Units)
            {
                return Refusal.NotEligible;
            }
        }
        else if (!profile.Verifies)
        {
            return Refusal.NotEligible;
        }

        for (var i = 0; i < job.Rounds.Count - 1; i++)
        {
            var earlier = job.Rounds[i];
            if (earlier.Executor(address) is not null || (earlier.VerifierIndex(address) is var at && at >= 0 && (role == DrawRole.Executor || WasSilent(job, earlier, at))))
            {
                return Refusal.Excluded;
            }
        }

        if (node.Available < (role == DrawRole.Executor ? terms.ExecutorBond : Rules.VerifierBond))
        {
            return Refusal.InsufficientStake;
        }

        units = node.UnitsOf(version, Rules);
        return units == 0 ? Refusal.InsufficientStake : Refusal.None;
    }

    private static bool WasSilent(JobState job, RoundState round, int verifier)
    {
        if (job.Round.Wanted == 0 && round.Verifiers[verifier].Judged is null && WasAskedToJudge(job, round))
        {
            return true;
        }

        foreach (var seat in round.Executors)
        {
            if (seat.Evidence is not null && seat.Votes[verifier] is null)
            {
                return true;
            }
        }

        return false;
    }

    private ApplyResult Do(VerifiedTransaction transaction, Ticket body)
    {
        var sender = transaction.Signed.Sender;
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        if (!Enum.IsDefined(body.Role))
        {
            return Refusal.OutOfBounds;
        }

        var round = job!.Round;
        if (job.Phase != JobPhase.Drawing)
        {
            return Refusal.WrongPhase;
        }

        if (TicketAlpha(job, body.Role) is not { } alpha)
        {
            return Refusal.BeaconUnknown;
        }

        refusal = Eligibility(job, body.Role, sender, out _, out var version, out var units);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var unitsMax = body.Role == DrawRole.Executor ? 1 : job.Terms.Verifiers;
        if (body.Units.IsDefaultOrEmpty || body.Units.Length > unitsMax)
        {
            return Refusal.BadList;
        }

        for (var i = 0; i < body.Units.Length; i++)
        {
            if (body.Units[i] >= units || (i > 0 && body.Units[i] <= body.Units[i - 1]))
            {
                return body.Units[i] >= units ? Refusal.BadUnit : Refusal.BadList;
            }
        }

        // One that was beaten may come again with another unit; one that was checked may not, whatever came of it.
        var list = body.Role == DrawRole.Executor ? round.ExecutorTickets : round.VerifierTickets;
        foreach (var known in round.Proofs)
        {
            if (known.Node == sender && known.Role == body.Role && (known.Checked || list.Exists(entry => entry.Node == sender)))
            {
                return Refusal.TicketExists;
            }
        }

        var local = !body.Possession.IsZero;
        if (local && (body.Role != DrawRole.Executor || !HoldsInputs(version!.Profile, job.Terms)))
        {
            return Refusal.NotAHolder;
        }

        var cap = body.Role == DrawRole.Executor ? (4 * round.Wanted) + (2 * JobTerms.ExecutorsMax) : (2 * job.Terms.Verifiers) + JobTerms.ExecutorsMax;
        var entries = new Candidate[body.Units.Length];
        var wins = false;
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new Candidate(sender, body.Units[i], UnitDraw.Value(body.Output, body.Units[i]), local, version!.Profile.Chip, body.Possession);
            wins |= WouldEnter(list, entries[i], cap, round.Locality, body.Role == DrawRole.Executor);
        }

        // A ticket that cannot win is turned away: what a flood of tickets can occupy is bounded.
        if (!wins)
        {
            return Refusal.TicketLoses;
        }

        var check = !Genesis.VrfOnChallenge;
        if (check && (!transaction.VerifyVrf(_context.Vrf, version!.Profile.VrfKey, alpha, out var output) || output != body.Output))
        {
            return Refusal.BadVrfProof;
        }

        if (body.Proof.Length > 96)
        {
            return Refusal.OutOfBounds;
        }

        if (round.Beacon is null)
        {
            round.Beacon = BeaconAt(round.BeaconHeight);
            ForgetBeacon(round.BeaconHeight);
        }

        foreach (var entry in entries)
        {
            Enter(list, entry, cap, round.Locality, body.Role == DrawRole.Executor);
        }

        round.Proofs.RemoveAll(known => known.Node == sender && known.Role == body.Role);
        round.Proofs.Add(new TicketProof(sender, body.Role, body.Output, check ? default : body.Proof.ToArray(), check));
        if (round.Proofs.Count > 2 * cap)
        {
            round.Proofs.RemoveAll(proof => !round.ExecutorTickets.Exists(entry => entry.Node == proof.Node) && !round.VerifierTickets.Exists(entry => entry.Node == proof.Node));
        }

        Emit(EventKind.TicketEntered, job.Id, round.Index, sender, (ulong)body.Role);
        return ApplyResult.Ok;
    }

    private static bool HoldsInputs(NodeProfile profile, JobTerms terms)
    {
        foreach (var input in terms.Inputs)
        {
            if (profile.Pins.AsSpan().BinarySearch(ContentKey.Of(input)) < 0)
            {
                return false;
            }
        }

        return terms.Inputs.Length > 0;
    }

    private static int Compare(Candidate a, Candidate b, bool locality)
    {
        if (locality && a.Local != b.Local)
        {
            return a.Local ? -1 : 1;
        }

        var byValue = a.Value.CompareTo(b.Value);
        if (byValue != 0)
        {
            return byValue;
        }

        var byNode = a.Node.CompareTo(b.Node);
        return byNode != 0 ? byNode : a.Unit.CompareTo(b.Unit);
    }

    private static bool WouldEnter(List<Candidate> list, Candidate entry, int cap, bool locality, bool onePerChip)
    {
        if (onePerChip)
        {
            foreach (var other in list)
            {
                if (other.Chip == entry.Chip)
                {
                    return Compare(entry, other, locality) < 0;
                }
            }
        }

        return list.Count < cap || Compare(entry, list[^1], locality) < 0;
    }

    private static void Enter(List<Candidate> list, Candidate entry, int cap, bool locality, bool onePerChip)
    {
        if (!WouldEnter(list, entry, cap, locality, onePerChip))
        {
            return;
        }

        if (onePerChip)
        {
            list.RemoveAll(other => other.Chip == entry.Chip);
        }

        var at = list.Count;
        while (at > 0 && Compare(entry, list[at - 1], locality) < 0)
        {
            at--;
        }

        list.Insert(at, entry);
        if (list.Count > cap)
        {
            list.RemoveAt(list.Count - 1);
        }
    }

    // The window has closed: the lowest tickets win.
    private void Select(JobState job)
    {
        var round = job.Round;
        if (round.Beacon is null)
        {
            // Nobody entered a ticket; the beacon itself may be known or not.
            ForgetBeacon(round.BeaconHeight);
        }

        var tickets = round.ExecutorTickets;
        if (round.Locality)
        {
            var holders = tickets.Count(ticket => ticket.Local);
            if (holders >= job.Terms.LocalityMin)
            {
                tickets = tickets.FindAll(ticket => ticket.Local);
            }
            else
            {
                // Too few independent holders: preferring them would undo the randomness.
                tickets = [.. tickets.OrderBy(ticket => ticket.Value).ThenBy(ticket => ticket.Node).ThenBy(ticket => ticket.Unit)];
            }
        }

        var bond = job.Terms.ExecutorBond;
        foreach (var ticket in tickets)
        {
            if (round.Executors.Count == round.Wanted)
            {
                break;
            }

            var node = _nodes[ticket.Node];
            if (node.Available >= bond)
            {
                round.Executors.Add(new ExecutorSeat(ticket.Node, ticket.Chip, ticket.Local, ticket.Possession, bond));
            }
        }

        var seats = 0;
        foreach (var ticket in round.VerifierTickets)
        {
            if (seats == job.Terms.Verifiers)
            {
                break;
            }

            if (round.Executor(ticket.Node) is not null)
            {
                continue;
            }

            var node = _nodes[ticket.Node];
            var at = round.VerifierIndex(ticket.Node);
            if (node.Available < Rules.VerifierBond * (ulong)(at < 0 ? 1 : round.Verifiers[at].Seats + 1))
            {
                continue;
            }

            seats++;
            if (at >= 0)
            {
                round.Verifiers[at].Seats++;
                round.Verifiers[at].Bond += Rules.VerifierBond;
            }
            else
            {
                round.Verifiers.Add(new VerifierSeat(ticket.Node, 1, Rules.VerifierBond));
            }
        }

        // Quorums count against the whole committee asked for: empty seats never make one smaller.
        round.CommitteeSeats = job.Terms.Verifiers;
        if (round.ExecutorTickets.Count > 0)
        {
            TakeFee(job);
            foreach (var offer in job.Terms.Offers)
            {
                _offers[offer].Draws++;
            }
        }

        var staffed = round.Executors.Count >= FewestExecutors(job, round) && seats >= round.Quorum && round.Verifiers.Count >= job.Terms.VerifierNodesMin;
        if (!staffed)
        {
            round.Executors.Clear();
            round.Verifiers.Clear();
            NotStaffed(job);
            return;
        }

        foreach (var seat in round.Executors)
        {
            _nodes[seat.Node].Engaged += seat.Bond;
            seat.Votes = new CastVote?[round.Verifiers.Count];
            Emit(EventKind.ExecutorDrawn, job.Id, round.Index, seat.Node);
        }

        foreach (var seat in round.Verifiers)
        {
            _nodes[seat.Node].Engaged += seat.Bond;
            Emit(EventKind.VerifierDrawn, job.Id, round.Index, seat.Node, (ulong)seat.Seats);
        }

        round.ExecutorTickets = [];
        round.VerifierTickets = [];
        if (round.Wanted == 0)
        {
            Enter(job, JobPhase.Judging, Height + job.Terms.Windows.Judge);
        }
        else
        {
            Enter(job, JobPhase.Attesting, round.EvidenceClose);
        }
    }

    private static int FewestExecutors(JobState job, RoundState round) => round.Kind switch
    {
        // A committee that decides a dispute must be larger than those it judges.
        RoundKind.Dispute => Math.Min(job.Rounds.Sum(other => other == round ? 0 : other.Executors.Count(seat => seat.Status == SeatStatus.Revealed)) + 1, EscrowQuote.DisputeSize(job.Terms)),
        RoundKind.Primary => job.Terms.Agreeing,
        _ => Math.Min(1, round.Wanted),
    };

    private void TakeFee(JobState job)
    {
        if (!job.FeeTaken)
        {
            job.FeeTaken = true;
            job.Escrow -= Rules.PostFee;
            Escrowed -= Rules.PostFee;
            Treasury += Rules.PostFee;
            Line(LineReason.PostFee, job.Requester, Rules.PostFee, job.Id);
        }
    }

    // Whether a node's ticket counts at the moment: it is among the best so far, or has won a seat.
    private static bool Stands(JobState job, DrawRole role, Address node)
    {
        var round = job.Round;
        return job.Phase == JobPhase.Drawing
            ? (role == DrawRole.Executor ? round.ExecutorTickets : round.VerifierTickets).Exists(entry => entry.Node == node)
            : role == DrawRole.Executor ? round.Executor(node) is not null : round.VerifierIndex(node) >= 0;
    }

    private ApplyResult Do(SignedTransaction signed, TicketChallenge body)
    {
        var refusal = Find(body.Job, body.Round, out var job);
        if (refusal != Refusal.None)
        {
            return refusal;
        }

        var round = job!.Round;
        var at = round.Proofs.FindIndex(proof => proof.Node == body.Node && proof.Role == body.Role);
        if (at < 0)
        {
            return Refusal.UnknownTicket;
        }

        var ticket = round.Proofs[at];
        if (ticket.Checked)
        {
            return Refusal.AlreadyChecked;
        }

        // A ticket that was beaten decides nothing any more.
        if (!Stands(job, body.Role, body.Node))
        {
            return Refusal.UnknownTicket;
        }

        if (FreeOf(signed.Sender) < Rules.ChallengeFee)
        {
            return Refusal.InsufficientFunds;
        }

        var alpha = Identifiers.TicketAlpha(GenesisDigest, job.Id, body.Role, round.Index, round.Beacon!.Value);
        var key = _nodes[body.Node].At(round.Snapshot)?.Profile.VrfKey ?? default;
        if (_context.Vrf.Verify(key.Span, alpha, ticket.Proof.Span, out var output) && output == ticket.Output)
        {
            round.Proofs[at] = ticket with { Checked = true, Proof = default };
            Account(signed.Sender).Free -= Rules.ChallengeFee;
            AddCredit(body.Node, Rules.ChallengeFee);
            Line(LineReason.ChallengeLost, signed.Sender, Rules.ChallengeFee, job.Id, round.Index);
            Line(LineReason.ChallengeWon, body.Node, Rules.ChallengeFee, job.Id, round.Index);
            return ApplyResult.Ok;
        }

        Emit(EventKind.Proved, job.Id, round.Index, body.Node, (ulong)LineReason.SlashedFalseTicket);
        round.Proofs[at] = ticket with { Checked = true, Proof = default, Output = Digest.Zero };
        var list = body.Role == DrawRole.Executor ? round.ExecutorTickets : round.VerifierTickets;
        list.RemoveAll(entry => entry.Node == body.Node);
        Slash(body.Node, job.Terms.ExecutorBond, LineReason.SlashedFalseTicket, job, round.Index, signed.Sender);
        if (round.Executor(body.Node) is { } seat && body.Role == DrawRole.Executor)
        {
            seat.Status = SeatStatus.Void;
            AfterSeatChange(job);
        }
        else if (body.Role == DrawRole.Verifier && round.VerifierIndex(body.Node) is var index && index >= 0)
        {
            Disqualify(job, round, index);
        }

        return ApplyResult.Ok;
    }
}
