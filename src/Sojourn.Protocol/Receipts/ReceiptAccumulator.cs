using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Receipts;

/// <summary>The right edge of the Merkle log of receipts (RFC 9162, section 2.1): all that is needed to append and to give the root.</summary>
/// <remarks>Leaf: SHA-256(0x00 ‖ receipt digest); node: SHA-256(0x01 ‖ left ‖ right).</remarks>
public sealed class ReceiptAccumulator
{
    private readonly List<Digest> _peaks = [];

    /// <summary>How many receipts were appended.</summary>
    public ulong Count { get; private set; }

    /// <summary>The root; SHA-256 of nothing where the log is empty.</summary>
    public Digest Root
    {
        get
        {
            if (_peaks.Count == 0)
            {
                return Digest.Of([]);
            }

            var root = _peaks[^1];
            for (var i = _peaks.Count - 2; i >= 0; i--)
            {
                root = Node(_peaks[i], root);
            }

            return root;
        }
    }

    /// <summary>The roots of the complete subtrees, largest first.</summary>
    public IReadOnlyList<Digest> Peaks => _peaks;

    /// <summary>The hash of a leaf.</summary>
    /// <param name="receipt">The receipt's digest.</param>
    public static Digest Leaf(in Digest receipt)
    {
        Span<byte> bytes = stackalloc byte[33];
        bytes[0] = 0;
        receipt.CopyTo(bytes[1..]);
        return Digest.Of(bytes);
    }

    /// <summary>The hash of a node.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static Digest Node(in Digest left, in Digest right)
    {
        Span<byte> bytes = stackalloc byte[65];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[33..]);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(bytes, digest);
        return new Digest(digest);
    }

    internal ulong Append(in Digest receipt)
    {
        var at = Leaf(receipt);
        var index = Count;
        for (var bits = index; (bits & 1) != 0; bits >>= 1)
        {
            at = Node(_peaks[^1], at);
            _peaks.RemoveAt(_peaks.Count - 1);
        }

        _peaks.Add(at);
        Count++;
        return index;
    }

    internal ReceiptAccumulator Copy()
    {
        var copy = new ReceiptAccumulator { Count = Count };
        copy._peaks.AddRange(_peaks);
        return copy;
    }

    internal void Load(ulong count, IEnumerable<Digest> peaks)
    {
        Count = count;
        _peaks.Clear();
        _peaks.AddRange(peaks);
    }
}
