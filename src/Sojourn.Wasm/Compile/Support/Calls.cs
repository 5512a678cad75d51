using System.Runtime.CompilerServices;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Indirect calls.</summary>
internal static unsafe class Calls
{
    /// <summary>The record to call, checked.</summary>
    /// <param name="index">The operand.</param>
    /// <param name="cell">The table's cell.</param>
    /// <param name="context">The caller's base.</param>
    /// <param name="typeOffset">Where the context holds the identity of the wanted type.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Indirect(int index, nint cell, nint context, int typeOffset)
    {
        if ((uint)index >= ((TableCell*)cell)->Length)
        {
            Throw.UndefinedElement();
        }

        var record = (FunctionRecord*)((TableCell*)cell)->Elements[(uint)index];
        if (record == null || record->TypeIdentity != *(int*)(context + typeOffset))
        {
            Mismatch(record, context, *(int*)(context + typeOffset));
        }

        return (nint)record;
    }

    /// <summary>As <see cref="Indirect"/>, for a table with 64-bit indices.</summary>
    public static nint IndirectWide(long index, nint cell, nint context, int typeOffset)
    {
        if ((ulong)index >= ((TableCell*)cell)->Length)
        {
            Throw.UndefinedElement();
        }

        return Indirect((int)index, cell, context, typeOffset);
    }

    /// <summary>The record behind a function reference, which may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Reference(nint record)
    {
        if (record == 0)
        {
            throw new TrapException(TrapKind.NullReference, "null function reference");
        }

        return record;
    }

    /// <summary>The reference, which may not be null.</summary>
    public static nint NonNullFunction(nint record)
    {
        if (record == 0)
        {
            Throw.NullReference();
        }

        return record;
    }

    /// <summary>The reference, which may not be null.</summary>
    public static object NonNullObject(object? reference)
    {
        if (reference is null)
        {
            Throw.NullReference();
        }

        return reference!;
    }

    // Another identity is no mismatch if it extends the wanted type.
    private static void Mismatch(FunctionRecord* record, nint context, int wanted)
    {
        if (record == null)
        {
            throw new TrapException(TrapKind.UninitializedElement);
        }

        if (!Instance.FromContext(context).Store.Types.IsSubtype(record->TypeIdentity, wanted))
        {
            throw new TrapException(TrapKind.IndirectCallTypeMismatch);
        }
    }
}
