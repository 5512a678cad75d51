using System.Collections.Immutable;

namespace Sojourn.Ledger.Ethereum.Rlp;

/// <summary>An item of Ethereum's recursive length prefix encoding: a string of bytes, or a list of items.</summary>
/// <remarks>Ethereum Yellow Paper, appendix B.</remarks>
public abstract record RlpItem
{
    private protected RlpItem()
    {
    }

    /// <summary>A string of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public static implicit operator RlpItem(byte[] bytes) => new RlpString(bytes);

    /// <summary>A number in its shortest big-endian form; zero is the empty string.</summary>
    /// <param name="value">The number.</param>
    public static RlpItem Number(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new RlpString(bytes.TrimStart((byte)0).ToArray());
    }
}

/// <summary>A string of bytes.</summary>
/// <param name="Bytes">The bytes.</param>
public sealed record RlpString(ReadOnlyMemory<byte> Bytes) : RlpItem;

/// <summary>A list of items.</summary>
/// <param name="Items">The items.</param>
public sealed record RlpList(ImmutableArray<RlpItem> Items) : RlpItem;

/// <summary>Why bytes are no canonical RLP.</summary>
public enum RlpFault
{
    /// <summary>They are.</summary>
    None,

    /// <summary>The bytes end inside an item.</summary>
    Truncated,

    /// <summary>Something follows the item.</summary>
    Trailing,

    /// <summary>A length or a single byte is not in its shortest form.</summary>
    NotCanonical,

    /// <summary>Lists nest deeper than the limit.</summary>
    TooDeep,

    /// <summary>More items than the limit.</summary>
    TooMany,
}
