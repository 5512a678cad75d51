using System.Buffers.Binary;

namespace Sojourn.Primitives.Cbor;

/// <summary>Looks ahead through lenient CBOR: counts the entries of a container (its length may be indefinite) and refuses duplicate keys, which no order would show.</summary>
internal static class CborScan
{
    /// <summary>Counts entries from a container's first item on.</summary>
    /// <param name="data">All bytes.</param>
    /// <param name="at">Where the first item begins.</param>
    /// <param name="isMap">Whether entries are pairs.</param>
    /// <param name="count">How many, or -1 up to a break.</param>
    /// <param name="depth">How much deeper containers may nest.</param>
    public static int Entries(ReadOnlySpan<byte> data, int at, bool isMap, int count, int depth)
    {
        if (!isMap && count >= 0)
        {
            return count;
        }

        var keys = new List<(int Start, int End)>();
        var found = 0;
        while (count < 0 ? Require(data, at) != 0xff : found < count)
        {
            if (isMap)
            {
                var start = at;
                if (Require(data, at) >> 5 > 3)
                {
                    throw new CborException(CborFault.KeyType, at);
                }

                at = Item(data, at, depth);
                keys.Add((start, at));
            }

            at = Item(data, at, depth);
            found++;
        }

        RefuseDuplicates(data, keys);
        return found;
    }

    private static void RefuseDuplicates(ReadOnlySpan<byte> data, List<(int Start, int End)> keys)
    {
        if (keys.Count < 2)
        {
            return;
        }

        // Compared by meaning, so that a long form of a key does not hide its twin.
        var meanings = new HashSet<string>(keys.Count, StringComparer.Ordinal);
        foreach (var (start, end) in keys)
        {
            var reader = new CborReader(data[start..end], CborProfile.Lenient);
            var meaning = reader.Peek() switch
            {
                CborKind.Bytes => "b" + Convert.ToHexString(reader.ReadBytes()),
                CborKind.Text => "t" + reader.ReadText(),
                _ => reader.ReadInteger().ToString(System.Globalization.CultureInfo.InvariantCulture),
            };
            if (!meanings.Add(meaning))
            {
                throw new CborException(CborFault.DuplicateKey, start);
            }
        }
    }

    /// <summary>Finds the end of one item. Recursion is bounded by the depth.</summary>
    private static int Item(ReadOnlySpan<byte> data, int at, int depth)
    {
        if (depth < 0)
        {
            throw new CborException(CborFault.DepthExceeded, at);
        }

        while (true)
        {
            var start = at;
            var first = Require(data, at);
            var major = first >> 5;
            var info = first & 31;
            if (info == 31 && major is >= 2 and <= 5)
            {
                at++;
                while (Require(data, at) != 0xff)
                {
                    at = Item(data, at, depth - 1);
                }

                return at + 1;
            }

            var argument = Argument(data, start, info, out at);
            switch (major)
            {
                case 2 or 3:
                    return argument <= (ulong)(data.Length - at) ? at + (int)argument : throw new CborException(CborFault.Truncated, start);
                case 4 or 5:
                    if (argument > (ulong)(data.Length - at))
                    {
                        throw new CborException(CborFault.Truncated, start);
                    }

                    for (var i = argument * (major == 5 ? 2u : 1u); i > 0; i--)
                    {
                        at = Item(data, at, depth - 1);
                    }

                    return at;
                case 6:
                    continue;
                default:
                    return at;
            }
        }
    }

    private static ulong Argument(ReadOnlySpan<byte> data, int start, int info, out int at)
    {
        var width = info switch { < 24 => 0, <= 27 => 1 << (info - 24), _ => throw new CborException(CborFault.Reserved, start) };
        at = start + 1 + width;
        if (at > data.Length)
        {
            throw new CborException(CborFault.Truncated, start);
        }

        var rest = data[(start + 1)..];
        return width switch
        {
            0 => (ulong)info,
            1 => rest[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            4 => BinaryPrimitives.ReadUInt32BigEndian(rest),
            _ => BinaryPrimitives.ReadUInt64BigEndian(rest),
        };
    }

    private static byte Require(ReadOnlySpan<byte> data, int at) => at < data.Length ? data[at] : throw new CborException(CborFault.Truncated, at);
}
