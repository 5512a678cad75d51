using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Transactions;

/// <summary>How single fields and terms are encoded.</summary>
internal static class FieldCodec
{
    public delegate T ReadItem<T>(ref CborReader reader);

    public static CborWriter Put(this CborWriter w, in Digest value) => w.WriteBytes(value.AsSpan());

    public static CborWriter Put(this CborWriter w, in Address value) => w.WriteBytes(value.AsSpan());

    // Big-endian without leading zeroes; zero is empty.
    public static CborWriter Put(this CborWriter w, Amount value)
    {
        Span<byte> bytes = stackalloc byte[Primitives.Amount.Length];
        value.WriteBigEndian(bytes);
        var first = bytes.IndexOfAnyExcept((byte)0);
        return w.WriteBytes(first < 0 ? [] : bytes[first..]);
    }

    public static CborWriter Put(this CborWriter w, Cid? value) => value is null ? w.WriteNull() : w.WriteCid(value);

    public static CborWriter PutList<T>(this CborWriter w, ImmutableArray<T> list, Action<CborWriter, T> item)
    {
        w.BeginArray();
        foreach (var value in list.IsDefault ? [] : list)
        {
            item(w, value);
        }

        return w.EndArray();
    }

    public static Digest Digest(ref CborReader r) => new(r.ReadBytesExactly(Primitives.Digest.Length));

    public static Address Address(ref CborReader r) => new(r.ReadBytesExactly(Primitives.Address.Length));

    public static Amount Amount(ref CborReader r)
    {
        var bytes = r.ReadBytes(Primitives.Amount.Length);
        if (bytes.Length > 0 && bytes[0] == 0)
        {
            throw new BodyFormatException();
        }

        Span<byte> padded = stackalloc byte[Primitives.Amount.Length];
        bytes.CopyTo(padded[(padded.Length - bytes.Length)..]);
        return Primitives.Amount.ReadBigEndian(padded);
    }

    public static byte Byte(ref CborReader r) => (byte)Bounded(ref r, byte.MaxValue);

    public static uint UInt32(ref CborReader r) => (uint)Bounded(ref r, uint.MaxValue);

    public static ulong Bounded(ref CborReader r, ulong max)
    {
        var value = r.ReadUInt64();
        return value <= max ? value : throw new BodyFormatException();
    }

    public static Cid? OptionalCid(ref CborReader r) => r.TryReadNull() ? null : r.ReadCid();

    public static Cid Cid(ref CborReader r) => r.ReadCid();

    public static byte[] Bytes(ref CborReader r, int max) => r.ReadBytes(max).ToArray();

    public static ImmutableArray<T> List<T>(ref CborReader r, int max, ReadItem<T> item)
    {
        var count = r.ReadArrayHeader(max);
        var list = ImmutableArray.CreateBuilder<T>(count);
        for (var i = 0; i < count; i++)
        {
            list.Add(item(ref r));
        }

        return list.MoveToImmutable();
    }

    public static void Write(CborWriter w, NodeProfile p)
    {
        w.BeginArray().WriteBytes(p.VrfKey.Span).Put(p.Chip).WriteUnsigned((ulong)p.Level).WriteUnsigned((ulong)p.Custody).WriteUnsigned(p.Regions)
            .WriteUnsigned(p.MemoryMebibytes).Put(p.PricePerJob).Put(p.PricePerGigafuel).WriteBoolean(p.Executes).WriteBoolean(p.Verifies).WriteText(p.Gateway)
            .PutList(p.Pins, static (writer, pin) => writer.Put(pin)).EndArray();
    }

    public static NodeProfile Profile(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(12);
        return new NodeProfile
        {
            VrfKey = Bytes(ref r, 96),
            Chip = Digest(ref r),
            Level = (TrustLevel)Byte(ref r),
            Custody = (CustodyClass)Byte(ref r),
            Regions = r.ReadUInt64(),
            MemoryMebibytes = UInt32(ref r),
            PricePerJob = Amount(ref r),
            PricePerGigafuel = Amount(ref r),
            Executes = r.ReadBoolean(),
            Verifies = r.ReadBoolean(),
            Gateway = r.ReadText(4 * NodeProfile.GatewayCharsMax),
            Pins = List(ref r, NodeProfile.PinsMax, Digest),
        };
    }

