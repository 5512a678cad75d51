using System.Buffers.Binary;
using System.Globalization;

namespace Sojourn.Primitives;

/// <summary>An amount of a token in its smallest units: never negative, and arithmetic that would leave the range throws.</summary>
/// <param name="Units">The number of smallest units.</param>
public readonly record struct Amount(UInt128 Units) : IComparable<Amount>
{
    /// <summary>How many bytes the fixed binary form has.</summary>
    public const int Length = 16;

    /// <summary>Nothing.</summary>
    public static Amount Zero => default;

    /// <summary>The largest amount.</summary>
    public static Amount Max => new(UInt128.MaxValue);

    /// <summary>Whether it is nothing.</summary>
    public bool IsZero => Units == 0;

    /// <summary>Adds where the sum fits.</summary>
    /// <param name="other">What to add.</param>
    /// <param name="sum">The sum, or zero.</param>
    public bool TryAdd(Amount other, out Amount sum)
    {
        var fits = UInt128.MaxValue - Units >= other.Units;
        sum = fits ? new Amount(Units + other.Units) : default;
        return fits;
    }

    /// <summary>Subtracts where enough is there.</summary>
    /// <param name="other">What to take away.</param>
    /// <param name="rest">The rest, or zero.</param>
    public bool TrySubtract(Amount other, out Amount rest)
    {
        var enough = Units >= other.Units;
        rest = enough ? new Amount(Units - other.Units) : default;
        return enough;
    }

    /// <summary>Times a fraction, rounded down, without overflow on the way.</summary>
    /// <param name="numerator">Times this.</param>
    /// <param name="denominator">Divided by this; not zero.</param>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public Amount Share(ulong numerator, ulong denominator)
    {
        ArgumentOutOfRangeException.ThrowIfZero(denominator);
        // Units = high * denominator + low with low < denominator, so each product stays within 128 bits where the result does.
        var (high, low) = UInt128.DivRem(Units, denominator);
        return new Amount(checked(high * numerator + low * numerator / denominator));
    }

    /// <summary>Reads a whole number of smallest units.</summary>
    /// <param name="text">Decimal digits alone.</param>
    /// <param name="amount">The amount, or zero.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Amount amount)
    {
        var ok = UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var units);
        amount = new Amount(units);
        return ok;
    }

    /// <summary>Reads a decimal number of whole tokens.</summary>
    /// <param name="text">Digits, with at most one point.</param>
    /// <param name="decimals">How many decimal places one token has, at most 38.</param>
    /// <param name="amount">The amount, or zero.</param>
    public static bool TryParse(ReadOnlySpan<char> text, int decimals, out Amount amount)
    {
        amount = default;
        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? default : text[(point + 1)..];
        if (fraction.Length > decimals || (point >= 0 && fraction.IsEmpty) || whole.IsEmpty)
        {
            return false;
        }

        return TryParse(string.Concat(whole, fraction, new string('0', decimals - fraction.Length)), out amount);
    }

    /// <summary>A decimal number of whole tokens, without trailing zeros.</summary>
    /// <param name="decimals">How many decimal places one token has.</param>
    public string ToString(int decimals)
    {
        var digits = ToString().PadLeft(decimals + 1, '0');
        var whole = digits[..^decimals];
        var fraction = digits[^decimals..].TrimEnd('0');
        return decimals == 0 || fraction.Length == 0 ? (decimals == 0 ? digits : whole) : $"{whole}.{fraction}";
    }

    /// <summary>Writes 16 bytes, big-endian.</summary>
    /// <param name="destination">At least 16 bytes.</param>
    public void WriteBigEndian(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Units);

    /// <summary>Reads 16 bytes, big-endian.</summary>
    /// <param name="source">Exactly 16 bytes.</param>
    public static Amount ReadBigEndian(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <inheritdoc/>
    public int CompareTo(Amount other) => Units.CompareTo(other.Units);

    /// <summary>The number of smallest units in decimal.</summary>
    public override string ToString() => Units.ToString(CultureInfo.InvariantCulture);

    /// <summary>A count of smallest units.</summary>
    /// <param name="units">The count.</param>
    public static implicit operator Amount(ulong units) => new(units);

    /// <summary>Adds; throws <see cref="OverflowException"/> past the largest amount.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static Amount operator +(Amount left, Amount right) => new(checked(left.Units + right.Units));

    /// <summary>Subtracts; throws <see cref="OverflowException"/> below zero.</summary>
    /// <param name="left">From this.</param>
    /// <param name="right">This.</param>
    public static Amount operator -(Amount left, Amount right) => new(checked(left.Units - right.Units));

    /// <summary>Multiplies; throws <see cref="OverflowException"/> past the largest amount.</summary>
    /// <param name="left">The amount.</param>
    /// <param name="right">How many times.</param>
    public static Amount operator *(Amount left, ulong right) => new(checked(left.Units * right));

    /// <summary>Divides, rounding down.</summary>
    /// <param name="left">The amount.</param>
    /// <param name="right">Into how many parts; not zero.</param>
    public static Amount operator /(Amount left, ulong right) => new(left.Units / right);

    /// <summary>Compares.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(Amount left, Amount right) => left.Units < right.Units;

    /// <summary>Compares.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(Amount left, Amount right) => left.Units > right.Units;

    /// <summary>Compares.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(Amount left, Amount right) => left.Units <= right.Units;

    /// <summary>Compares.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(Amount left, Amount right) => left.Units >= right.Units;
}
