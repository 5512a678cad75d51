using System.Buffers.Binary;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>Collects a block's transactions.</summary>
internal sealed class BodyBuilder
{
    private byte[] _bytes = new byte[1 << 12];
    private int _length;

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    public void Add(SignedTransaction transaction)
    {
        var encoded = transaction.Encoded.Span;
        if (_length + 4 + encoded.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + 4 + encoded.Length));
        }

        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_length), encoded.Length);
        encoded.CopyTo(_bytes.AsSpan(_length + 4));
        _length += 4 + encoded.Length;
        Count++;
    }

    public Digest Digest() => Block.BodyDigest(Bytes.Span);
}
