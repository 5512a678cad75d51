using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>A leader's message to a replica: blocks to keep, or none, to say that it lives and what is settled.</summary>
/// <param name="Term">The leader's term.</param>
/// <param name="To">The replica's place in the genesis's list: nobody else may be shown it.</param>
/// <param name="Count">Above that of every message that this leader sent in this term before: none can be shown twice.</param>
/// <param name="PreviousNumber">The block before those that come.</param>
/// <param name="PreviousHash">Its hash.</param>
/// <param name="Settled">Up to which block a majority holds everything.</param>
/// <param name="Blocks">Blocks, each as <see cref="Chain.Block.WriteTo"/> writes it.</param>
/// <param name="Signature">The leader's.</param>
internal sealed record LeadRequest(ulong Term, int To, ulong Count, ulong PreviousNumber, Digest PreviousHash, ulong Settled, ReadOnlyMemory<byte> Blocks, ReadOnlyMemory<byte> Signature)
{
    public const int LengthMax = 40 << 20;

    public Digest SigningDigest(in Digest genesis) =>
        new ProtocolHash("sojourn/lead/2").Add(genesis).Add(Term).Add((ulong)To).Add(Count).Add(PreviousNumber).Add(PreviousHash).Add(Settled).Add(Digest.Of(Blocks.Span)).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned(Term).WriteUnsigned((ulong)To).WriteUnsigned(Count).WriteUnsigned(PreviousNumber).WriteBytes(PreviousHash.AsSpan()).WriteUnsigned(Settled).WriteBytes(Blocks.Span).WriteBytes(Signature.Span));

    public static LeadRequest? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 8, static (ref CborReader r) =>
    {
        var term = r.ReadUInt64();
        return r.ReadUInt64() is <= byte.MaxValue and var to
            ? new LeadRequest(term, (int)to, r.ReadUInt64(), r.ReadUInt64(), new Digest(r.ReadBytesExactly(32)), r.ReadUInt64(), r.ReadBytes(LengthMax).ToArray(), r.ReadBytes(512).ToArray()) : null!;
    });
}

/// <summary>A replica's answer to a leader.</summary>
/// <param name="Term">The term that was answered.</param>
/// <param name="Promised">The term it has promised to serve.</param>
/// <param name="Kept">Whether everything that came is on its disk.</param>
/// <param name="Number">Its last block (where kept), or the last one from which the leader should try again.</param>
/// <param name="Signature">The replica's.</param>
internal sealed record LeadReply(ulong Term, ulong Promised, bool Kept, ulong Number, ReadOnlyMemory<byte> Signature)
{
    /// <summary>What is signed: the answer and the message it answers, so that it is an answer to no other.</summary>
    /// <param name="genesis">The genesis's digest.</param>
    /// <param name="request">What the leader signed.</param>
    public Digest SigningDigest(in Digest genesis, in Digest request) =>
        new ProtocolHash("sojourn/lead-reply/2").Add(genesis).Add(request).Add(Term).Add(Promised).Add(Kept ? 1UL : 0).Add(Number).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned(Term).WriteUnsigned(Promised).WriteBoolean(Kept).WriteUnsigned(Number).WriteBytes(Signature.Span));

    public static LeadReply? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 5, static (ref CborReader r) =>
        new LeadReply(r.ReadUInt64(), r.ReadUInt64(), r.ReadBoolean(), r.ReadUInt64(), r.ReadBytes(512).ToArray()));
}

/// <summary>A sequencer asks for the promise to serve no earlier term.</summary>
/// <param name="Term">The term it wants to lead.</param>
/// <param name="LastTerm">The term of its last block.</param>
/// <param name="LastNumber">Its number.</param>
/// <param name="Signature">The sequencer's.</param>
internal sealed record PromiseRequest(ulong Term, ulong LastTerm, ulong LastNumber, ReadOnlyMemory<byte> Signature)
{
    public Digest SigningDigest(in Digest genesis) => new ProtocolHash("sojourn/promise/1").Add(genesis).Add(Term).Add(LastTerm).Add(LastNumber).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned(Term).WriteUnsigned(LastTerm).WriteUnsigned(LastNumber).WriteBytes(Signature.Span));

    public static PromiseRequest? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 4, static (ref CborReader r) =>
        new PromiseRequest(r.ReadUInt64(), r.ReadUInt64(), r.ReadUInt64(), r.ReadBytes(512).ToArray()));
}

