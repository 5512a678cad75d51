using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Numeric
{
    private const double TwoTo31 = 2147483648.0;
    private const double TwoTo32 = 4294967296.0;
    private const double TwoTo63 = 9223372036854775808.0;
    private const double TwoTo64 = 18446744073709551616.0;

    [MethodImpl(Inline)]
    public static int I32TruncF32S(float value) => I32TruncF64S(value);

    [MethodImpl(Inline)]
    public static int I32TruncF32U(float value) => I32TruncF64U(value);

    [MethodImpl(Inline)]
    public static int I32TruncF64S(double value)
    {
        if (!(value > -TwoTo31 - 1 && value < TwoTo31))
        {
            Throw.Conversion(value);
        }

        return (int)value;
    }

    [MethodImpl(Inline)]
    public static int I32TruncF64U(double value)
    {
        if (!(value > -1 && value < TwoTo32))
        {
            Throw.Conversion(value);
        }

        return (int)(long)value;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF32S(float value) => I64TruncF64S(value);

    [MethodImpl(Inline)]
    public static long I64TruncF32U(float value) => I64TruncF64U(value);

    [MethodImpl(Inline)]
    public static long I64TruncF64S(double value)
    {
        if (!(value >= -TwoTo63 && value < TwoTo63))
        {
            Throw.Conversion(value);
        }

        return (long)value;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF64U(double value)
    {
        if (!(value > -1 && value < TwoTo64))
        {
            Throw.Conversion(value);
        }

        return value < TwoTo63 ? (long)value : (long)(value - TwoTo63) ^ long.MinValue;
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF32S(float value) => I32TruncSatF64S(value);

    [MethodImpl(Inline)]
    public static int I32TruncSatF32U(float value) => I32TruncSatF64U(value);

    [MethodImpl(Inline)]
    public static int I32TruncSatF64S(double value) =>
        double.IsNaN(value) ? 0 : value <= -TwoTo31 ? int.MinValue : value >= TwoTo31 ? int.MaxValue : (int)value;

    [MethodImpl(Inline)]
    public static int I32TruncSatF64U(double value) =>
        !(value > 0) ? 0 : value >= TwoTo32 ? -1 : (int)(long)value;

    [MethodImpl(Inline)]
    public static long I64TruncSatF32S(float value) => I64TruncSatF64S(value);

    [MethodImpl(Inline)]
    public static long I64TruncSatF32U(float value) => I64TruncSatF64U(value);

    [MethodImpl(Inline)]
    public static long I64TruncSatF64S(double value) =>
        double.IsNaN(value) ? 0 : value <= -TwoTo63 ? long.MinValue : value >= TwoTo63 ? long.MaxValue : (long)value;

    [MethodImpl(Inline)]
    public static long I64TruncSatF64U(double value) =>
        !(value > 0) ? 0 : value >= TwoTo64 ? -1 : value < TwoTo63 ? (long)value : (long)(value - TwoTo63) ^ long.MinValue;

    [MethodImpl(Inline)]
    public static float F32ConvertI32U(int value) => (float)(long)(uint)value;

    [MethodImpl(Inline)]
    public static double F64ConvertI32U(int value) => (double)(long)(uint)value;

    /// <summary>By the instruction itself: a cast could be folded with the promotion before it.</summary>
    [MethodImpl(Inline)]
    public static float F32DemoteF64(double value) => Sse2.IsSupported
        ? Sse2.ConvertScalarToVector128Single(Vector128<float>.Zero, Vector128.CreateScalarUnsafe(value)).ToScalar()
        : (float)value;

    /// <summary>Rounds once: halving with a sticky bit keeps the value in signed range.</summary>
    [MethodImpl(Inline)]
    public static float F32ConvertI64U(long value)
    {
        if (value >= 0)
        {
            return value;
        }

        var half = (float)(long)(((ulong)value >> 1) | ((ulong)value & 1));
        return half + half;
    }

    [MethodImpl(Inline)]
    public static double F64ConvertI64U(long value)
    {
        if (value >= 0)
        {
            return value;
        }

        var half = (double)(long)(((ulong)value >> 1) | ((ulong)value & 1));
        return half + half;
    }
}
