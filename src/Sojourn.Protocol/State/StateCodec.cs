using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using static Sojourn.Protocol.Transactions.FieldCodec;

namespace Sojourn.Protocol.State;

/// <summary>The whole state as deterministic dag-cbor, closed jobs aside: they are a table of fixed records.</summary>
internal static class StateCodec
{
    /// <summary>Encodes a state. Without its history two states that differ only in how they were reached are the same.</summary>
    public static byte[] Encode(LedgerState state, bool history)
    {
        var w = new CborWriter(CborProfile.DagCbor, 1 << 16);
        w.BeginArray().WriteUnsigned(2).WriteUnsigned(state.Height).Put(state.Beacon).Put(state.Mix).Put(state.TokensHeld).Put(state.Treasury).Put(state.Escrowed);
        w.Put(history ? state.EventDigest : default).Put(history ? state.ClosedDigest : default).WriteUnsigned(history ? state.Receipts.Count : 0);
        List(w, history ? state.Receipts.Peaks : [], static (x, peak) => x.Put(peak));
        List(w, state.Accounts.Values.OrderBy(account => account.Address), Write);
        List(w, state.Nodes.Values.OrderBy(node => node.Address), Write);
        List(w, state.Offers.Values.OrderBy(offer => offer.Id), Write);
        List(w, state.OpenJobs.Values.OrderBy(job => job.Id), Write);
        List(w, state.Batches.Values.OrderBy(batch => batch.Id), Write);
        List(w, state.References.Order(), static (x, reference) => x.Put(reference));
        List(w, state.DueBeacons, static (x, due) => { x.BeginArray().WriteUnsigned(due.Height).WriteUnsigned((ulong)due.Waiting); Optional(x, due.Value); x.EndArray(); });
        List(w, state.Commitments.OrderBy(item => item.Node).ThenBy(item => item.Epoch), static (x, item) => x.BeginArray().Put(item.Node).WriteUnsigned(item.Epoch).Put(item.Commitment).EndArray());
        w.EndArray();
        return w.ToArray();
    }

    /// <summary>One closed job, whole, as ledgers keep it.</summary>
    public static byte[] EncodeClosed(JobState job)
    {
        t_writer ??= new CborWriter(CborProfile.DagCbor, 1 << 13);
        t_writer.Reset();
        t_writer.BeginArray().WriteUnsigned(job.ClosedAt);
        Write(t_writer, job);
        t_writer.EndArray();
        return t_writer.ToArray();
    }

    public static JobState DecodeClosed(ReadOnlySpan<byte> bytes)
    {
        var r = new CborReader(bytes, CborProfile.DagCbor, 24);
        r.ReadArrayHeaderExactly(2);
        var at = r.ReadUInt64();
        var job = Job(ref r);
        r.ReadEnd();
        job.ClosedAt = at;
        return job;
    }

    [ThreadStatic]
    private static CborWriter? t_writer;

    public static void Decode(ReadOnlySpan<byte> bytes, LedgerState state)
    {
        var r = new CborReader(bytes, CborProfile.DagCbor, 24);
        r.ReadArrayHeaderExactly(19);
        if (r.ReadUInt64() != 2)
        {
            throw new BodyFormatException();
        }

        var head = new LedgerState.Totals(r.ReadUInt64(), Digest(ref r), Digest(ref r), Amount(ref r), Amount(ref r), Amount(ref r), Digest(ref r), Digest(ref r));
        var receipts = r.ReadUInt64();
        var peaks = Items(ref r, Digest);
        state.Restore(head, receipts, peaks, Items(ref r, Account), Items(ref r, Node), Items(ref r, Offer), Items(ref r, Job), Items(ref r, Batch), Items(ref r, Digest), Items(ref r, Due), Items(ref r, Commitment));
        r.ReadEnd();
    }

    private static void List<T>(CborWriter w, IEnumerable<T> items, Action<CborWriter, T> write)
    {
        w.BeginArray();
        foreach (var item in items)
        {
            write(w, item);
        }

        w.EndArray();
    }

    private static List<T> Items<T>(ref CborReader r, ReadItem<T> read)
    {
        var count = r.ReadArrayHeader();
        var list = new List<T>(Math.Min(count, 1 << 16));
        for (var i = 0; i < count; i++)
        {
            list.Add(read(ref r));
        }

        return list;
    }

    private static void Optional(CborWriter w, Digest? value)
    {
        if (value is { } digest)
        {
            w.Put(digest);
        }
        else
        {
            w.WriteNull();
        }
    }

