using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.Receipts;

/// <summary>Proof that a log of receipts is the beginning of a later one (RFC 9162, section 2.1.4).</summary>
/// <param name="From">The earlier size.</param>
/// <param name="FromRoot">Its root.</param>
/// <param name="To">The later size.</param>
/// <param name="ToRoot">Its root.</param>
/// <param name="Path">The proof.</param>
public sealed record LogConsistency(ulong From, Digest FromRoot, ulong To, Digest ToRoot, ImmutableArray<Digest> Path)
{
    /// <summary>The longest encoding that is read.</summary>
    public const int LengthMax = 8192;

    /// <summary>Whether it holds. Whose roots they are, a block's signed header or a <see cref="LogProof"/> says.</summary>
    public bool Holds => !Path.IsDefault && ReceiptTree.Extends(From, FromRoot, To, ToRoot, Path.AsSpan());

    /// <summary>Whether it joins two logs, whichever is the longer one.</summary>
    /// <param name="size">The size of the one.</param>
    /// <param name="root">Its root.</param>
    /// <param name="otherSize">The size of the other.</param>
    /// <param name="otherRoot">Its root.</param>
    public bool Joins(ulong size, in Digest root, ulong otherSize, in Digest otherRoot) => Holds
        && (((From, FromRoot) == (size, root) && (To, ToRoot) == (otherSize, otherRoot)) || ((To, ToRoot) == (size, root) && (From, FromRoot) == (otherSize, otherRoot)));

    /// <summary>The encoding, dag-cbor: <c>[1, from, its root, to, its root, [path]]</c>.</summary>
    public byte[] Encode()
    {
        var w = new CborWriter(CborProfile.DagCbor, 128 + (34 * Path.Length));
        w.BeginArray().WriteUnsigned(1).WriteUnsigned(From).WriteBytes(FromRoot.AsSpan()).WriteUnsigned(To).WriteBytes(ToRoot.AsSpan()).BeginArray();
        foreach (var node in Path)
        {
            w.WriteBytes(node.AsSpan());
        }

        w.EndArray().EndArray();
        return w.ToArray();
    }

    /// <summary>Reads a proof; nothing is checked by this.</summary>
    /// <param name="encoded">The encoding.</param>
    /// <param name="proof">The proof, or null.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, out LogConsistency? proof)
    {
        proof = null;
        if (encoded.Length > LengthMax)
        {
            return false;
        }

        try
        {
            var r = new CborReader(encoded, CborProfile.DagCbor, 4);
            r.ReadArrayHeaderExactly(6);
            if (r.ReadUInt64() != 1)
            {
                return false;
            }

            var (from, fromRoot) = (r.ReadUInt64(), new Digest(r.ReadBytesExactly(Digest.Length)));
            var (to, toRoot) = (r.ReadUInt64(), new Digest(r.ReadBytesExactly(Digest.Length)));
            var count = r.ReadArrayHeader(2 * ReceiptTree.PathMax);
            var path = ImmutableArray.CreateBuilder<Digest>(count);
            for (var i = 0; i < count; i++)
            {
                path.Add(new Digest(r.ReadBytesExactly(Digest.Length)));
            }

            r.ReadEnd();
            proof = new LogConsistency(from, fromRoot, to, toRoot, path.MoveToImmutable());
            return true;
        }
        catch (CborException)
        {
            return false;
        }
    }
}
