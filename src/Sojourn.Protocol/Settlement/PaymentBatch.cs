using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Settlement;

/// <summary>One payment of a batch.</summary>
/// <param name="To">Who is paid.</param>
/// <param name="Amount">How much.</param>
/// <param name="Details">The digest of what it is for.</param>
public sealed record BatchPayment(Address To, Amount Amount, Digest Details);

/// <summary>Many payments under one Merkle root: a binary tree over the leaves in order, where a node without a right sibling moves up as it is.</summary>
public sealed class PaymentBatch
{
    private readonly Digest[][] _levels;

    /// <summary>Builds a batch.</summary>
    /// <param name="poster">Who will post it.</param>
    /// <param name="payments">The payments, at least one.</param>
    public PaymentBatch(Address poster, ImmutableArray<BatchPayment> payments)
    {
        if (payments.IsDefaultOrEmpty)
        {
            throw new ArgumentException("A batch has at least one payment.", nameof(payments));
        }

        Payments = payments;
        var levels = new List<Digest[]> { payments.Select((payment, index) => Identifiers.BatchLeaf(poster, (uint)index, payment.To, payment.Amount, payment.Details)).ToArray() };
        while (levels[^1].Length > 1)
        {
            var below = levels[^1];
            var above = new Digest[(below.Length + 1) / 2];
            for (var i = 0; i < above.Length; i++)
            {
                above[i] = (2 * i) + 1 < below.Length ? Node(below[2 * i], below[(2 * i) + 1]) : below[2 * i];
            }

            levels.Add(above);
        }

        _levels = [.. levels];
    }

    /// <summary>The payments.</summary>
    public ImmutableArray<BatchPayment> Payments { get; }

    /// <summary>The root.</summary>
    public Digest Root => _levels[^1][0];

    /// <summary>What the payments add up to.</summary>
    public Amount Total => Payments.Aggregate(Amount.Zero, (sum, payment) => sum + payment.Amount);

    /// <summary>The path of one payment.</summary>
    /// <param name="index">Which.</param>
    public ImmutableArray<Digest> PathOf(int index)
    {
        var path = ImmutableArray.CreateBuilder<Digest>();
        foreach (var level in _levels.AsSpan(0, _levels.Length - 1))
        {
            if ((index ^ 1) < level.Length)
            {
                path.Add(level[index ^ 1]);
            }

            index >>= 1;
        }

        return path.ToImmutable();
    }

    /// <summary>Whether a path leads from a leaf to a root.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="index">Its number.</param>
    /// <param name="count">How many leaves there are.</param>
    /// <param name="path">The path.</param>
    /// <param name="root">The root.</param>
    public static bool Leads(Digest leaf, uint index, uint count, ReadOnlySpan<Digest> path, in Digest root)
    {
        var used = 0;
        var at = leaf;
        for (var width = count; width > 1; width = (width + 1) / 2)
        {
            if ((index ^ 1) < width)
            {
                if (used == path.Length)
                {
                    return false;
                }

                at = (index & 1) == 0 ? Node(at, path[used]) : Node(path[used], at);
                used++;
            }

            index >>= 1;
        }

        return used == path.Length && at == root;
    }

    private static Digest Node(in Digest left, in Digest right) => new ProtocolHash("sojourn/batch-node/1").Add(left).Add(right).Finish();
}