    // A custodian's offer has one field more: each record has one encoding.
    public static void Write(CborWriter w, OfferTerms t)
    {
        w.BeginArray().WriteUnsigned((ulong)t.Kind).WriteCid(t.Content).Put(t.Policy).WriteBoolean(t.Sealed).Put(t.Keeper).Put(t.Price)
            .WriteUnsigned((ulong)t.LevelMin).WriteUnsigned((ulong)t.CustodyMin).WriteUnsigned(t.UsesMax).WriteUnsigned(t.DrawsMax).WriteUnsigned(t.Expires);
        if (t.Threshold != 0)
        {
            w.WriteUnsigned(t.Threshold);
        }

        w.EndArray();
    }

    public static OfferTerms Offer(ref CborReader r)
    {
        var fields = r.ReadArrayHeader(12);
        if (fields < 11)
        {
            throw new BodyFormatException();
        }

        var terms = new OfferTerms
        {
            Kind = (OfferKind)Byte(ref r),
            Content = Cid(ref r),
            Policy = OptionalCid(ref r),
            Sealed = r.ReadBoolean(),
            Keeper = Address(ref r),
            Price = Amount(ref r),
            LevelMin = (TrustLevel)Byte(ref r),
            CustodyMin = (CustodyClass)Byte(ref r),
            UsesMax = UInt32(ref r),
            DrawsMax = UInt32(ref r),
            Expires = r.ReadUInt64(),
        };
        return fields == 11 ? terms : terms with { Threshold = Byte(ref r) is > 0 and var threshold ? threshold : throw new BodyFormatException() };
    }

    public static void Write(CborWriter w, JobTerms t)
    {
        w.BeginArray().WriteCid(t.Spec).WriteCid(t.Code)
            .PutList(t.Inputs, static (writer, cid) => writer.WriteCid(cid)).PutList(t.Offers, static (writer, offer) => writer.Put(offer))
            .WriteUnsigned(t.Executors).WriteUnsigned(t.Agreeing).WriteUnsigned(t.Verifiers).WriteUnsigned(t.VerifierNodesMin).WriteUnsigned(t.RedrawsMax)
            .WriteUnsigned((ulong)t.LevelMin).WriteUnsigned((ulong)t.CustodyMin).WriteUnsigned(t.Regions).WriteUnsigned(t.MemoryMebibytes).WriteUnsigned(t.FuelMax)
            .WriteUnsigned(t.LocalityMin).WriteUnsigned((ulong)t.Modes).WriteUnsigned(t.Audit).Put(t.Checker).Put(t.Reviewer).Put(t.AnswerCommitment)
            .WriteUnsigned((ulong)t.Balance).Put(t.ExecutorPay).Put(t.VerifierPay).Put(t.StoragePay).Put(t.StorageNode).Put(t.ExecutorBond)
            .BeginArray().WriteUnsigned(t.Windows.Beacon).WriteUnsigned(t.Windows.Ticket).WriteUnsigned(t.Windows.Evidence).WriteUnsigned(t.Windows.Vote)
            .WriteUnsigned(t.Windows.Run).WriteUnsigned(t.Windows.Reveal).WriteUnsigned(t.Windows.Judge).EndArray().EndArray();
    }

    public static JobTerms Job(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(27);
        return new JobTerms
        {
            Spec = Cid(ref r),
            Code = Cid(ref r),
            Inputs = List(ref r, JobTerms.ListMax, Cid),
            Offers = List(ref r, JobTerms.ListMax, Digest),
            Executors = Byte(ref r),
            Agreeing = Byte(ref r),
            Verifiers = Byte(ref r),
            VerifierNodesMin = Byte(ref r),
            RedrawsMax = Byte(ref r),
            LevelMin = (TrustLevel)Byte(ref r),
            CustodyMin = (CustodyClass)Byte(ref r),
            Regions = r.ReadUInt64(),
            MemoryMebibytes = UInt32(ref r),
            FuelMax = r.ReadUInt64(),
            LocalityMin = Byte(ref r),
            Modes = (VerificationModes)Byte(ref r),
            Audit = UInt32(ref r),
            Checker = OptionalCid(ref r),
            Reviewer = Address(ref r),
            AnswerCommitment = Digest(ref r),
            Balance = (WorkBalance)Byte(ref r),
            ExecutorPay = Amount(ref r),
            VerifierPay = Amount(ref r),
            StoragePay = Amount(ref r),
            StorageNode = Address(ref r),
            ExecutorBond = Amount(ref r),
            Windows = Windows(ref r),
        };
    }

    private static JobWindows Windows(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(7);
        return new JobWindows(UInt32(ref r), UInt32(ref r), UInt32(ref r), UInt32(ref r), UInt32(ref r), UInt32(ref r), UInt32(ref r));
    }
}
