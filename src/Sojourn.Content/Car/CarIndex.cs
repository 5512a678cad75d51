using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>The index of a CARv2, or one that stands alone in a file: from digests to offsets in the inner CARv1.</summary>
/// <remarks>CARv2 specification, formats 0x0400 (IndexSorted) and 0x0401 (MultihashIndexSorted). Offsets are claims: what is read there is verified like everything else.</remarks>
public sealed class CarIndex
{
    internal const ulong Sorted = 0x0400;
    internal const ulong MultihashSorted = 0x0401;

    private readonly Dictionary<(MultihashCode? Code, int DigestBytes), ReadOnlyMemory<byte>> _groups = [];

    private CarIndex()
    {
    }

    /// <summary>How many entries there are.</summary>
    public long Count { get; private set; }

    /// <summary>Whether an index begins with a format that can be read here; others may be ignored, since an index only saves time.</summary>
    /// <param name="bytes">The index, or its first bytes.</param>
    public static bool IsKnownFormat(ReadOnlySpan<byte> bytes) =>
        Varint.Read(bytes, out var format, out _) == VarintFault.None && format is (Sorted or MultihashSorted);

    /// <summary>Decodes an index. The result refers to the bytes; they must not change.</summary>
    /// <param name="bytes">The index alone, its format code first.</param>
    /// <exception cref="ContentException">It is malformed or not sorted.</exception>
    public static CarIndex Decode(ReadOnlyMemory<byte> bytes)
    {
        var index = new CarIndex();
        var reader = new Cursor(bytes);
        if (Varint.Read(bytes.Span, out var format, out var prefix) != VarintFault.None || format is not (Sorted or MultihashSorted))
        {
            throw Malformed("its format is not known");
        }

        reader.Skip(prefix);
        if (format == Sorted)
        {
            index.ReadWidths(ref reader, null);
        }
        else
        {
            for (var codes = reader.ReadUInt32(); codes > 0; codes--)
            {
                index.ReadWidths(ref reader, (MultihashCode)reader.ReadUInt64());
            }
        }

        return reader.AtEnd ? index : throw Malformed("bytes follow its end");
    }

    /// <summary>Where a block may lie.</summary>
    /// <param name="cid">The block.</param>
    /// <param name="offset">The offset of its section from the start of the inner CARv1, or 0.</param>
    public bool TryFind(Cid cid, out ulong offset)
    {
        var digest = cid.Digest;
        if (_groups.TryGetValue((cid.HashFunction, digest.Length), out var group) || _groups.TryGetValue((null, digest.Length), out group))
        {
            var width = digest.Length + 8;
            int low = 0, high = (group.Length / width) - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var entry = group.Span.Slice(middle * width, width);
                var order = entry[..digest.Length].SequenceCompareTo(digest);
                if (order == 0)
                {
                    offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[digest.Length..]);
                    return true;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }
        }

        offset = 0;
        return false;
    }

    private void ReadWidths(ref Cursor reader, MultihashCode? code)
    {
        for (var widths = reader.ReadUInt32(); widths > 0; widths--)
        {
            var width = reader.ReadUInt32();
            var length = reader.ReadUInt64();
            if (width <= 8 || width > Multihash.DigestBytesMax + 8 || length % width != 0)
            {
                throw Malformed("an entry has an impossible width");
            }

            var group = reader.ReadBytes(length);
            var digest = (int)width - 8;
            for (var at = (int)width; at < group.Length; at += (int)width)
            {
                if (group.Span.Slice(at - (int)width, digest).SequenceCompareTo(group.Span.Slice(at, digest)) > 0)
                {
                    throw Malformed("its entries are not sorted");
                }
            }

            if (!_groups.TryAdd((code, digest), group))
            {
                throw Malformed("a group occurs twice");
            }

            Count += group.Length / width;
        }
    }

    private static ContentException Malformed(string why) => new(ContentFault.CarIndex, $"The CAR index is malformed: {why}.");

    private struct Cursor(ReadOnlyMemory<byte> bytes)
    {
        private ReadOnlyMemory<byte> _rest = bytes;

        public readonly bool AtEnd => _rest.IsEmpty;

        public void Skip(int count) => _rest = _rest[count..];

        public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4).Span);

        public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(8).Span);

        public ReadOnlyMemory<byte> ReadBytes(ulong count)
        {
            if (count > (ulong)_rest.Length)
            {
                throw Malformed("it ends too early");
            }

            var taken = _rest[..(int)count];
            _rest = _rest[(int)count..];
            return taken;
        }
    }
}
