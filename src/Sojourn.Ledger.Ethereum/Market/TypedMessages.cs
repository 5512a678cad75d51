using System.Collections.Immutable;
using System.Text;
using Sojourn.Cryptography.Hashing;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>What authors of slot messages sign: EIP-712, so that a wallet can show it field by field and anyone can bring it to the chain.</summary>
internal static class TypedMessages
{
    /// <summary>The bytes of a VRF proof, and of the words that hold it.</summary>
    public const int ProofLength = 81;

    private static readonly byte[] s_domain = TypeHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    private static readonly byte[] s_ticket = TypeHash("Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)");
    private static readonly byte[] s_evidence = TypeHash("Evidence(bytes32 job,uint8 round,bytes content,bytes32 digest,bytes hpkeKey,bytes receiptKey,bytes32 possession)");
    private static readonly byte[] s_vote = TypeHash("Vote(address executor,uint8 verdict,bytes32 appraisal)");
    private static readonly byte[] s_votes = TypeHash("VoteCast(bytes32 job,uint8 round,Vote[] votes)Vote(address executor,uint8 verdict,bytes32 appraisal)");
    private static readonly byte[] s_opening = TypeHash("Opening(address executor,bytes32 appraisal,bytes32 salt)");
    private static readonly byte[] s_openings = TypeHash("AppraisalOpen(bytes32 job,uint8 round,Opening[] openings)Opening(address executor,bytes32 appraisal,bytes32 salt)");
    private static readonly byte[] s_release = TypeHash("Release(bytes32 job,uint8 round,address executor,bytes32 offer,bytes32 admission,bytes32 wrappedKey)");
    private static readonly byte[] s_deny = TypeHash("Deny(bytes32 job,uint8 round,address executor,bytes32 offer,uint8 reason)");
    private static readonly byte[] s_commit = TypeHash("Commit(bytes32 job,uint8 round,bytes32 commitment)");
    private static readonly byte[] s_reveal = TypeHash("Reveal(bytes32 job,uint8 round,bytes32 tag,uint32 exit,uint64 fuel,bytes32 output,bytes32 receipt,bytes32 nonce,bytes enclaveSignature,bytes receiptContent)");
    private static readonly byte[] s_fail = TypeHash("Fail(bytes32 job,uint8 round,uint8 reason)");
    private static readonly byte[] s_judgement = TypeHash("Judgement(bytes32 job,uint8 round,bool accept,bytes32 report)");
    private static readonly byte[] s_review = TypeHash("Review(bytes32 job,bool accept)");
    private static readonly byte[] s_answer = TypeHash("Answer(bytes32 job,bytes32 output,bytes32 salt)");
    private static readonly byte[] s_bundle = TypeHash("Bundle(bytes32[] messages)");
    private static readonly byte[] s_plant = TypeHash("Plant(bytes32 job,uint8 round,bytes32 salt,bytes evidence)");

    /// <summary>The domain of one ledger on one chain.</summary>
    public static Digest Domain(ulong chainId, in Address contract)
    {
        var w = new AbiWriter(5 * 32);
        w.FixedBytes(s_domain);
        w.FixedBytes(Keccak256.Hash("Sojourn"u8));
        w.FixedBytes(Keccak256.Hash("1"u8));
        w.UInt(chainId);
        w.Address(contract);
        return Hash(w);
    }

    /// <summary>What the author of a slot message signs; null for kinds that are calls of their sender.</summary>
    public static Digest? SigningDigest(in Digest domain, Transaction body)
    {
        if (StructHash(body) is not { } message)
        {
            return null;
        }

        return Signing(domain, message);
    }

    private static Digest Signing(in Digest domain, in Digest message)
    {
        Span<byte> bytes = stackalloc byte[66];
        bytes[0] = 0x19;
        bytes[1] = 0x01;
        domain.CopyTo(bytes[2..]);
        message.CopyTo(bytes[34..]);
        return new Digest(Keccak256.Hash(bytes));
    }

    /// <summary>What the author of several messages signs at once: each can then be held against it by showing the hashes of all.</summary>
    /// <exception cref="ArgumentException">One of them is no message of a slot.</exception>
    public static Digest BundleDigest(in Digest domain, IEnumerable<Transaction> bodies)
    {
        var w = new AbiWriter(2 * 32);
        w.FixedBytes(s_bundle);
        w.FixedBytes(Words<Digest>([.. bodies.Select(body => StructHash(body) ?? throw new ArgumentException($"A {body.Kind} is a call of its sender.", nameof(bodies)))], static (writer, hash) => writer.Digest(hash)));
        return Signing(domain, Hash(w));
    }

    /// <summary>A proof as three words.</summary>
    public static ImmutableArray<Digest> ProofWords(ReadOnlySpan<byte> proof)
    {
        Span<byte> padded = stackalloc byte[96];
        proof[..Math.Min(96, proof.Length)].CopyTo(padded);
        return [new Digest(padded[..32]), new Digest(padded[32..64]), new Digest(padded[64..])];
    }

