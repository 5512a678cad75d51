using System.Diagnostics.CodeAnalysis;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Traps, out of line.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void DivideByZero() => throw new TrapException(TrapKind.IntegerDivideByZero);

    [DoesNotReturn]
    public static int Overflow() => throw new TrapException(TrapKind.IntegerOverflow);

    [DoesNotReturn]
    public static void Conversion(double value) => throw new TrapException(double.IsNaN(value) ? TrapKind.InvalidConversionToInteger : TrapKind.IntegerOverflow);

    [DoesNotReturn]
    public static void MemoryOutOfBounds() => throw new TrapException(TrapKind.MemoryOutOfBounds);

    [DoesNotReturn]
    public static void TableOutOfBounds() => throw new TrapException(TrapKind.TableOutOfBounds);

    [DoesNotReturn]
    public static void UndefinedElement() => throw new TrapException(TrapKind.TableOutOfBounds, "undefined element");

    [DoesNotReturn]
    public static void NullReference() => throw new TrapException(TrapKind.NullReference);

    /// <summary>For use before a <c>throw</c> instruction, which tells the platform's compiler that the block is cold and ends there.</summary>
    public static Exception Trap(int kind) => new TrapException((TrapKind)kind);
}
