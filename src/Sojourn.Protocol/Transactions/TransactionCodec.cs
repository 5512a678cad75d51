using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Transactions;

/// <summary>The encoding of transactions: deterministic dag-cbor, arrays by position. <c>[version, sender, nonce, signature, [kind, …]]</c>.</summary>
internal static class TransactionCodec
{
    private const int Version = 1;

    [ThreadStatic]
    private static CborWriter? t_writer;

    public static byte[] EncodeBody(Transaction body)
    {
        var w = Writer();
        w.BeginArray().WriteUnsigned((ulong)body.Kind);
        BodyCodec.Write(w, body);
        w.EndArray();
        return w.ToArray();
    }

    public static byte[] Encode(in Address sender, ulong nonce, ReadOnlySpan<byte> body, ReadOnlySpan<byte> signature)
    {
        var w = Writer();
        w.BeginArray().WriteUnsigned(Version).WriteBytes(sender.AsSpan()).WriteUnsigned(nonce).WriteBytes(signature).WriteEncoded(body).EndArray();
        return w.ToArray();
    }

    public static Refusal TryDecode(ReadOnlySpan<byte> encoded, out SignedTransaction? transaction)
    {
        transaction = null;
        if (encoded.Length > SignedTransaction.LengthMax)
        {
            return Refusal.TooLarge;
        }

        try
        {
            var r = new CborReader(encoded, CborProfile.DagCbor, 16);
            r.ReadArrayHeaderExactly(5);
            if (r.ReadUInt64() != Version)
            {
                return Refusal.UnknownVersion;
            }

            var sender = new Address(r.ReadBytesExactly(Address.Length));
            var nonce = r.ReadUInt64();
            var signature = r.ReadBytes(512).ToArray();
            var at = r.Position;
            var count = r.ReadArrayHeader(16);
            var kind = r.ReadUInt64();
            if (kind > byte.MaxValue || !Enum.IsDefined((TransactionKind)kind))
            {
                return Refusal.UnknownKind;
            }

            var body = BodyCodec.Read(ref r, (TransactionKind)kind, count - 1);
            var end = r.Position;
            r.ReadEnd();
            transaction = new SignedTransaction(sender, nonce, body, Digest.Of(encoded[at..end]), signature, encoded.ToArray());
            return Refusal.None;
        }
        catch (CborException)
        {
            return Refusal.Malformed;
        }
        catch (CidException)
        {
            return Refusal.Malformed;
        }
        catch (BodyFormatException)
        {
            return Refusal.Malformed;
        }
    }

    private static CborWriter Writer()
    {
        t_writer ??= new CborWriter(CborProfile.DagCbor, 4096);
        t_writer.Reset();
        return t_writer;
    }
}

/// <summary>A body's fields are not what its kind demands.</summary>
internal sealed class BodyFormatException : FormatException;
