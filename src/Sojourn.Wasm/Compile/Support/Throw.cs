using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

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

    /// <summary>The stack's limit was met: because the stack is used up, or because the host took it away to interrupt.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Exception Stack(nint context) =>
        new TrapException(Instance.FromContext(context).Store.IsInterrupted ? TrapKind.Interrupted : TrapKind.StackExhausted);

    /// <summary>For use before a <c>throw</c> instruction, which tells the platform's compiler that the block is cold and ends there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Exception Trap(int kind) => new TrapException((TrapKind)kind);
}
