namespace Sojourn.Primitives;

/// <summary>Unsigned variable-length integers as multiformats define them: seven bits a byte, least significant first, at most nine bytes, shortest form only.</summary>
/// <remarks>multiformats/unsigned-varint: values up to 2^63 - 1; a longer or padded form is malformed.</remarks>
public static class Varint
{
    /// <summary>The longest encoding, in bytes.</summary>
    public const int BytesMax = 9;

    /// <summary>The largest value that has an encoding: 2^63 - 1.</summary>
    public const ulong ValueMax = long.MaxValue;

    /// <summary>Reads one integer from the start of a span.</summary>
    /// <param name="source">Bytes that begin with the integer.</param>
    /// <param name="value">The value, or 0 on failure.</param>
    /// <param name="length">How many bytes it took, or 0 on failure.</param>
    /// <returns>Whether it is well-formed; <see cref="VarintFault.None"/> then.</returns>
    public static VarintFault Read(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        if (!source.IsEmpty && source[0] < 0x80)
        {
            value = source[0];
            length = 1;
            return VarintFault.None;
        }

        ulong sum = 0;
        for (var i = 0; i < BytesMax; i++)
        {
            if (i >= source.Length)
            {
                return Fail(VarintFault.Truncated, out value, out length);
            }

            var b = source[i];
            sum |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                if (b == 0)
                {
                    return Fail(VarintFault.NotShortest, out value, out length);
                }

                value = sum;
                length = i + 1;
                return VarintFault.None;
            }
        }

        return Fail(VarintFault.TooLong, out value, out length);
    }

    /// <summary>How many bytes a value takes.</summary>
    /// <param name="value">At most <see cref="ValueMax"/>.</param>
    public static int LengthOf(ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ValueMax);
        return value == 0 ? 1 : (70 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 7;
    }

    /// <summary>Writes a value at the start of a span.</summary>
    /// <param name="destination">At least <see cref="LengthOf"/> bytes.</param>
    /// <param name="value">At most <see cref="ValueMax"/>.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> destination, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ValueMax);
        var i = 0;
        while (value >= 0x80)
        {
            destination[i++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[i++] = (byte)value;
        return i;
    }

    private static VarintFault Fail(VarintFault fault, out ulong value, out int length)
    {
        value = 0;
        length = 0;
        return fault;
    }
}

/// <summary>Why bytes are no <see cref="Varint"/>.</summary>
public enum VarintFault
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>The bytes end inside the integer; more bytes could complete it.</summary>
    Truncated,

    /// <summary>Longer than nine bytes.</summary>
    TooLong,

    /// <summary>Padded with zero groups.</summary>
    NotShortest,
}
