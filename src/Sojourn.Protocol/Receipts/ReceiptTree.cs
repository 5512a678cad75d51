using System.Collections.Immutable;
using System.Numerics;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Receipts;

/// <summary>Gives the hash of a complete subtree: level 0 are leaves' hashes, the subtree <paramref name="number"/> of a level covers 2^level leaves.</summary>
/// <param name="level">The subtree's height.</param>
/// <param name="number">Its number among those of its height.</param>
public delegate Digest SubtreeSource(int level, ulong number);

/// <summary>Proofs over the Merkle log of receipts: RFC 9162, section 2.1, with SHA-256.</summary>
public static class ReceiptTree
{
    /// <summary>The longest path there can be.</summary>
    public const int PathMax = 64;

    /// <summary>The root of a log of a size.</summary>
    /// <param name="size">How many leaves.</param>
    /// <param name="subtrees">Hashes of complete subtrees.</param>
    public static Digest RootOf(ulong size, SubtreeSource subtrees)
    {
        ArgumentNullException.ThrowIfNull(subtrees);
        return size == 0 ? Digest.Of([]) : Hash(0, size, subtrees);
    }

    /// <summary>The path from a leaf to the root, leaf to root (section 2.1.3.1).</summary>
    /// <param name="index">The leaf's number.</param>
    /// <param name="size">The log's size.</param>
    /// <param name="subtrees">Hashes of complete subtrees.</param>
    public static ImmutableArray<Digest> InclusionPath(ulong index, ulong size, SubtreeSource subtrees)
    {
        ArgumentNullException.ThrowIfNull(subtrees);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = ImmutableArray.CreateBuilder<Digest>();
        void Walk(ulong first, ulong length)
        {
            if (length == 1)
            {
                return;
            }

            var split = Split(length);
            if (index < first + split)
            {
                Walk(first, split);
                path.Add(Hash(first + split, length - split, subtrees));
            }
            else
            {
                Walk(first + split, length - split);
                path.Add(Hash(first, split, subtrees));
            }
        }

        Walk(0, size);
        return path.ToImmutable();
    }

    /// <summary>The proof that a log is the beginning of a later one (section 2.1.4.1).</summary>
    /// <param name="from">The earlier size; above 0.</param>
    /// <param name="to">The later size.</param>
    /// <param name="subtrees">Hashes of complete subtrees of the later log.</param>
    public static ImmutableArray<Digest> ConsistencyPath(ulong from, ulong to, SubtreeSource subtrees)
    {
        ArgumentNullException.ThrowIfNull(subtrees);
        ArgumentOutOfRangeException.ThrowIfZero(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        var path = ImmutableArray.CreateBuilder<Digest>();
        void Walk(ulong first, ulong length, ulong old, bool whole)
        {
            if (old == length)
            {
                if (!whole)
                {
                    path.Add(Hash(first, length, subtrees));
                }

                return;
            }

            var split = Split(length);
            if (old <= split)
            {
                Walk(first, split, old, whole);
                path.Add(Hash(first + split, length - split, subtrees));
            }
            else
            {
                Walk(first + split, length - split, old - split, false);
                path.Add(Hash(first, split, subtrees));
            }
        }

        Walk(0, to, from, true);
        return path.ToImmutable();
    }

    /// <summary>Whether a path leads from a receipt to a root (section 2.1.3.2).</summary>
    /// <param name="receipt">The receipt's digest.</param>
    /// <param name="index">Its number.</param>
    /// <param name="size">The log's size.</param>
    /// <param name="path">The path.</param>
    /// <param name="root">The root.</param>
    public static bool Includes(in Digest receipt, ulong index, ulong size, ReadOnlySpan<Digest> path, in Digest root)
    {
        if (index >= size || path.Length > PathMax)
        {
            return false;
        }

        var (fn, sn) = (index, size - 1);
        var at = ReceiptAccumulator.Leaf(receipt);
        foreach (ref readonly var other in path)
        {
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                at = ReceiptAccumulator.Node(other, at);
                if ((fn & 1) == 0)
                {
                    do
                    {
                        fn >>= 1;
                        sn >>= 1;
                    }
                    while ((fn & 1) == 0 && fn != 0);
                }
            }
            else
            {
                at = ReceiptAccumulator.Node(at, other);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0 && at == root;
    }

    /// <summary>Whether a log is the beginning of a later one (section 2.1.4.2).</summary>
    /// <param name="from">The earlier size.</param>
    /// <param name="fromRoot">Its root.</param>
    /// <param name="to">The later size.</param>
    /// <param name="toRoot">Its root.</param>
    /// <param name="path">The proof.</param>
    public static bool Extends(ulong from, in Digest fromRoot, ulong to, in Digest toRoot, ReadOnlySpan<Digest> path)
    {
        if (from > to || path.Length > PathMax)
        {
            return false;
        }

        if (from == to)
        {
            return path.IsEmpty && fromRoot == toRoot;
        }

        if (from == 0)
        {
            // Every log extends the empty one.
            return path.IsEmpty && fromRoot == Digest.Of([]);
        }

        var used = 0;
        var (fn, sn) = (from - 1, to - 1);
        while ((fn & 1) == 1)
        {
            fn >>= 1;
            sn >>= 1;
        }

        Digest one;
        if (BitOperations.IsPow2(from))
        {
            one = fromRoot;
        }
        else if (path.IsEmpty)
        {
            return false;
        }
        else
        {
            one = path[used++];
        }

        var other = one;
        for (; used < path.Length; used++)
        {
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                one = ReceiptAccumulator.Node(path[used], one);
                other = ReceiptAccumulator.Node(path[used], other);
                if ((fn & 1) == 0)
                {
                    do
                    {
                        fn >>= 1;
                        sn >>= 1;
                    }
                    while ((fn & 1) == 0 && fn != 0);
                }
            }
            else
            {
                other = ReceiptAccumulator.Node(other, path[used]);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0 && one == fromRoot && other == toRoot;
    }

    // The largest power of two below a length above 1.
    private static ulong Split(ulong length) => 1UL << (63 - BitOperations.LeadingZeroCount(length - 1));

    private static Digest Hash(ulong first, ulong length, SubtreeSource subtrees)
    {
        if (BitOperations.IsPow2(length))
        {
            var level = BitOperations.TrailingZeroCount(length);
            return subtrees(level, first >> level);
        }

        var split = Split(length);
        return ReceiptAccumulator.Node(Hash(first, split, subtrees), Hash(first + split, length - split, subtrees));
    }
}
