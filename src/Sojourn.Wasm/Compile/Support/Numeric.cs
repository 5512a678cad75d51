using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Scalar instructions that IL has no opcode for, named as <see cref="Model.Opcode"/> names them. Compiled code calls them; the platform's compiler inlines them.</summary>
/// <remarks>WebAssembly 3.0, execution, numerics.</remarks>
internal static partial class Numeric
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    [MethodImpl(Inline)]
    public static int I32DivS(int left, int right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        if (right == -1)
        {
            return left == int.MinValue ? Throw.Overflow() : -left;
        }

        return left / right;
    }

    [MethodImpl(Inline)]
    public static int I32DivU(int left, int right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return (int)((uint)left / (uint)right);
    }

    [MethodImpl(Inline)]
    public static int I32RemS(int left, int right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return right == -1 ? 0 : left % right;
    }

    [MethodImpl(Inline)]
    public static int I32RemU(int left, int right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return (int)((uint)left % (uint)right);
    }

    [MethodImpl(Inline)]
    public static long I64DivS(long left, long right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        if (right == -1)
        {
            return left == long.MinValue ? Throw.Overflow() : -left;
        }

        return left / right;
    }

    [MethodImpl(Inline)]
    public static long I64DivU(long left, long right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return (long)((ulong)left / (ulong)right);
    }

    [MethodImpl(Inline)]
    public static long I64RemS(long left, long right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return right == -1 ? 0 : left % right;
    }

    [MethodImpl(Inline)]
    public static long I64RemU(long left, long right)
    {
        if (right == 0)
        {
            Throw.DivideByZero();
        }

        return (long)((ulong)left % (ulong)right);
    }

    // Where the processor has no tzcnt, the platform's compiler takes what bsf says of its operand for what it says of the result: not used there.
    [MethodImpl(Inline)]
    public static int I32Ctz(int value) => BitOperations.PopCount(~(uint)value & ((uint)value - 1));

    [MethodImpl(Inline)]
    public static long I64Ctz(long value) => BitOperations.PopCount(~(ulong)value & ((ulong)value - 1));

    // Not inlined: the platform's compiler would read four bytes where the operand is a load of one or two, and with them what lies
    // behind, even behind the memory's end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float F32ReinterpretI32(int value) => BitConverter.Int32BitsToSingle(value);

    /// <summary>A NaN constant: not inlined, so that nothing folds its payload away.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float SingleOfBits(int bits) => BitConverter.Int32BitsToSingle(bits);

    /// <summary>A NaN constant: not inlined, so that nothing folds its payload away.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double DoubleOfBits(long bits) => BitConverter.Int64BitsToDouble(bits);
}
