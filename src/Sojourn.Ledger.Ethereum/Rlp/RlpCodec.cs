using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Sojourn.Ledger.Ethereum.Rlp;

/// <summary>Writes RLP, and reads it strictly: shortest forms only, nothing behind the item, bounded depth and count.</summary>
/// <remarks>Ethereum Yellow Paper, appendix B.</remarks>
public static class RlpCodec
{
    /// <summary>How deep lists may nest.</summary>
    public const int DepthMax = 64;

    /// <summary>The most items of one encoding.</summary>
    public const int ItemsMax = 1_000_000;

    /// <summary>Encodes an item.</summary>
    /// <param name="item">The item.</param>
    public static byte[] Encode(RlpItem item)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(output, item);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes one item, which must be the whole input; untrusted.</summary>
    /// <param name="bytes">The encoding; strings refer to it.</param>
    /// <param name="item">The item, unless there is a fault.</param>
    public static RlpFault TryDecode(ReadOnlyMemory<byte> bytes, out RlpItem? item)
    {
        var left = ItemsMax;
        var fault = Read(ref bytes, 0, ref left, out item);
        if (fault == RlpFault.None && !bytes.IsEmpty)
        {
            item = null;
            return RlpFault.Trailing;
        }

        return fault;
    }

    private static void Write(ArrayBufferWriter<byte> output, RlpItem item)
    {
        if (item is RlpString text)
        {
            if (text.Bytes.Length != 1 || text.Bytes.Span[0] >= 0x80)
            {
                WriteHead(output, 0x80, text.Bytes.Length);
            }

            output.Write(text.Bytes.Span);
            return;
        }

        var inner = new ArrayBufferWriter<byte>();
        foreach (var child in ((RlpList)item).Items)
        {
            Write(inner, child);
        }

        WriteHead(output, 0xc0, inner.WrittenCount);
        output.Write(inner.WrittenSpan);
    }

    private static void WriteHead(ArrayBufferWriter<byte> output, byte kind, int length)
    {
        if (length <= 55)
        {
            output.Write<byte>([(byte)(kind + length)]);
            return;
        }

        Span<byte> big = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(big, length);
        ReadOnlySpan<byte> shortest = big.TrimStart((byte)0);
        output.Write<byte>([(byte)(kind + 55 + shortest.Length)]);
        output.Write(shortest);
    }

    private static RlpFault Read(ref ReadOnlyMemory<byte> rest, int depth, ref int left, out RlpItem? item)
    {
        item = null;
        if (depth > DepthMax)
        {
            return RlpFault.TooDeep;
        }

        if (--left < 0)
        {
            return RlpFault.TooMany;
        }

        var fault = ReadHead(ref rest, out var isList, out var length);
        if (fault != RlpFault.None)
        {
            return fault;
        }

        var body = rest[..length];
        rest = rest[length..];
        if (!isList)
        {
            item = new RlpString(body);
            return RlpFault.None;
        }

        var items = ImmutableArray.CreateBuilder<RlpItem>();
        while (!body.IsEmpty)
        {
            fault = Read(ref body, depth + 1, ref left, out var child);
            if (fault != RlpFault.None)
            {
                return fault;
            }

            items.Add(child!);
        }

        item = new RlpList(items.ToImmutable());
        return RlpFault.None;
    }

    // Leaves rest at the item's body; its length was checked against what is there.
    private static RlpFault ReadHead(ref ReadOnlyMemory<byte> rest, out bool isList, out int length)
    {
        isList = false;
        length = 0;
        if (rest.IsEmpty)
        {
            return RlpFault.Truncated;
        }

        var first = rest.Span[0];
        if (first < 0x80)
        {
            length = 1;
            return RlpFault.None;
        }

        isList = first >= 0xc0;
        var value = first - (isList ? 0xc0 : 0x80);
        rest = rest[1..];
        if (value <= 55)
        {
            length = value;
            return length > rest.Length ? RlpFault.Truncated
                : !isList && length == 1 && rest.Span[0] < 0x80 ? RlpFault.NotCanonical
                : RlpFault.None;
        }

        var bytes = value - 55;
        if (bytes > rest.Length)
        {
            return RlpFault.Truncated;
        }

        ulong longForm = 0;
        foreach (var b in rest.Span[..bytes])
        {
            longForm = (longForm << 8) | b;
        }

        if (rest.Span[0] == 0 || longForm <= 55)
        {
            return RlpFault.NotCanonical;
        }

        rest = rest[bytes..];
        if (longForm > (ulong)rest.Length)
        {
            return RlpFault.Truncated;
        }

        length = (int)longForm;
        return RlpFault.None;
    }
}
