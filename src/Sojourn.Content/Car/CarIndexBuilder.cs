using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>Collects where blocks are and writes the index of a CARv2.</summary>
/// <remarks>CARv2 specification, format 0x0401 (MultihashIndexSorted): per hash function and digest width, entries sorted by digest; the first occurrence of a block wins. Identity CIDs are left out.</remarks>
internal sealed class CarIndexBuilder
{
    private readonly SortedDictionary<(ulong Code, int Width), List<byte[]>> _groups = [];

    public void Add(Cid cid, long offset)
    {
        if (cid.HashFunction == MultihashCode.Identity)
        {
            return;
        }

        var digest = cid.Digest;
        var entry = new byte[digest.Length + 8];
        digest.CopyTo(entry);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(digest.Length), offset);
        var key = ((ulong)cid.HashFunction, digest.Length);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups.Add(key, group = []);
        }

        group.Add(entry);
    }

    public async ValueTask WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[16];
        var length = Varint.Write(head, CarIndex.MultihashSorted);
        var codes = _groups.Keys.Select(key => key.Code).Distinct().ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(length), codes.Length);
        await stream.WriteAsync(head.AsMemory(0, length + 4), cancellationToken).ConfigureAwait(false);
        foreach (var code in codes)
        {
            var widths = _groups.Where(group => group.Key.Code == code).ToArray();
            BinaryPrimitives.WriteUInt64LittleEndian(head, code);
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(8), widths.Length);
            await stream.WriteAsync(head.AsMemory(0, 12), cancellationToken).ConfigureAwait(false);
            foreach (var ((_, width), entries) in widths)
            {
                var sorted = Sort(entries, width);
                BinaryPrimitives.WriteInt32LittleEndian(head, width + 8);
                BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(4), (long)sorted.Count * (width + 8));
                await stream.WriteAsync(head.AsMemory(0, 12), cancellationToken).ConfigureAwait(false);
                foreach (var entry in sorted)
                {
                    await stream.WriteAsync(entry, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private static List<byte[]> Sort(List<byte[]> entries, int width)
    {
        var order = entries.Select((entry, at) => (entry, at)).ToArray();
        Array.Sort(order, (x, y) =>
        {
            var byDigest = x.entry.AsSpan(0, width).SequenceCompareTo(y.entry.AsSpan(0, width));
            return byDigest != 0 ? byDigest : x.at.CompareTo(y.at);
        });
        var sorted = new List<byte[]>(order.Length);
        foreach (var (entry, _) in order)
        {
            if (sorted.Count == 0 || !sorted[^1].AsSpan(0, width).SequenceEqual(entry.AsSpan(0, width)))
            {
                sorted.Add(entry);
            }
        }

        return sorted;
    }
}
