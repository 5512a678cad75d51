using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>Reads a call's input as the contract read it.</summary>
internal static class CallReader
{
    /// <summary>What a call says, in order.</summary>
    public static MarketCall Read(ReadOnlySpan<byte> input, in Address sender)
    {
        if (input.StartsWith(LedgerContract.BatchCall.Selector) && LedgerContract.BatchCall.TryRead(input, out var batch) == AbiFault.None)
        {
            var parts = new List<IReadOnlyList<MarketMessage>?>();
            foreach (var call in batch!.Calls)
            {
                parts.Add(ReadOne(call.Span, sender));
            }

            return new MarketCall(true, parts);
        }

        return new MarketCall(false, [ReadOne(input, sender)]);
    }

    private static List<MarketMessage>? ReadOne(ReadOnlySpan<byte> input, in Address sender)
    {
        var messages = new List<MarketMessage>();
        return TryRead(input, sender, messages) ? messages : null;
    }

    private static bool TryRead(ReadOnlySpan<byte> input, Address sender, List<MarketMessage> into)
    {
        void Add(Transaction body) => into.Add(new ProtocolMessage(sender, body));
        void Slot(in Address author, Transaction body, in Digest r, in Digest vs, LedgerContract.Ticket? ticket = null) => into.Add(new ProtocolMessage(author, body, Signature(r, vs), ticket));
        if (input.Length < 4)
        {
            return false;
        }

        if (input.StartsWith(LedgerContract.DepositCall.Selector) && LedgerContract.DepositCall.TryRead(input, out var deposit) == AbiFault.None)
        {
            into.Add(new DepositMessage(sender, deposit!.To, deposit.Amount, deposit.Ref));
        }
        else if (input.StartsWith(LedgerContract.WithdrawCall.Selector) && LedgerContract.WithdrawCall.TryRead(input, out var withdraw) == AbiFault.None)
        {
            Add(new Withdraw(withdraw!.Amount, withdraw.Ref));
        }
        else if (input.StartsWith(LedgerContract.TransferCall.Selector) && LedgerContract.TransferCall.TryRead(input, out var transfer) == AbiFault.None)
        {
            Add(new Transfer(transfer!.To, transfer.Amount));
        }
        else if (input.StartsWith(LedgerContract.RegisterCall.Selector) && LedgerContract.RegisterCall.TryRead(input, out var register) == AbiFault.None)
        {
            Add(new NodeRegister(Profile(register!.Profile), register.Stake));
        }
        else if (input.StartsWith(LedgerContract.StakeAddCall.Selector) && LedgerContract.StakeAddCall.TryRead(input, out var stakeAdd) == AbiFault.None)
        {
            Add(new StakeAdd(stakeAdd!.Amount));
        }
        else if (input.StartsWith(LedgerContract.StakeUnbondCall.Selector) && LedgerContract.StakeUnbondCall.TryRead(input, out var unbond) == AbiFault.None)
        {
            Add(new StakeUnbond(unbond!.Amount));
        }
        else if (input.StartsWith(LedgerContract.StakeClaimCall.Selector) && LedgerContract.StakeClaimCall.TryRead(input, out var claim) == AbiFault.None)
        {
            Add(new StakeClaim(claim!.Node));
        }
        else if (input.StartsWith(LedgerContract.OfferPublishCall.Selector) && LedgerContract.OfferPublishCall.TryRead(input, out var publish) == AbiFault.None)
        {
            Add(new OfferPublish(Offer(publish!.Terms)));
        }
        else if (input.StartsWith(LedgerContract.OfferWithdrawCall.Selector) && LedgerContract.OfferWithdrawCall.TryRead(input, out var offerWithdraw) == AbiFault.None)
        {
            Add(new OfferWithdraw(offerWithdraw!.Offer));
        }
        else if (input.StartsWith(LedgerContract.PayoutCall.Selector) && LedgerContract.PayoutCall.TryRead(input, out var payout) == AbiFault.None)
        {
            Add(new Payout(payout!.Accounts));
        }
        else if (input.StartsWith(LedgerContract.SweepCall.Selector))
        {
            into.Add(new SweepMessage(sender));
        }
        else if (input.StartsWith(LedgerContract.PauseCall.Selector) && LedgerContract.PauseCall.TryRead(input, out var pause) == AbiFault.None)
        {
            into.Add(new PauseMessage(sender, pause!.Heights));
        }
        else if (input.StartsWith(LedgerContract.BatchPostCall.Selector) && LedgerContract.BatchPostCall.TryRead(input, out var batchPost) == AbiFault.None)
        {
            Add(new BatchPost(batchPost!.Root, batchPost.Count, batchPost.Total, batchPost.Jobs));
        }
        else if (input.StartsWith(LedgerContract.BatchClaimCall.Selector) && LedgerContract.BatchClaimCall.TryRead(input, out var batchClaim) == AbiFault.None)
        {
            Add(new BatchClaim(batchClaim!.Batch, batchClaim.Index, batchClaim.To, batchClaim.Amount, batchClaim.Details, batchClaim.Path));
        }
        else if (input.StartsWith(LedgerContract.BatchClaimAllCall.Selector) && LedgerContract.BatchClaimAllCall.TryRead(input, out var claimAll) == AbiFault.None)
        {
            into.Add(new ClaimAllMessage(sender, claimAll!));
        }
        else if (input.StartsWith(LedgerContract.BatchCloseCall.Selector) && LedgerContract.BatchCloseCall.TryRead(input, out var batchClose) == AbiFault.None)
        {
            Add(new BatchClose(batchClose!.Batch));
        }
        else if (input.StartsWith(LedgerContract.PostCall.Selector) && LedgerContract.PostCall.TryRead(input, out var post) == AbiFault.None)
        {
            if (ReadBody(post!.Body.Span) is not JobPost job)
            {
                return false;
            }

            Add(job);
        }
        else if (input.StartsWith(LedgerContract.CancelCall.Selector) && LedgerContract.CancelCall.TryRead(input, out var cancel) == AbiFault.None)
        {
            Add(new JobCancel(cancel!.Job));
        }
        else if (input.StartsWith(LedgerContract.DriveCall.Selector) && LedgerContract.DriveCall.TryRead(input, out var drive) == AbiFault.None)
        {
            Add(new Drive(drive!.Job));
        }
        else if (input.StartsWith(LedgerContract.CaptureBeaconCall.Selector) && LedgerContract.CaptureBeaconCall.TryRead(input, out var capture) == AbiFault.None)
        {
            into.Add(new CaptureMessage(sender, capture!.Job, capture.Header));
        }
        else if (input.StartsWith(LedgerContract.TicketsCall.Selector) && LedgerContract.TicketsCall.TryRead(input, out var tickets) == AbiFault.None)
        {
            foreach (var item in tickets!.Items)
            {
                Slot(item.Node, TicketOf(tickets.Job, tickets.Round, item), item.R, item.Vs, item);
            }
        }
        else if (input.StartsWith(LedgerContract.EvidenceCall.Selector) && LedgerContract.EvidenceCall.TryRead(input, out var evidence) == AbiFault.None)
        {
            foreach (var item in evidence!.Items)
            {
                Slot(item.Node, EvidenceOf(evidence.Job, evidence.Round, item), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.VotesCall.Selector) && LedgerContract.VotesCall.TryRead(input, out var votes) == AbiFault.None)
        {
            foreach (var item in votes!.Items)
            {
                Slot(item.Node, VotesOf(votes.Job, votes.Round, item), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.OpeningsCall.Selector) && LedgerContract.OpeningsCall.TryRead(input, out var openings) == AbiFault.None)
        {
            foreach (var item in openings!.Items)
            {
                Slot(item.Node, new AppraisalOpen(openings.Job, openings.Round, [.. item.Openings.Select(opening => new Opening(opening.Executor, opening.Appraisal, opening.Salt))]), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.ReleasesCall.Selector) && LedgerContract.ReleasesCall.TryRead(input, out var releases) == AbiFault.None)
        {
            foreach (var item in releases!.Items)
            {
                Slot(item.Node, new ReleaseRecord(releases.Job, releases.Round, item.Executor, item.Offer, item.Admission, item.WrappedKey), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.DenialsCall.Selector) && LedgerContract.DenialsCall.TryRead(input, out var denials) == AbiFault.None)
        {
            foreach (var item in denials!.Items)
            {
                Slot(item.Node, new ReleaseDeny(denials.Job, denials.Round, item.Executor, item.Offer, (DenyReason)item.Reason), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.CommitsCall.Selector) && LedgerContract.CommitsCall.TryRead(input, out var commits) == AbiFault.None)
        {
            foreach (var item in commits!.Items)
            {
                Slot(item.Node, new ResultCommit(commits.Job, commits.Round, item.Commitment), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.RevealsCall.Selector) && LedgerContract.RevealsCall.TryRead(input, out var reveals) == AbiFault.None)
        {
            foreach (var item in reveals!.Items)
            {
                Slot(item.Node, RevealOf(reveals.Job, reveals.Round, item), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.FailsCall.Selector) && LedgerContract.FailsCall.TryRead(input, out var fails) == AbiFault.None)
        {
            foreach (var item in fails!.Items)
            {
                Slot(item.Node, new ResultFail(fails.Job, fails.Round, (FailReason)item.Reason), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.JudgementsCall.Selector) && LedgerContract.JudgementsCall.TryRead(input, out var judgements) == AbiFault.None)
        {
            foreach (var item in judgements!.Items)
            {
                Slot(item.Node, new Judge(judgements.Job, judgements.Round, item.Accept, item.Report), item.R, item.Vs);
            }
        }
        else if (input.StartsWith(LedgerContract.ReviewCall.Selector) && LedgerContract.ReviewCall.TryRead(input, out var review) == AbiFault.None)
        {
            Slot(review!.Item.Node, new Review(review.Job, review.Item.Accept), review.Item.R, review.Item.Vs);
        }
        else if (input.StartsWith(LedgerContract.AnswerCall.Selector) && LedgerContract.AnswerCall.TryRead(input, out var answer) == AbiFault.None)
        {
            Slot(answer!.Item.Node, new KnownAnswerOpen(answer.Job, answer.Item.Output, answer.Item.Salt), answer.Item.R, answer.Item.Vs);
        }
        else if (input.StartsWith(LedgerContract.PlantCall.Selector) && LedgerContract.PlantCall.TryRead(input, out var plant) == AbiFault.None)
        {
            Slot(plant!.Item.Node, new PlantOpen(plant.Job, plant.Round, plant.Item.Salt, plant.Item.Evidence), plant.Item.R, plant.Item.Vs);
        }
        else if (input.StartsWith(LedgerContract.ConcludeCall.Selector) && LedgerContract.ConcludeCall.TryRead(input, out var conclude) == AbiFault.None)
        {
            into.Add(new ConcludeMessage(sender, conclude!));
        }
        else if (input.StartsWith(LedgerContract.ChallengeCall.Selector) && LedgerContract.ChallengeCall.TryRead(input, out var challenge) == AbiFault.None)
        {
            into.Add(new ChallengeMessage(sender, challenge!));
        }
        else if (input.StartsWith(LedgerContract.EquivocationCall.Selector) && LedgerContract.EquivocationCall.TryRead(input, out var equivocation) == AbiFault.None)
        {
            into.Add(new EquivocationMessage(sender, equivocation!));
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>What the nodes of a concluded round would have said one after another, in the order in which the rules take it.</summary>
    /// <param name="call">The conclusion.</param>
    /// <param name="round">The round as it was drawn.</param>
    /// <returns>The messages; null where it names seats that are not there.</returns>
    public static IReadOnlyList<ProtocolMessage>? Expand(LedgerContract.ConcludeCall call, RoundState round)
    {
        var said = call.Conclusion;
        var (job, index) = (call.Job, call.Round);
        if (said.Findings.Length != round.Executors.Count || said.Appraisals.Length != round.Executors.Count || said.Ballots.Length != round.Verifiers.Count
            || said.Findings.Any(finding => finding.Seat >= round.Executors.Count) || said.Ballots.Any(ballot => ballot.Salts.Length != round.Executors.Count))
        {
            return null;
        }

        var executors = said.Findings.Select(finding => round.Executors[finding.Seat].Node).ToList();
        var verifiers = round.Verifiers.Select(seat => seat.Node).ToList();
        var results = said.Findings.Select(finding => new ResultStatement(said.Tag, said.Exit, finding.Fuel, finding.Output, finding.Receipt)).ToList();
        var messages = new List<ProtocolMessage>();
        void Say(in Address author, Transaction body) => messages.Add(new ProtocolMessage(author, body));
        for (var e = 0; e < executors.Count; e++)
        {
            var f = said.Findings[e];
            Say(executors[e], new EvidencePublish(job, index, CidOf(f.Content), f.Digest, f.HpkeKey, f.ReceiptKey, f.Possession));
        }

        for (var v = 0; v < verifiers.Count; v++)
        {
            var (voter, salts) = (verifiers[v], said.Ballots[v].Salts);
            Say(voter, new VoteCast(job, index, [.. executors.Select((executor, e) => new Vote(executor, VoteVerdict.Accept, Identifiers.Appraisal(job, index, executor, voter, said.Appraisals[e], salts[e])))]));
        }

        for (var v = 0; v < verifiers.Count; v++)
        {
            var salts = said.Ballots[v].Salts;
            Say(verifiers[v], new AppraisalOpen(job, index, [.. executors.Select((executor, e) => new Opening(executor, said.Appraisals[e], salts[e]))]));
        }

        for (var e = 0; round.Commits && e < executors.Count; e++)
        {
            Say(executors[e], new ResultCommit(job, index, Identifiers.Commitment(job, index, executors[e], results[e], said.Findings[e].Nonce)));
        }

        for (var e = 0; e < executors.Count; e++)
        {
            var f = said.Findings[e];
            Say(executors[e], new ResultReveal(job, index, results[e], f.Nonce, f.EnclaveSignature, CidOf(f.ReceiptContent)));
        }

        return messages;
    }

    /// <summary>A message of an equivocation proof; null where it cannot be read.</summary>
    public static (Address Author, Transaction Body)? ReadEquivocation(in Digest job, byte round, byte kind, ReadOnlySpan<byte> message)
    {
        switch ((TransactionKind)kind)
        {
            case TransactionKind.EvidencePublish when TryStruct(message, LedgerContract.Evidence.ReadDynamic, out var item):
                return (item!.Node, EvidenceOf(job, round, item));
            case TransactionKind.VoteCast when TryStruct(message, LedgerContract.VoteCast.ReadDynamic, out var item):
                return (item!.Node, VotesOf(job, round, item));
            case TransactionKind.ResultCommit when TryStruct(message, LedgerContract.Commit.Read, out var item):
                return (item!.Node, new ResultCommit(job, round, item.Commitment));
            case TransactionKind.ResultReveal when TryStruct(message, LedgerContract.Reveal.ReadDynamic, out var item):
                return (item!.Node, RevealOf(job, round, item));
            default:
                return null;
        }
    }

    private static bool TryStruct<T>(ReadOnlySpan<byte> message, AbiRead<T> read, out T? value)
    {
        var reader = new AbiReader(message, Math.Min(message.Length, 32), anyLayout: true);
        value = read(ref reader);
        return reader.Finish() == AbiFault.None;
    }

    /// <summary>The body of a post as the protocol encodes it.</summary>
    public static Transaction? ReadBody(ReadOnlySpan<byte> body)
    {
        // A transaction around it, of nobody: [1, sender, 0, signature, body].
        byte[] encoded = [0x85, 0x01, 0x54, .. new byte[20], 0x00, 0x40, .. body];
        return SignedTransaction.TryDecode(encoded, out var transaction) == Refusal.None ? transaction!.Body : null;
    }

    private static Ticket TicketOf(in Digest job, byte round, LedgerContract.Ticket item)
    {
        byte[] proof = [.. item.Proof.SelectMany(word => word.ToArray())];
        return new Ticket(job, round, (DrawRole)item.Role, item.Output, proof.AsMemory(0, TypedMessages.ProofLength), item.Units, item.Possession);
    }

    private static EvidencePublish EvidenceOf(in Digest job, byte round, LedgerContract.Evidence item) =>
        new(job, round, CidOf(item.Content), item.Digest, item.HpkeKey, item.ReceiptKey, item.Possession);

    private static VoteCast VotesOf(in Digest job, byte round, LedgerContract.VoteCast item) =>
        new(job, round, [.. item.Votes.Select(vote => new Vote(vote.Executor, (VoteVerdict)vote.Verdict, vote.Appraisal))]);

    private static ResultReveal RevealOf(in Digest job, byte round, LedgerContract.Reveal item) => new(
        job, round, new ResultStatement(item.Statement.Tag, item.Statement.Exit, item.Statement.Fuel, item.Statement.Output, item.Statement.Receipt), item.Nonce, item.EnclaveSignature, CidOf(item.ReceiptContent));

    private static NodeProfile Profile(LedgerContract.Profile p) => new()
    {
        VrfKey = p.VrfKey, Chip = p.Chip, Level = (TrustLevel)p.Level, Custody = (CustodyClass)p.Custody, Regions = p.Regions, MemoryMebibytes = p.MemoryMebibytes,
        PricePerJob = new Amount(p.PricePerJob), PricePerGigafuel = new Amount(p.PricePerGigafuel), Executes = p.Executes, Verifies = p.Verifies, Gateway = p.Gateway, Pins = p.Pins,
    };

    private static OfferTerms Offer(LedgerContract.OfferTerms t) => new()
    {
        Kind = (OfferKind)t.Kind, Content = CidOf(t.Content), Policy = t.Policy.IsEmpty ? null : CidOf(t.Policy), Sealed = t.IsSealed, Keeper = t.Keeper, Price = new Amount(t.Price),
        LevelMin = (TrustLevel)t.LevelMin, CustodyMin = (CustodyClass)t.CustodyMin, UsesMax = t.UsesMax, DrawsMax = t.DrawsMax, Expires = t.Expires, Threshold = t.Threshold,
    };

    // The contract keeps content as bytes and does not look whether they are a CID. What is none names no content; it is read as the CID of those bytes, so that one odd call stops nobody.
    private static Cid CidOf(ReadOnlyMemory<byte> bytes) => Cid.TryDecode(bytes.Span, out var cid, out _) ? cid : Cid.ForRaw(bytes.Span);

    private static byte[] Signature(in Digest r, in Digest vs)
    {
        var bytes = new byte[66];
        bytes[0] = 1;
        r.CopyTo(bytes.AsSpan(1));
        vs.CopyTo(bytes.AsSpan(33));
        bytes[65] = (byte)(27 + (bytes[33] >> 7));
        bytes[33] &= 0x7f;
        return bytes;
    }
}
