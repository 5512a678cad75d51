using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Protocol;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>A block as stored and served: a signed header and the transactions it orders.</summary>
/// <param name="Header">The header.</param>
/// <param name="HeaderBytes">The header as encoded and signed.</param>
/// <param name="Signature">The sequencer's signature over <see cref="SigningDigest"/>.</param>
/// <param name="Body">The transactions, each behind its length in four big-endian bytes.</param>
public sealed record Block(BlockHeader Header, ReadOnlyMemory<byte> HeaderBytes, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> Body)
{
    /// <summary>The block's hash: SHA-256 of the header.</summary>
    public Digest Hash => Digest.Of(HeaderBytes.Span);

    /// <summary>What the sequencer signs.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="hash">The block's hash.</param>
    public static Digest SigningDigest(in Digest genesis, in Digest hash) => new ProtocolHash("sojourn/block/1").Add(genesis).Add(hash).Finish();

    /// <summary>The transactions' encodings.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Transactions()
    {
        for (var at = 0; at < Body.Length;)
        {
            if (Body.Length - at < 4)
            {
                throw new InvalidDataException($"Block {Header.Number} ends inside a length.");
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(Body.Span[at..]);
            if (length < 0 || length > Body.Length - at - 4)
            {
                throw new InvalidDataException($"Block {Header.Number} ends inside a transaction.");
            }

            yield return Body.Slice(at + 4, length);
            at += 4 + length;
        }
    }

    /// <summary>The digest of a body.</summary>
    /// <param name="body">The body.</param>
    public static Digest BodyDigest(ReadOnlySpan<byte> body)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(body, digest);
        return new Digest(digest);
    }

    /// <summary>Writes the block as one message: three lengths, then header, signature and body.</summary>
    /// <param name="destination">Where to.</param>
    public void WriteTo(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Span<byte> lengths = stackalloc byte[12];
        BinaryPrimitives.WriteInt32BigEndian(lengths, HeaderBytes.Length);
        BinaryPrimitives.WriteInt32BigEndian(lengths[4..], Signature.Length);
        BinaryPrimitives.WriteInt32BigEndian(lengths[8..], Body.Length);
        destination.Write(lengths);
        destination.Write(HeaderBytes.Span);
        destination.Write(Signature.Span);
        destination.Write(Body.Span);
    }

    /// <summary>Reads one block from a stream; null at its end.</summary>
    /// <param name="source">Where from.</param>
    public static Block? ReadFrom(Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Span<byte> lengths = stackalloc byte[12];
        var read = source.ReadAtLeast(lengths, 12, throwOnEndOfStream: false);
        if (read == 0)
        {
            return null;
        }

        var (header, signature, body) = (BinaryPrimitives.ReadInt32BigEndian(lengths), BinaryPrimitives.ReadInt32BigEndian(lengths[4..]), BinaryPrimitives.ReadInt32BigEndian(lengths[8..]));
        if (read < 12 || header is < 0 or > 1024 || signature is < 0 or > 512 || body is < 0 or > BodyMax)
        {
            throw new InvalidDataException("The stream does not hold blocks.");
        }

        var bytes = new byte[header + signature + body];
        source.ReadExactly(bytes);
        return BlockHeader.TryDecode(bytes.AsSpan(0, header), out var decoded)
            ? new Block(decoded!, bytes.AsMemory(0, header), bytes.AsMemory(header, signature), bytes.AsMemory(header + signature))
            : throw new InvalidDataException("A block's header cannot be read.");
    }

    /// <summary>The most bytes of transactions in one block.</summary>
    public const int BodyMax = 32 << 20;
}