    private static Digest? OptionalDigest(ref CborReader r) => r.TryReadNull() ? null : Digest(ref r);

    private static void Optional(CborWriter w, bool? value)
    {
        if (value is { } known)
        {
            w.WriteBoolean(known);
        }
        else
        {
            w.WriteNull();
        }
    }

    private static bool? OptionalBoolean(ref CborReader r) => r.TryReadNull() ? null : r.ReadBoolean();

    private static void Write(CborWriter w, AccountState a) => w.BeginArray().Put(a.Address).Put(a.Free).Put(a.CreditNew).Put(a.CreditWithheld).Put(a.CreditMature)
        .WriteUnsigned(a.CreditEpoch).WriteUnsigned(a.MatureSince).WriteUnsigned(a.Nonce).EndArray();

    private static AccountState Account(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(8);
        return new AccountState(Address(ref r))
        {
            Free = Amount(ref r), CreditNew = Amount(ref r), CreditWithheld = Amount(ref r), CreditMature = Amount(ref r),
            CreditEpoch = r.ReadUInt64(), MatureSince = r.ReadUInt64(), Nonce = r.ReadUInt64(),
        };
    }

    private static void Write(CborWriter w, NodeState n)
    {
        w.BeginArray().Put(n.Address).Put(n.Stake).Put(n.Engaged).Put(n.Unbonding).WriteUnsigned(n.UnbondHeight);
        Write(w, n.Current);
        if (n.Previous is null)
        {
            w.WriteNull();
        }
        else
        {
            Write(w, n.Previous);
        }

        var c = n.Record;
        w.BeginArray().WriteUnsigned(c.Agreed).WriteUnsigned(c.Wrong).WriteUnsigned(c.Failed).WriteUnsigned(c.Silent).WriteUnsigned(c.Voted).WriteUnsigned(c.VotesMissed)
            .WriteUnsigned(c.Proved).WriteUnsigned(c.AuditsPassed).EndArray().EndArray();
    }

    private static void Write(CborWriter w, NodeVersion v)
    {
        w.BeginArray();
        FieldCodec.Write(w, v.Profile);
        w.WriteUnsigned(v.Units).WriteUnsigned(v.Since).EndArray();
    }

    private static NodeVersion Version(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        return new NodeVersion(Profile(ref r), UInt32(ref r), r.ReadUInt64());
    }

    private static NodeState Node(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(8);
        var node = new NodeState(Address(ref r)) { Stake = Amount(ref r), Engaged = Amount(ref r), Unbonding = Amount(ref r), UnbondHeight = r.ReadUInt64() };
        node.Current = Version(ref r);
        node.Previous = r.TryReadNull() ? null : Version(ref r);
        r.ReadArrayHeaderExactly(8);
        node.Record = new NodeRecord
        {
            Agreed = UInt32(ref r), Wrong = UInt32(ref r), Failed = UInt32(ref r), Silent = UInt32(ref r), Voted = UInt32(ref r), VotesMissed = UInt32(ref r), Proved = UInt32(ref r),
            AuditsPassed = UInt32(ref r),
        };
        return node;
    }

    private static void Write(CborWriter w, OfferState o)
    {
        w.BeginArray().Put(o.Id).Put(o.Owner);
        FieldCodec.Write(w, o.Terms);
        w.WriteBoolean(o.Withdrawn).WriteUnsigned(o.Uses).WriteUnsigned(o.Draws).WriteUnsigned(o.Pending).EndArray();
    }

    private static OfferState Offer(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(7);
        return new OfferState(Digest(ref r), Address(ref r), FieldCodec.Offer(ref r)) { Withdrawn = r.ReadBoolean(), Uses = UInt32(ref r), Draws = UInt32(ref r), Pending = UInt32(ref r) };
    }

    private static void Write(CborWriter w, BatchState b)
    {
        w.BeginArray().Put(b.Id).Put(b.Poster).Put(b.Root).WriteUnsigned(b.Count).Put(b.Rest).WriteUnsigned(b.ClosesAt);
        List(w, b.Claimed, static (x, word) => x.WriteUnsigned(word));
        w.EndArray();
    }

    private static BatchState Batch(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(7);
        var batch = new BatchState(Digest(ref r), Address(ref r), Digest(ref r), UInt32(ref r), Amount(ref r), r.ReadUInt64());
        var words = Items(ref r, static (ref CborReader x) => x.ReadUInt64());
        words.CopyTo(batch.Claimed);
        return batch;
    }

