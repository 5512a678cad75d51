using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using static Sojourn.Protocol.Transactions.FieldCodec;

namespace Sojourn.Protocol.Transactions;

/// <summary>The fields of each kind, in order.</summary>
internal static class BodyCodec
{
    private const int PathMax = 20;

    public static void Write(CborWriter w, Transaction transaction)
    {
        switch (transaction)
        {
            case Transfer b: w.Put(b.To).Put(b.Amount); break;
            case Deposit b: w.Put(b.To).Put(b.Amount).Put(b.Reference); break;
            case Withdraw b: w.Put(b.Amount).Put(b.Reference); break;
            case NodeRegister b: FieldCodec.Write(w, b.Profile); w.Put(b.Stake); break;
            case StakeAdd b: w.Put(b.Amount); break;
            case StakeUnbond b: w.Put(b.Amount); break;
            case OfferPublish b: FieldCodec.Write(w, b.Terms); break;
            case OfferWithdraw b: w.Put(b.Offer); break;
            case JobPost b: FieldCodec.Write(w, b.Terms); break;
            case JobCancel b: w.Put(b.Job); break;
            case BatchPost b: w.Put(b.Root).WriteUnsigned(b.Count).Put(b.Total).WriteUnsigned(b.Jobs); break;
            case Ticket b:
                w.Put(b.Job).WriteUnsigned(b.Round).WriteUnsigned((ulong)b.Role).Put(b.Output).WriteBytes(b.Proof.Span)
                    .PutList(b.Units, static (writer, unit) => writer.WriteUnsigned(unit)).Put(b.Possession);
                break;
            case EvidencePublish b:
                w.Put(b.Job).WriteUnsigned(b.Round).WriteCid(b.Evidence).Put(b.EvidenceDigest).WriteBytes(b.HpkeKey.Span).WriteBytes(b.ReceiptKey.Span).Put(b.Possession);
                break;
            case VoteCast b:
                w.Put(b.Job).WriteUnsigned(b.Round).PutList(b.Votes, static (writer, vote) => writer.BeginArray().Put(vote.Executor).WriteUnsigned((ulong)vote.Verdict).Put(vote.Appraisal).EndArray());
                break;
            case AppraisalOpen b:
                w.Put(b.Job).WriteUnsigned(b.Round).PutList(b.Openings, static (writer, opening) => writer.BeginArray().Put(opening.Executor).Put(opening.Appraisal).Put(opening.Salt).EndArray());
                break;
            case ReleaseRecord b: w.Put(b.Job).WriteUnsigned(b.Round).Put(b.Executor).Put(b.Offer).Put(b.Admission).Put(b.WrappedKey); break;
            case ReleaseDeny b: w.Put(b.Job).WriteUnsigned(b.Round).Put(b.Executor).Put(b.Offer).WriteUnsigned((ulong)b.Reason); break;
            case ResultCommit b: w.Put(b.Job).WriteUnsigned(b.Round).Put(b.Commitment); break;
            case ResultReveal b:
                w.Put(b.Job).WriteUnsigned(b.Round).Put(b.Statement.Tag).WriteUnsigned(b.Statement.Exit).WriteUnsigned(b.Statement.Fuel).Put(b.Statement.Output)
                    .Put(b.Statement.Receipt).Put(b.Nonce).WriteBytes(b.EnclaveSignature.Span).WriteCid(b.ReceiptContent);
                break;
            case ResultFail b: w.Put(b.Job).WriteUnsigned(b.Round).WriteUnsigned((ulong)b.Reason); break;
            case Judge b: w.Put(b.Job).WriteUnsigned(b.Round).WriteBoolean(b.Accept).Put(b.Report); break;
            case Review b: w.Put(b.Job).WriteBoolean(b.Accept); break;
            case KnownAnswerOpen b: w.Put(b.Job).Put(b.Output).Put(b.Salt); break;
            case PlantOpen b: w.Put(b.Job).WriteUnsigned(b.Round).Put(b.Salt).WriteBytes(b.Evidence.Span); break;
            case TicketChallenge b: w.Put(b.Job).WriteUnsigned(b.Round).WriteUnsigned((ulong)b.Role).Put(b.Node); break;
            case EquivocationProof b: w.WriteBytes(b.First.Span).WriteBytes(b.Second.Span); break;
            case BatchClaim b: w.Put(b.Batch).WriteUnsigned(b.Index).Put(b.To).Put(b.Amount).Put(b.Details).PutList(b.Path, static (writer, node) => writer.Put(node)); break;
            case BatchClose b: w.Put(b.Batch); break;
            case Payout b: w.PutList(b.Accounts, static (writer, account) => writer.Put(account)); break;
            case Drive b: w.Put(b.Job); break;
            case BeaconCommit b: w.WriteUnsigned(b.Epoch).Put(b.Commitment); break;
            case BeaconReveal b: w.WriteUnsigned(b.Epoch).Put(b.Secret); break;
            case StakeClaim b: w.Put(b.Account); break;
            default: throw new InvalidOperationException($"{transaction.Kind} has no encoding.");
        }
    }

