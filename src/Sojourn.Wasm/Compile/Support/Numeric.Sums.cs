using System.Runtime.CompilerServices;

namespace Sojourn.Wasm.Compile.Support;

/// <content>Rotations, and what the platform's compiler would take for one, whose last step is an addition or a subtraction.</content>
internal static partial class Numeric
{
    [MethodImpl(Inline)]
    public static int I32RotlAsSum(int value, int count) => (value << (count & 31)) + (int)(((uint)value >> 1) >> (~count & 31));

    [MethodImpl(Inline)]
    public static int I32RotrAsSum(int value, int count) => (int)((uint)value >> (count & 31)) + ((value << 1) << (~count & 31));

    [MethodImpl(Inline)]
    public static long I64RotlAsSum(long value, long count) => (value << ((int)count & 63)) + (long)(((ulong)value >> 1) >> (~(int)count & 63));

    [MethodImpl(Inline)]
    public static long I64RotrAsSum(long value, long count) => (long)((ulong)value >> ((int)count & 63)) + ((value << 1) << (~(int)count & 63));

    [MethodImpl(Inline)]
    public static int I32OrAsSum(int left, int right) => (left & ~right) + right;

    [MethodImpl(Inline)]
    public static long I64OrAsSum(long left, long right) => (left & ~right) + right;

    [MethodImpl(Inline)]
    public static int I32XorAsSum(int left, int right) => (left | right) - (left & right);

    [MethodImpl(Inline)]
    public static long I64XorAsSum(long left, long right) => (left | right) - (left & right);
}