    private static LedgerState.DueBeacon Due(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        return new LedgerState.DueBeacon(r.ReadUInt64(), r.ReadInt32(0), OptionalDigest(ref r));
    }

    private static (Address Node, ulong Epoch, Digest Commitment) Commitment(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        return (Address(ref r), r.ReadUInt64(), Digest(ref r));
    }

    private static void Write(CborWriter w, JobState j)
    {
        w.BeginArray().Put(j.Id).Put(j.Requester);
        FieldCodec.Write(w, j.Terms);
        w.WriteUnsigned(j.PostedAt).WriteUnsigned(j.Nonce).WriteUnsigned((ulong)j.Phase).WriteUnsigned(j.Deadline).Put(j.Escrow).WriteUnsigned((ulong)j.Redraws).WriteBoolean(j.Disputed)
            .WriteBoolean(j.DisputeDecided).WriteBoolean(j.Audited);
        Optional(w, j.Agreed?.Tag);
        w.WriteUnsigned(j.Agreed?.Exit ?? 0).WriteUnsigned(j.AuditHeight);
        Optional(w, j.Reviewed);
        w.WriteBoolean(j.AnswerOpened).WriteBoolean(j.FeeTaken).WriteUnsigned((ulong)j.Outcome);
        List(w, j.Prices, static (x, price) => x.Put(price));
        List(w, j.OffersUsed, static (x, used) => x.WriteBoolean(used));
        List(w, j.Rounds, Write);
        w.EndArray();
    }

    private static JobState Job(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(22);
        var (id, requester, terms, posted, nonce) = (Digest(ref r), Address(ref r), FieldCodec.Job(ref r), r.ReadUInt64(), r.ReadUInt64());
        var job = new JobState(id, requester, terms, posted)
        {
            Nonce = nonce, Phase = (JobPhase)Byte(ref r), Deadline = r.ReadUInt64(), Escrow = Amount(ref r), Redraws = r.ReadInt32(0), Disputed = r.ReadBoolean(),
            DisputeDecided = r.ReadBoolean(), Audited = r.ReadBoolean(),
        };
        var tag = OptionalDigest(ref r);
        var exit = UInt32(ref r);
        job.Agreed = tag is { } known ? (known, exit) : null;
        job.AuditHeight = r.ReadUInt64();
        job.Reviewed = OptionalBoolean(ref r);
        job.AnswerOpened = r.ReadBoolean();
        job.FeeTaken = r.ReadBoolean();
        job.Outcome = (JobOutcome)Byte(ref r);
        job.Prices = [.. Items(ref r, Amount)];
        job.OffersUsed = [.. Items(ref r, static (ref CborReader x) => x.ReadBoolean())];
        job.Rounds = Items(ref r, Round);
        return job;
    }

    private static void Write(CborWriter w, RoundState o)
    {
        w.BeginArray().WriteUnsigned(o.Index).WriteUnsigned((ulong)o.Kind).WriteUnsigned(o.Snapshot).WriteUnsigned(o.BeaconHeight);
        Optional(w, o.Beacon);
        w.WriteUnsigned(o.TicketClose).WriteUnsigned(o.EvidenceClose).WriteUnsigned(o.VoteClose).WriteUnsigned(o.RunClose).WriteUnsigned(o.RevealClose).WriteUnsigned((ulong)o.Wanted)
            .WriteBoolean(o.Locality).WriteUnsigned((ulong)o.CommitteeSeats);
        List(w, o.ExecutorTickets, Write);
        List(w, o.VerifierTickets, Write);
        List(w, o.Proofs, static (x, p) => x.BeginArray().Put(p.Node).WriteUnsigned((ulong)p.Role).Put(p.Output).WriteBytes(p.Proof.Span).WriteBoolean(p.Checked).EndArray());
        List(w, o.Executors, Write);
        List(w, o.Verifiers, static (x, v) => { x.BeginArray().Put(v.Node).WriteUnsigned((ulong)v.Seats).Put(v.Bond); Optional(x, v.Judged); x.EndArray(); });
        w.EndArray();
    }