    private static Digest? StructHash(Transaction body)
    {
        var w = new AbiWriter(12 * 32);
        switch (body)
        {
            case Ticket b:
                Head(w, s_ticket, b.Job, b.Round, 7);
                w.UInt((byte)b.Role);
                w.Digest(b.Output);
                w.FixedBytes(Keccak256.Hash([.. ProofWords(b.Proof.Span).SelectMany(word => word.ToArray())]));
                w.FixedBytes(Words(b.Units, static (writer, unit) => writer.UInt(unit)));
                w.Digest(b.Possession);
                return Hash(w, 8);
            case EvidencePublish b:
                Head(w, s_evidence, b.Job, b.Round, 7);
                w.FixedBytes(Keccak256.Hash(b.Evidence.Bytes));
                w.Digest(b.EvidenceDigest);
                w.FixedBytes(Keccak256.Hash(b.HpkeKey.Span));
                w.FixedBytes(Keccak256.Hash(b.ReceiptKey.Span));
                w.Digest(b.Possession);
                return Hash(w, 8);
            case VoteCast b:
                Head(w, s_votes, b.Job, b.Round, 3);
                w.FixedBytes(Words(b.Votes, static (writer, vote) =>
                {
                    var inner = new AbiWriter(4 * 32);
                    inner.FixedBytes(s_vote);
                    inner.Address(vote.Executor);
                    inner.UInt((byte)vote.Verdict);
                    inner.Digest(vote.Appraisal);
                    writer.Digest(Hash(inner));
                }));
                return Hash(w, 4);
            case AppraisalOpen b:
                Head(w, s_openings, b.Job, b.Round, 3);
                w.FixedBytes(Words(b.Openings, static (writer, opening) =>
                {
                    var inner = new AbiWriter(4 * 32);
                    inner.FixedBytes(s_opening);
                    inner.Address(opening.Executor);
                    inner.Digest(opening.Appraisal);
                    inner.Digest(opening.Salt);
                    writer.Digest(Hash(inner));
                }));
                return Hash(w, 4);
            case ReleaseRecord b:
                Head(w, s_release, b.Job, b.Round, 6);
                w.Address(b.Executor);
                w.Digest(b.Offer);
                w.Digest(b.Admission);
                w.Digest(b.WrappedKey);
                return Hash(w, 7);
            case ReleaseDeny b:
                Head(w, s_deny, b.Job, b.Round, 5);
                w.Address(b.Executor);
                w.Digest(b.Offer);
                w.UInt((byte)b.Reason);
                return Hash(w, 6);
            case ResultCommit b:
                Head(w, s_commit, b.Job, b.Round, 3);
                w.Digest(b.Commitment);
                return Hash(w, 4);
            case ResultReveal b:
                Head(w, s_reveal, b.Job, b.Round, 10);
                w.Digest(b.Statement.Tag);
                w.UInt(b.Statement.Exit);
                w.UInt(b.Statement.Fuel);
                w.Digest(b.Statement.Output);
                w.Digest(b.Statement.Receipt);
                w.Digest(b.Nonce);
                w.FixedBytes(Keccak256.Hash(b.EnclaveSignature.Span));
                w.FixedBytes(Keccak256.Hash(b.ReceiptContent.Bytes));
                return Hash(w, 11);
            case ResultFail b:
                Head(w, s_fail, b.Job, b.Round, 3);
                w.UInt((byte)b.Reason);
                return Hash(w, 4);
            case Judge b:
                Head(w, s_judgement, b.Job, b.Round, 4);
                w.Bool(b.Accept);
                w.Digest(b.Report);
                return Hash(w, 5);
            case Review b:
                w.FixedBytes(s_review);
                w.Digest(b.Job);
                w.Bool(b.Accept);
                return Hash(w, 3);
            case KnownAnswerOpen b:
                w.FixedBytes(s_answer);
                w.Digest(b.Job);
                w.Digest(b.Output);
                w.Digest(b.Salt);
                return Hash(w, 4);
            case PlantOpen b:
                Head(w, s_plant, b.Job, b.Round, 4);
                w.Digest(b.Salt);
                w.FixedBytes(Keccak256.Hash(b.Evidence.Span));
                return Hash(w, 5);
            default:
                return null;
        }
    }

    private static void Head(AbiWriter w, byte[] type, in Digest job, byte round, int fields)
    {
        _ = fields;
        w.FixedBytes(type);
        w.Digest(job);
        w.UInt(round);
    }

    private static byte[] Words<T>(ImmutableArray<T> items, Action<AbiWriter, T> write)
    {
        var writer = new AbiWriter(items.Length * 32);
        foreach (var item in items)
        {
            write(writer, item);
        }

        return Keccak256.Hash(writer.ToArray());
    }

    private static Digest Hash(AbiWriter w) => new(Keccak256.Hash(w.ToArray()));

    private static Digest Hash(AbiWriter w, int words) => new(Keccak256.Hash(w.ToArray().AsSpan(0, words * 32)));

    private static byte[] TypeHash(string type) => Keccak256.Hash(Encoding.ASCII.GetBytes(type));
}