/// <summary>The answer.</summary>
/// <param name="Term">The term asked for.</param>
/// <param name="Given">Whether the promise is given.</param>
/// <param name="Promised">The term it has promised to serve by now.</param>
/// <param name="Signature">The replica's.</param>
internal sealed record PromiseReply(ulong Term, bool Given, ulong Promised, ReadOnlyMemory<byte> Signature)
{
    public Digest SigningDigest(in Digest genesis) => new ProtocolHash("sojourn/promise-reply/1").Add(genesis).Add(Term).Add(Given ? 1UL : 0).Add(Promised).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned(Term).WriteBoolean(Given).WriteUnsigned(Promised).WriteBytes(Signature.Span));

    public static PromiseReply? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 4, static (ref CborReader r) =>
        new PromiseReply(r.ReadUInt64(), r.ReadBoolean(), r.ReadUInt64(), r.ReadBytes(512).ToArray()));
}

/// <summary>A replica asks the leader up to which block everything is acknowledged, so that it can answer a reader with the present.</summary>
/// <param name="Asker">The replica's place in the genesis's list.</param>
/// <param name="Nonce">16 bytes; the answer repeats them, so that an old one cannot be shown again.</param>
/// <param name="Signature">The replica's.</param>
internal sealed record IndexRequest(int Asker, ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> Signature)
{
    public const int NonceLength = 16;

    public Digest SigningDigest(in Digest genesis) => new ProtocolHash("sojourn/index/1").Add(genesis).Add((ulong)Asker).Add(Digest.Of(Nonce.Span)).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned((ulong)Asker).WriteBytes(Nonce.Span).WriteBytes(Signature.Span));

    public static IndexRequest? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 3, static (ref CborReader r) =>
        r.ReadUInt64() is <= byte.MaxValue and var asker ? new IndexRequest((int)asker, r.ReadBytesExactly(NonceLength).ToArray(), r.ReadBytes(512).ToArray()) : null!);
}

/// <summary>The leader's answer: nobody else led when the question came, and nothing beyond this block had been acknowledged before.</summary>
/// <param name="Term">The leader's term.</param>
/// <param name="Number">The last block that a majority holds.</param>
/// <param name="Nonce">The question's.</param>
/// <param name="Signature">The leader's.</param>
internal sealed record IndexReply(ulong Term, ulong Number, ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> Signature)
{
    public Digest SigningDigest(in Digest genesis) => new ProtocolHash("sojourn/index-reply/1").Add(genesis).Add(Term).Add(Number).Add(Digest.Of(Nonce.Span)).Finish();

    public byte[] Encode() => Messages.Write(w => w.WriteUnsigned(Term).WriteUnsigned(Number).WriteBytes(Nonce.Span).WriteBytes(Signature.Span));

    public static IndexReply? TryDecode(ReadOnlySpan<byte> bytes) => Messages.Read(bytes, 4, static (ref CborReader r) =>
        new IndexReply(r.ReadUInt64(), r.ReadUInt64(), r.ReadBytesExactly(IndexRequest.NonceLength).ToArray(), r.ReadBytes(512).ToArray()));
}

/// <summary>Messages are dag-cbor arrays by position, a version first.</summary>
internal static class Messages
{
    public delegate T ReadFields<T>(ref CborReader reader);

    public static byte[] Write(Action<CborWriter> fields)
    {
        var w = new CborWriter(CborProfile.DagCbor, 512);
        w.BeginArray().WriteUnsigned(1);
        fields(w);
        return w.EndArray().ToArray();
    }

    public static T? Read<T>(ReadOnlySpan<byte> bytes, int fields, ReadFields<T> read)
        where T : class
    {
        try
        {
            var r = new CborReader(bytes, CborProfile.DagCbor, 4);
            r.ReadArrayHeaderExactly(fields + 1);
            if (r.ReadUInt64() != 1)
            {
                return null;
            }

            var message = read(ref r);
            if (message is not null)
            {
                r.ReadEnd();
            }

            return message;
        }
        catch (CborException)
        {
            return null;
        }
    }
}
