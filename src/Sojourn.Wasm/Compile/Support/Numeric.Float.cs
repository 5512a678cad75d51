using System.Runtime.CompilerServices;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Numeric
{
    [MethodImpl(Inline)]
    public static float F32Abs(float value) => MathF.Abs(value);

    [MethodImpl(Inline)]
    public static float F32Ceil(float value) => MathF.Ceiling(value);

    [MethodImpl(Inline)]
    public static float F32Floor(float value) => MathF.Floor(value);

    [MethodImpl(Inline)]
    public static float F32Trunc(float value) => MathF.Truncate(value);

    [MethodImpl(Inline)]
    public static float F32Nearest(float value) => MathF.Round(value);

    [MethodImpl(Inline)]
    public static float F32Sqrt(float value) => MathF.Sqrt(value);

    [MethodImpl(Inline)]
    public static float F32Copysign(float value, float sign) => MathF.CopySign(value, sign);

    [MethodImpl(Inline)]
    public static float F32Min(float left, float right)
    {
        if (left < right)
        {
            return left;
        }

        if (right < left)
        {
            return right;
        }

        // Equal (the sign of zeros decides) or unordered (the sum is a quiet NaN).
        return left == right ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(left) | BitConverter.SingleToInt32Bits(right)) : left + right;
    }

    [MethodImpl(Inline)]
    public static float F32Max(float left, float right)
    {
        if (left > right)
        {
            return left;
        }

        if (right > left)
        {
            return right;
        }

        return left == right ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(left) & BitConverter.SingleToInt32Bits(right)) : left + right;
    }

    [MethodImpl(Inline)]
    public static double F64Abs(double value) => Math.Abs(value);

    [MethodImpl(Inline)]
    public static double F64Ceil(double value) => Math.Ceiling(value);

    [MethodImpl(Inline)]
    public static double F64Floor(double value) => Math.Floor(value);

    [MethodImpl(Inline)]
    public static double F64Trunc(double value) => Math.Truncate(value);

    [MethodImpl(Inline)]
    public static double F64Nearest(double value) => Math.Round(value);

    [MethodImpl(Inline)]
    public static double F64Sqrt(double value) => Math.Sqrt(value);

    [MethodImpl(Inline)]
    public static double F64Copysign(double value, double sign) => Math.CopySign(value, sign);

    [MethodImpl(Inline)]
    public static double F64Min(double left, double right)
    {
        if (left < right)
        {
            return left;
        }

        if (right < left)
        {
            return right;
        }

        return left == right ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(left) | BitConverter.DoubleToInt64Bits(right)) : left + right;
    }

    [MethodImpl(Inline)]
    public static double F64Max(double left, double right)
    {
        if (left > right)
        {
            return left;
        }

        if (right > left)
        {
            return right;
        }

        return left == right ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(left) & BitConverter.DoubleToInt64Bits(right)) : left + right;
    }

    [MethodImpl(Inline)]
    public static float CanonicalF32(float value) => !float.IsNaN(value) ? value : BitConverter.Int32BitsToSingle(0x7FC00000);

    [MethodImpl(Inline)]
    public static double CanonicalF64(double value) => !double.IsNaN(value) ? value : BitConverter.Int64BitsToDouble(0x7FF8000000000000);
}
