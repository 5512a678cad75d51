using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Families of ABI types.</summary>
public enum AbiKind
{
    /// <summary><c>uintN</c>; size in bits.</summary>
    UInt,

    /// <summary><c>intN</c>; size in bits.</summary>
    Int,

    /// <summary><c>address</c>.</summary>
    Address,

    /// <summary><c>bool</c>.</summary>
    Bool,

    /// <summary><c>bytesN</c>; size in bytes.</summary>
    FixedBytes,

    /// <summary><c>bytes</c>.</summary>
    Bytes,

    /// <summary><c>string</c>.</summary>
    String,

    /// <summary><c>T[n]</c>; size is n.</summary>
    FixedArray,

    /// <summary><c>T[]</c>.</summary>
    Array,

    /// <summary><c>(T1,T2,…)</c>.</summary>
    Tuple,
}

/// <summary>A type of Solidity's application binary interface, as data.</summary>
/// <remarks>Contract ABI Specification of Solidity 0.8, "Types" and "Formal Specification of the Encoding".</remarks>
public sealed class AbiType
{
    private const int DepthMax = 32;
    private const int ComponentsMax = 256;
    private const int FixedLengthMax = 1 << 16;
    private const long HeadSizeMax = 1 << 24;

    private AbiType(AbiKind kind, int size, ImmutableArray<AbiType> components)
    {
        Kind = kind;
        Size = size;
        Components = components;
        IsDynamic = kind switch
        {
            AbiKind.Bytes or AbiKind.String or AbiKind.Array => true,
            AbiKind.FixedArray => size > 0 && components[0].IsDynamic,
            AbiKind.Tuple => components.Any(component => component.IsDynamic),
            _ => false,
        };
        BodySize = kind switch
        {
            AbiKind.FixedArray => checked(size * components[0].HeadSize),
            AbiKind.Tuple => components.Sum(component => component.HeadSize),
            _ => 32,
        };
    }

    /// <summary>The family.</summary>
    public AbiKind Kind { get; }

    /// <summary>Bits, bytes or elements, as the family says; 0 otherwise.</summary>
    public int Size { get; }

    /// <summary>The components of a tuple, or the one element type of an array.</summary>
    public ImmutableArray<AbiType> Components { get; }

    /// <summary>Whether the value stands in the tail, behind an offset.</summary>
    public bool IsDynamic { get; }

    /// <summary>The bytes that the value takes in its parent's head.</summary>
    public int HeadSize => IsDynamic ? 32 : BodySize;

    /// <summary>The bytes of the value's own head: those of a tuple's components or a fixed array's elements.</summary>
    public int BodySize { get; }

    /// <summary>A tuple.</summary>
    /// <param name="components">Its components.</param>
    public static AbiType Tuple(IEnumerable<AbiType> components) => new(AbiKind.Tuple, 0, [.. components]);

    /// <summary>Reads a canonical type, or one with the aliases <c>int</c> and <c>uint</c>; tuples are written <c>(T1,T2)</c>.</summary>
    /// <param name="text">The type.</param>
    /// <param name="type">The type, where the text is one.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out AbiType? type)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = 0;
        type = null;
        if (text.Length > 4096 || Read(text, ref at, 0) is not { } found || at != text.Length)
        {
            return false;
        }

        type = found;
        return true;
    }

    /// <summary>Reads a type that is known to be right.</summary>
    /// <param name="text">The type.</param>
    /// <exception cref="FormatException">It is not.</exception>
    public static AbiType Parse(string text) => TryParse(text, out var type) ? type : throw new FormatException($"'{text}' is not a type of the ABI.");

    /// <summary>The canonical name, as selectors and topics hash it.</summary>
    public override string ToString() => Kind switch
    {
        AbiKind.UInt => string.Create(CultureInfo.InvariantCulture, $"uint{Size}"),
        AbiKind.Int => string.Create(CultureInfo.InvariantCulture, $"int{Size}"),
        AbiKind.Address => "address",
        AbiKind.Bool => "bool",
        AbiKind.FixedBytes => string.Create(CultureInfo.InvariantCulture, $"bytes{Size}"),
        AbiKind.Bytes => "bytes",
        AbiKind.String => "string",
        AbiKind.FixedArray => string.Create(CultureInfo.InvariantCulture, $"{Components[0]}[{Size}]"),
        AbiKind.Array => $"{Components[0]}[]",
        _ => $"({string.Join(',', Components)})",
    };

    private static AbiType? Read(string text, ref int at, int depth)
    {
        if (depth > DepthMax)
        {
            return null;
        }

        var type = at < text.Length && text[at] == '(' ? ReadTuple(text, ref at, depth) : ReadName(text, ref at);
        while (type is not null && at < text.Length && text[at] == '[')
        {
            if (++depth > DepthMax)
            {
                return null;
            }

            var end = text.IndexOf(']', at);
            if (end < 0)
            {
                return null;
            }

            var digits = text.AsSpan(at + 1, end - at - 1);
            at = end + 1;
            if (type.HeadSize == 0)
            {
                // Elements that take no bytes could be claimed without end.
                return null;
            }

            if (digits.IsEmpty)
            {
                type = new AbiType(AbiKind.Array, 0, [type]);
            }
            else if (TryNumber(digits, FixedLengthMax, out var length) && (long)length * type.HeadSize <= HeadSizeMax)
            {
                type = new AbiType(AbiKind.FixedArray, length, [type]);
            }
            else
            {
                return null;
            }
        }

        return type;
    }

    private static AbiType? ReadTuple(string text, ref int at, int depth)
    {
        var components = ImmutableArray.CreateBuilder<AbiType>();
        at++;
        if (at < text.Length && text[at] == ')')
        {
            at++;
            return new AbiType(AbiKind.Tuple, 0, []);
        }

        long size = 0;
        while (Read(text, ref at, depth + 1) is { } component && components.Count < ComponentsMax && at < text.Length)
        {
            components.Add(component);
            size += component.HeadSize;
            if (size > HeadSizeMax)
            {
                return null;
            }

            switch (text[at++])
            {
                case ',': continue;
                case ')': return new AbiType(AbiKind.Tuple, 0, components.ToImmutable());
                default: return null;
            }
        }

        return null;
    }

    private static AbiType? ReadName(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiLetterOrDigit(text[at]))
        {
            at++;
        }

        var name = text.AsSpan(start, at - start);
        return name switch
        {
            "address" => new AbiType(AbiKind.Address, 0, []),
            "bool" => new AbiType(AbiKind.Bool, 0, []),
            "bytes" => new AbiType(AbiKind.Bytes, 0, []),
            "string" => new AbiType(AbiKind.String, 0, []),
            "uint" => new AbiType(AbiKind.UInt, 256, []),
            "int" => new AbiType(AbiKind.Int, 256, []),
            _ when name.StartsWith("uint") && TryNumber(name[4..], 256, out var bits) && bits > 0 && bits % 8 == 0 => new AbiType(AbiKind.UInt, bits, []),
            _ when name.StartsWith("int") && TryNumber(name[3..], 256, out var bits) && bits > 0 && bits % 8 == 0 => new AbiType(AbiKind.Int, bits, []),
            _ when name.StartsWith("bytes") && TryNumber(name[5..], 32, out var bytes) && bytes > 0 => new AbiType(AbiKind.FixedBytes, bytes, []),
            _ => null,
        };
    }

    private static bool TryNumber(ReadOnlySpan<char> digits, int max, out int value) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max && (digits.Length == 1 || digits[0] != '0');
}