    public static Transaction Read(ref CborReader r, TransactionKind kind, int fields)
    {
        if (fields != FieldsOf(kind))
        {
            throw new BodyFormatException();
        }

        return kind switch
        {
            TransactionKind.Transfer => new Transfer(Address(ref r), Amount(ref r)),
            TransactionKind.Deposit => new Deposit(Address(ref r), Amount(ref r), Digest(ref r)),
            TransactionKind.Withdraw => new Withdraw(Amount(ref r), Digest(ref r)),
            TransactionKind.NodeRegister => new NodeRegister(Profile(ref r), Amount(ref r)),
            TransactionKind.StakeAdd => new StakeAdd(Amount(ref r)),
            TransactionKind.StakeUnbond => new StakeUnbond(Amount(ref r)),
            TransactionKind.OfferPublish => new OfferPublish(Offer(ref r)),
            TransactionKind.OfferWithdraw => new OfferWithdraw(Digest(ref r)),
            TransactionKind.JobPost => new JobPost(Job(ref r)),
            TransactionKind.JobCancel => new JobCancel(Digest(ref r)),
            TransactionKind.BatchPost => new BatchPost(Digest(ref r), UInt32(ref r), Amount(ref r), UInt32(ref r)),
            TransactionKind.Ticket => new Ticket(Digest(ref r), Byte(ref r), (DrawRole)Byte(ref r), Digest(ref r), Bytes(ref r, 96), List(ref r, JobTerms.VerifiersMax, UInt32), Digest(ref r)),
            TransactionKind.EvidencePublish => new EvidencePublish(Digest(ref r), Byte(ref r), Cid(ref r), Digest(ref r), Bytes(ref r, 133), Bytes(ref r, 33), Digest(ref r)),
            TransactionKind.VoteCast => new VoteCast(Digest(ref r), Byte(ref r), List(ref r, JobTerms.ExecutorsMax + 1, ReadVote)),
            TransactionKind.AppraisalOpen => new AppraisalOpen(Digest(ref r), Byte(ref r), List(ref r, JobTerms.ExecutorsMax + 1, ReadOpening)),
            TransactionKind.ReleaseRecord => new ReleaseRecord(Digest(ref r), Byte(ref r), Address(ref r), Digest(ref r), Digest(ref r), Digest(ref r)),
            TransactionKind.ReleaseDeny => new ReleaseDeny(Digest(ref r), Byte(ref r), Address(ref r), Digest(ref r), (DenyReason)Byte(ref r)),
            TransactionKind.ResultCommit => new ResultCommit(Digest(ref r), Byte(ref r), Digest(ref r)),
            TransactionKind.ResultReveal => new ResultReveal(Digest(ref r), Byte(ref r), new ResultStatement(Digest(ref r), UInt32(ref r), r.ReadUInt64(), Digest(ref r), Digest(ref r)), Digest(ref r), Bytes(ref r, 64), Cid(ref r)),
            TransactionKind.ResultFail => new ResultFail(Digest(ref r), Byte(ref r), (FailReason)Byte(ref r)),
            TransactionKind.Judge => new Judge(Digest(ref r), Byte(ref r), r.ReadBoolean(), Digest(ref r)),
            TransactionKind.Review => new Review(Digest(ref r), r.ReadBoolean()),
            TransactionKind.KnownAnswerOpen => new KnownAnswerOpen(Digest(ref r), Digest(ref r), Digest(ref r)),
            TransactionKind.PlantOpen => new PlantOpen(Digest(ref r), Byte(ref r), Digest(ref r), Bytes(ref r, PlantedEvidence.LengthMax)),
            TransactionKind.TicketChallenge => new TicketChallenge(Digest(ref r), Byte(ref r), (DrawRole)Byte(ref r), Address(ref r)),
            TransactionKind.EquivocationProof => new EquivocationProof(Bytes(ref r, SignedTransaction.LengthMax / 4), Bytes(ref r, SignedTransaction.LengthMax / 4)),
            TransactionKind.BatchClaim => new BatchClaim(Digest(ref r), UInt32(ref r), Address(ref r), Amount(ref r), Digest(ref r), List(ref r, PathMax, Digest)),
            TransactionKind.BatchClose => new BatchClose(Digest(ref r)),
            TransactionKind.Payout => new Payout(List(ref r, 64, Address)),
            TransactionKind.Drive => new Drive(Digest(ref r)),
            TransactionKind.BeaconCommit => new BeaconCommit(r.ReadUInt64(), Digest(ref r)),
            TransactionKind.BeaconReveal => new BeaconReveal(r.ReadUInt64(), Digest(ref r)),
            TransactionKind.StakeClaim => new StakeClaim(Address(ref r)),
            _ => throw new BodyFormatException(),
        };
    }

    internal static int FieldsOf(TransactionKind kind) => kind switch
    {
        TransactionKind.StakeAdd or TransactionKind.StakeUnbond or TransactionKind.OfferPublish or TransactionKind.OfferWithdraw or TransactionKind.JobPost
            or TransactionKind.JobCancel or TransactionKind.BatchClose or TransactionKind.Payout or TransactionKind.Drive or TransactionKind.StakeClaim => 1,
        TransactionKind.Transfer or TransactionKind.Withdraw or TransactionKind.NodeRegister or TransactionKind.Review or TransactionKind.EquivocationProof
            or TransactionKind.BeaconCommit or TransactionKind.BeaconReveal => 2,
        TransactionKind.Deposit or TransactionKind.VoteCast or TransactionKind.AppraisalOpen or TransactionKind.ResultCommit or TransactionKind.ResultFail
            or TransactionKind.KnownAnswerOpen => 3,
        TransactionKind.BatchPost or TransactionKind.Judge or TransactionKind.PlantOpen or TransactionKind.TicketChallenge => 4,
        TransactionKind.ReleaseDeny => 5,
        TransactionKind.ReleaseRecord or TransactionKind.BatchClaim => 6,
        TransactionKind.Ticket or TransactionKind.EvidencePublish => 7,
        TransactionKind.ResultReveal => 10,
        _ => -1,
    };

    private static Vote ReadVote(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        return new Vote(Address(ref r), (VoteVerdict)Byte(ref r), Digest(ref r));
    }

    private static Opening ReadOpening(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        return new Opening(Address(ref r), Digest(ref r), Digest(ref r));
    }
}
