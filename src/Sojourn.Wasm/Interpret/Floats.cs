using System.Numerics;

namespace Sojourn.Wasm.Interpret;

/// <summary>Floating-point arithmetic as the specification defines it (4.3.3), written to be read: results that are NaN are always the canonical one.</summary>
internal static class Floats
{
    /// <summary>The positive NaN with only the top bit of its payload set. (C#'s <c>float.NaN</c> is the negative one.)</summary>
    public static float CanonicalF32 => BitConverter.UInt32BitsToSingle(0x7FC00000);

    public static double CanonicalF64 => BitConverter.UInt64BitsToDouble(0x7FF8000000000000);

    public static float Canonical(float x) => float.IsNaN(x) ? CanonicalF32 : x;

    public static double Canonical(double x) => double.IsNaN(x) ? CanonicalF64 : x;

    public static T Min<T>(T a, T b)
        where T : IFloatingPointIeee754<T> =>
        T.IsNaN(a) || T.IsNaN(b) ? T.NaN : a < b || (a == b && T.IsNegative(a)) ? a : b;

    public static T Max<T>(T a, T b)
        where T : IFloatingPointIeee754<T> =>
        T.IsNaN(a) || T.IsNaN(b) ? T.NaN : a > b || (a == b && T.IsPositive(a)) ? a : b;

    /// <summary>The integer nearest, ties to even, the sign kept.</summary>
    public static T Nearest<T>(T x)
        where T : IFloatingPointIeee754<T> => T.IsFinite(x) ? T.CopySign(T.Round(x, MidpointRounding.ToEven), x) : x;

    public static T Ceiling<T>(T x)
        where T : IFloatingPointIeee754<T> => T.IsFinite(x) ? T.CopySign(T.Ceiling(x), x) : x;

    public static T Floor<T>(T x)
        where T : IFloatingPointIeee754<T> => T.IsFinite(x) ? T.CopySign(T.Floor(x), x) : x;

    public static T Truncate<T>(T x)
        where T : IFloatingPointIeee754<T> => T.IsFinite(x) ? T.CopySign(T.Truncate(x), x) : x;

    /// <summary>Rounds an unsigned integer to 24 bits by hand, ties to even.</summary>
    public static float FromUInt64(ulong value) => (float)Rounded(value, 24);

    /// <summary>Rounds an unsigned integer to 53 bits by hand, ties to even.</summary>
    public static double DoubleFromUInt64(ulong value) => Rounded(value, 53);

    public static float FromInt64(long value) => value < 0 ? -FromUInt64((ulong)-value) : FromUInt64((ulong)value);

    public static double DoubleFromInt64(long value) => value < 0 ? -DoubleFromUInt64((ulong)-value) : DoubleFromUInt64((ulong)value);

    /// <summary>The integer part, or a trap where it does not fit between the bounds.</summary>
    /// <param name="x">The number.</param>
    /// <param name="below">The largest number that is already too small.</param>
    /// <param name="above">The smallest number that is already too large.</param>
    public static double Integer(double x, double below, double above)
    {
        if (double.IsNaN(x))
        {
            throw new TrapException(TrapKind.InvalidConversionToInteger);
        }

        return x > below && x < above ? Math.Truncate(x) : throw new TrapException(TrapKind.IntegerOverflow);
    }

    public static int ToInt32(double x) => (int)Integer(x, -2147483649.0, 2147483648.0);

    public static uint ToUInt32(double x) => (uint)Integer(x, -1.0, 4294967296.0);

    public static long ToInt64(double x) => (long)Integer(x, Math.BitDecrement(-9223372036854775808.0), 9223372036854775808.0);

    public static ulong ToUInt64(double x) => Unsigned(Integer(x, -1.0, 18446744073709551616.0));

    public static int SaturateInt32(double x) => double.IsNaN(x) ? 0 : x <= int.MinValue ? int.MinValue : x >= int.MaxValue ? int.MaxValue : (int)x;

    public static uint SaturateUInt32(double x) => double.IsNaN(x) || x <= 0 ? 0 : x >= uint.MaxValue ? uint.MaxValue : (uint)x;

    public static long SaturateInt64(double x) => double.IsNaN(x) ? 0 : x <= long.MinValue ? long.MinValue : x >= 9223372036854775808.0 ? long.MaxValue : (long)x;

    public static ulong SaturateUInt64(double x) => double.IsNaN(x) || x <= 0 ? 0 : x >= 18446744073709551616.0 ? ulong.MaxValue : Unsigned(Math.Truncate(x));

    /// <summary>A whole number between 0 and 2⁶⁴, read from its bits.</summary>
    private static ulong Unsigned(double x)
    {
        var bits = BitConverter.DoubleToUInt64Bits(x) & long.MaxValue;
        var exponent = (int)(bits >> 52) - 1075;
        var mantissa = (bits & ((1UL << 52) - 1)) | (1UL << 52);
        return x < 1 ? 0 : exponent >= 0 ? mantissa << exponent : mantissa >> -exponent;
    }

    /// <summary>The value with all but its leading bits rounded away; exact in a double.</summary>
    private static double Rounded(ulong value, int bits)
    {
        var drop = 64 - BitOperations.LeadingZeroCount(value) - bits;
        if (drop <= 0)
        {
            return value >> 63 == 0 ? (double)(long)value : throw new InvalidOperationException("A number of few bits has its top bit clear.");
        }

        var kept = value >> drop;
        var rest = value & ((1UL << drop) - 1);
        var half = 1UL << (drop - 1);
        if (rest > half || (rest == half && (kept & 1) != 0))
        {
            kept++;
        }

        return Math.ScaleB((double)(long)kept, drop);
    }
}
