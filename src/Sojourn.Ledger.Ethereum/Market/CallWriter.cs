using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>A message of a slot, ready to travel with others of its kind, job and round.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Job">The job.</param>
/// <param name="Round">The round.</param>
/// <param name="Item">The contract's struct.</param>
internal sealed record SlotItem(TransactionKind Kind, Digest Job, byte Round, object Item);

/// <summary>Writes transactions as the contract takes them.</summary>
internal static class CallWriter
{
    /// <summary>The call of a transaction whose sender must make it.</summary>
    /// <param name="signed">The transaction.</param>
    /// <returns>The call; null for messages of slots.</returns>
    public static IContractCall? Call(SignedTransaction signed) => signed.Body switch
    {
        Transfer b => new LedgerContract.TransferCall(b.To, Units(b.Amount)),
        Deposit b => new LedgerContract.DepositCall(b.To, Units(b.Amount), b.Reference),
        Withdraw b => new LedgerContract.WithdrawCall(Units(b.Amount), b.Reference),
        NodeRegister b => new LedgerContract.RegisterCall(Profile(b.Profile), Units(b.Stake)),
        StakeAdd b => new LedgerContract.StakeAddCall(Units(b.Amount)),
        StakeUnbond b => new LedgerContract.StakeUnbondCall(Units(b.Amount)),
        StakeClaim b => new LedgerContract.StakeClaimCall(b.Account),
        OfferPublish b => new LedgerContract.OfferPublishCall(Offer(b.Terms)),
        OfferWithdraw b => new LedgerContract.OfferWithdrawCall(b.Offer),
        JobPost => new LedgerContract.PostCall(BodyOf(signed)),
        JobCancel b => new LedgerContract.CancelCall(b.Job),
        BatchPost b => new LedgerContract.BatchPostCall(b.Root, b.Count, Units(b.Total), b.Jobs),
        BatchClaim b => new LedgerContract.BatchClaimCall(b.Batch, b.Index, b.To, Units(b.Amount), b.Details, b.Path),
        BatchClose b => new LedgerContract.BatchCloseCall(b.Batch),
        Payout b => new LedgerContract.PayoutCall(b.Accounts),
        Drive b => new LedgerContract.DriveCall(b.Job),
        _ => null,
    };

    /// <summary>The call of several messages of one kind, job and round.</summary>
    public static IContractCall Call(IReadOnlyList<SlotItem> items)
    {
        var (job, round) = (items[0].Job, items[0].Round);
        ImmutableArray<T> All<T>() => [.. items.Select(item => (T)item.Item)];
        return items[0].Kind switch
        {
            TransactionKind.Ticket => new LedgerContract.TicketsCall(job, round, All<LedgerContract.Ticket>()),
            TransactionKind.EvidencePublish => new LedgerContract.EvidenceCall(job, round, All<LedgerContract.Evidence>()),
            TransactionKind.VoteCast => new LedgerContract.VotesCall(job, round, All<LedgerContract.VoteCast>()),
            TransactionKind.AppraisalOpen => new LedgerContract.OpeningsCall(job, round, All<LedgerContract.AppraisalOpen>()),
            TransactionKind.ReleaseRecord => new LedgerContract.ReleasesCall(job, round, All<LedgerContract.Release>()),
            TransactionKind.ReleaseDeny => new LedgerContract.DenialsCall(job, round, All<LedgerContract.Deny>()),
            TransactionKind.ResultCommit => new LedgerContract.CommitsCall(job, round, All<LedgerContract.Commit>()),
            TransactionKind.ResultReveal => new LedgerContract.RevealsCall(job, round, All<LedgerContract.Reveal>()),
            TransactionKind.ResultFail => new LedgerContract.FailsCall(job, round, All<LedgerContract.Fail>()),
            TransactionKind.Judge => new LedgerContract.JudgementsCall(job, round, All<LedgerContract.Judgement>()),
            TransactionKind.Review => new LedgerContract.ReviewCall(job, (LedgerContract.Review)items[0].Item),
            TransactionKind.KnownAnswerOpen => new LedgerContract.AnswerCall(job, (LedgerContract.Answer)items[0].Item),
            TransactionKind.PlantOpen => new LedgerContract.PlantCall(job, round, (LedgerContract.Plant)items[0].Item),
            var kind => throw new InvalidOperationException($"A {kind} is no message of a slot."),
        };
    }