    private static RoundState Round(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(18);
        return new RoundState(Byte(ref r), (RoundKind)Byte(ref r))
        {
            Snapshot = r.ReadUInt64(), BeaconHeight = r.ReadUInt64(), Beacon = OptionalDigest(ref r), TicketClose = r.ReadUInt64(), EvidenceClose = r.ReadUInt64(), VoteClose = r.ReadUInt64(),
            RunClose = r.ReadUInt64(), RevealClose = r.ReadUInt64(), Wanted = r.ReadInt32(0), Locality = r.ReadBoolean(), CommitteeSeats = r.ReadInt32(0),
            ExecutorTickets = Items(ref r, Candidate), VerifierTickets = Items(ref r, Candidate), Proofs = Items(ref r, Proof), Executors = Items(ref r, Executor), Verifiers = Items(ref r, Verifier),
        };
    }

    private static void Write(CborWriter w, Candidate c) => w.BeginArray().Put(c.Node).WriteUnsigned(c.Unit).WriteUnsigned(c.Value).WriteBoolean(c.Local).Put(c.Chip).Put(c.Possession).EndArray();

    private static Candidate Candidate(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(6);
        return new Candidate(Address(ref r), UInt32(ref r), r.ReadUInt64(), r.ReadBoolean(), Digest(ref r), Digest(ref r));
    }

    private static TicketProof Proof(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(5);
        return new TicketProof(Address(ref r), (DrawRole)Byte(ref r), Digest(ref r), Bytes(ref r, 96), r.ReadBoolean());
    }

    private static void Write(CborWriter w, ExecutorSeat s)
    {
        w.BeginArray().Put(s.Node).Put(s.Chip).WriteBoolean(s.Local).Put(s.Possession).Put(s.Bond).WriteUnsigned((ulong)s.Status);
        Body(w, s.Evidence);
        List(w, s.Votes, static (x, vote) =>
        {
            if (vote is null)
            {
                x.WriteNull();
                return;
            }

            x.BeginArray().WriteUnsigned((ulong)vote.Verdict).Put(vote.Appraisal);
            Optional(x, vote.Opened);
            x.EndArray();
        });
        w.WriteUnsigned((ulong)s.Accepting).WriteUnsigned((ulong)s.Voting).Put(s.Admission).WriteUnsigned(s.AdmittedAt);
        List(w, s.Releases, static (x, release) => x.BeginArray().Put(release.Offer).Put(release.WrappedKey).WriteUnsigned(release.Denied is { } denied ? (ulong)denied : 0).EndArray());
        w.Put(s.Commitment);
        Body(w, s.Result);
        w.WriteUnsigned(s.Fail is { } fail ? (ulong)fail : 0).EndArray();
    }

    private static ExecutorSeat Executor(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(16);
        var seat = new ExecutorSeat(Address(ref r), Digest(ref r), r.ReadBoolean(), Digest(ref r), Amount(ref r))
        {
            Status = (SeatStatus)Byte(ref r), Evidence = Body<EvidencePublish>(ref r, TransactionKind.EvidencePublish), Votes = [.. Items(ref r, CastVote)], Accepting = r.ReadInt32(0), Voting = r.ReadInt32(0),
            Admission = Digest(ref r), AdmittedAt = r.ReadUInt64(), Releases = Items(ref r, Release), Commitment = Digest(ref r), Result = Body<ResultReveal>(ref r, TransactionKind.ResultReveal),
        };
        var fail = Byte(ref r);
        seat.Fail = fail == 0 ? null : (FailReason)fail;
        return seat;
    }

    private static CastVote? CastVote(ref CborReader r)
    {
        if (r.TryReadNull())
        {
            return null;
        }

        r.ReadArrayHeaderExactly(3);
        return new CastVote((VoteVerdict)Byte(ref r), Digest(ref r), OptionalDigest(ref r));
    }

    private static Release Release(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(3);
        var (offer, key, denied) = (Digest(ref r), Digest(ref r), Byte(ref r));
        return new Release(offer, key, denied == 0 ? null : (DenyReason)denied);
    }

    private static VerifierSeat Verifier(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(4);
        return new VerifierSeat(Address(ref r), r.ReadInt32(0), Amount(ref r)) { Judged = OptionalBoolean(ref r) };
    }

    private static void Body(CborWriter w, Transaction? body)
    {
        if (body is null)
        {
            w.WriteNull();
            return;
        }

        w.BeginArray();
        BodyCodec.Write(w, body);
        w.EndArray();
    }

    private static T? Body<T>(ref CborReader r, TransactionKind kind)
        where T : Transaction => r.TryReadNull() ? null : (T)BodyCodec.Read(ref r, kind, r.ReadArrayHeader(16));
}
