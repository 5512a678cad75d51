namespace Sojourn.Wasm;

/// <summary>Why execution ended.</summary>
public enum TrapKind
{
    /// <summary>The <c>unreachable</c> instruction ran.</summary>
    Unreachable,

    /// <summary>An access beyond a memory's end.</summary>
    MemoryOutOfBounds,

    /// <summary>An access beyond a table's end.</summary>
    TableOutOfBounds,

    /// <summary>An indirect call through an empty table element.</summary>
    UninitializedElement,

    /// <summary>An indirect call whose callee has another type.</summary>
    IndirectCallTypeMismatch,

    /// <summary>Division by zero.</summary>
    IntegerDivideByZero,

    /// <summary>A result that its integer type cannot hold.</summary>
    IntegerOverflow,

    /// <summary>A NaN was converted to an integer.</summary>
    InvalidConversionToInteger,

    /// <summary>Calls nested deeper than the stack's limit.</summary>
    StackExhausted,

    /// <summary>The fuel ran out.</summary>
    FuelExhausted,

    /// <summary>The host interrupted execution, by time-out or cancellation.</summary>
    Interrupted,

    /// <summary>A null reference was used.</summary>
    NullReference,

    /// <summary>A reference was cast to a type that it has not.</summary>
    CastFailure,

    /// <summary>An access beyond an array's end.</summary>
    ArrayOutOfBounds,

    /// <summary>An exception reached the host uncaught.</summary>
    UncaughtException,

    /// <summary>A host function ended the guest, as WASI's <c>proc_exit</c> does.</summary>
    Exit,

    /// <summary>A limit on memory or tables of the host was met where the guest cannot be told otherwise.</summary>
    ResourceExhausted,
}