    /// <summary>Whether messages of a kind travel in lists.</summary>
    public static bool TravelsTogether(TransactionKind kind) => kind is not (TransactionKind.Review or TransactionKind.KnownAnswerOpen or TransactionKind.PlantOpen);

    /// <summary>A message of a slot as the contract takes it. What the contract keeps only as digests is shown again from what the chain was told before.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="body">The message.</param>
    /// <param name="author">Whose.</param>
    /// <param name="signature">The author's EIP-712 signature.</param>
    /// <param name="cast">The author's votes in the job's round, in the order in which they were cast.</param>
    /// <param name="shown">The author's evidence where it travels along and is not known yet.</param>
    public static SlotItem? Slot(LedgerState state, Transaction body, in Address author, RecoverableSignature signature, IReadOnlyList<Vote> cast, EvidencePublish? shown = null)
    {
        var r = new Digest(signature.RBytes);
        var s = signature.SBytes;
        s[0] |= (byte)(signature.RecoveryId << 7);
        var vs = new Digest(s);
        return body switch
        {
            Ticket b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Ticket(author, (byte)b.Role, b.Output, TypedMessages.ProofWords(b.Proof.Span), b.Units, b.Possession, r, vs)),
            EvidencePublish b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Evidence(author, b.Evidence.Bytes.ToArray(), b.EvidenceDigest, b.HpkeKey, b.ReceiptKey, b.Possession, r, vs)),
            VoteCast b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.VoteCast(author, [.. b.Votes.Select(vote => new LedgerContract.Vote(vote.Executor, (byte)vote.Verdict, vote.Appraisal))], r, vs)),
            AppraisalOpen b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.AppraisalOpen(
                author, [.. b.Openings.Select(opening => new LedgerContract.Opening(opening.Executor, opening.Appraisal, opening.Salt))], [.. cast.Select(vote => new LedgerContract.Vote(vote.Executor, (byte)vote.Verdict, vote.Appraisal))], r, vs)),
            ReleaseRecord b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Release(author, b.Executor, b.Offer, b.Admission, b.WrappedKey, KeysOf(state, b.Job, b.Round, b.Executor), r, vs)),
            ReleaseDeny b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Deny(author, b.Executor, b.Offer, (byte)b.Reason, r, vs)),
            ResultCommit b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Commit(author, b.Commitment, r, vs)),
            ResultReveal b => new SlotItem(b.Kind, b.Job, b.Round, Reveal(state, b, author, r, vs, shown)),
            ResultFail b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Fail(author, (byte)b.Reason, r, vs)),
            Judge b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Judgement(author, b.Accept, b.Report, r, vs)),
            Review b => new SlotItem(b.Kind, b.Job, 0, new LedgerContract.Review(author, b.Accept, r, vs)),
            KnownAnswerOpen b => new SlotItem(b.Kind, b.Job, 0, new LedgerContract.Answer(author, b.Output, b.Salt, r, vs)),
            PlantOpen b => new SlotItem(b.Kind, b.Job, b.Round, new LedgerContract.Plant(author, b.Salt, b.Evidence, KeysOf(state, b.Job, b.Round, author), r, vs)),
            _ => null,
        };
    }

    /// <summary>A message as a proof of contradiction shows it: the ABI encoding of its struct; null for kinds that cannot contradict.</summary>
    public static byte[]? Message(SlotItem item)
    {
        switch (item.Item)
        {
            case LedgerContract.Commit commit:
            {
                var plain = new AbiWriter(4 * 32);
                commit.Write(plain);
                return plain.ToArray();
            }

            case LedgerContract.Evidence evidence: return Dynamic(8, evidence.Write);
            case LedgerContract.VoteCast votes: return Dynamic(4, votes.Write);
            case LedgerContract.Reveal reveal: return Dynamic(15, reveal.Write);
            default: return null;
        }

        static byte[] Dynamic(int words, Action<AbiWriter> write)
        {
            var writer = new AbiWriter(32);
            writer.BeginTuple(words * 32);
            write(writer);
            writer.End();
            return writer.ToArray();
        }
    }

    /// <summary>A post's body as the protocol encodes it.</summary>
    public static byte[] BodyOf(SignedTransaction signed)
    {
        var reader = new CborReader(signed.Encoded.Span, CborProfile.DagCbor, 16);
        reader.ReadArrayHeaderExactly(5);
        reader.ReadUInt64();
        reader.ReadBytesExactly(Address.Length);
        reader.ReadUInt64();
        reader.ReadBytes(512);
        return signed.Encoded.Span[reader.Position..].ToArray();
    }

    private static ulong Units(Amount amount) => ContractGenesis.Units(amount);

    private static ExecutorSeat? SeatOf(LedgerState state, in Digest job, byte round, in Address executor) =>
        state.OpenJobs.TryGetValue(job, out var open) && round < open.Rounds.Count ? open.Rounds[round].Executor(executor) : null;

    private static Digest KeysOf(LedgerState state, in Digest job, byte round, in Address executor) => SeatOf(state, job, round, executor)?.Evidence is { } evidence
        ? new Digest(Keccak256.Hash([.. Keccak256.Hash(evidence.HpkeKey.Span), .. Keccak256.Hash(evidence.ReceiptKey.Span)]))
        : Digest.Zero;

    private static LedgerContract.Reveal Reveal(LedgerState state, ResultReveal b, in Address author, in Digest r, in Digest vs, EvidencePublish? shown)
    {
        var evidence = SeatOf(state, b.Job, b.Round, author)?.Evidence ?? shown;
        var key = evidence?.ReceiptKey ?? default;
        return new LedgerContract.Reveal(
            author, new LedgerContract.Statement(b.Statement.Tag, b.Statement.Exit, b.Statement.Fuel, b.Statement.Output, b.Statement.Receipt), b.Nonce, b.EnclaveSignature, b.ReceiptContent.Bytes.ToArray(),
            evidence?.EvidenceDigest ?? Digest.Zero, evidence is null ? Digest.Zero : new Digest(Keccak256.Hash(evidence.HpkeKey.Span)), key, Curve.SecondCoordinate(key.Span), r, vs);
    }

    private static LedgerContract.Profile Profile(NodeProfile p) => new(
        p.VrfKey, p.Chip, (byte)p.Level, (byte)p.Custody, p.Regions, p.MemoryMebibytes, p.PricePerJob.Units, p.PricePerGigafuel.Units, p.Executes, p.Verifies, p.Gateway, p.Pins.IsDefault ? [] : p.Pins);

    private static LedgerContract.OfferTerms Offer(OfferTerms t) => new(
        (byte)t.Kind, t.Content.Bytes.ToArray(), t.Policy is { } policy ? policy.Bytes.ToArray() : default(ReadOnlyMemory<byte>), t.Sealed, t.Keeper, t.Price.Units, (byte)t.LevelMin, (byte)t.CustodyMin, t.UsesMax, t.DrawsMax, t.Expires, t.Threshold);
}

/// <summary>Points of P-256 as the contract takes them.</summary>
internal static class Curve
{
    /// <summary>The second coordinate of a compressed point; zero where it is none.</summary>
    public static Digest SecondCoordinate(ReadOnlySpan<byte> compressed) =>
        compressed.Length == 33 && Cryptography.VerifiableRandomness.VrfPublicKey.TryImport(compressed, out var key) ? new Digest(key.ToUncompressed().AsSpan(33)) : Digest.Zero;
}
