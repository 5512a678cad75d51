using System.Runtime.CompilerServices;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Numeric
{
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
