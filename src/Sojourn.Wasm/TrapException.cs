namespace Sojourn.Wasm;

/// <summary>One function of the guest on the stack of a trap, innermost first.</summary>
/// <param name="FunctionIndex">Index in the module.</param>
/// <param name="Name">From the name section, or null.</param>
/// <param name="Source">File and line from DWARF, or null.</param>
public sealed record TrapFrame(int FunctionIndex, string? Name, string? Source)
{
    /// <summary>Byte offset in the module of the instruction, or in optimised code of one near it; null where it is not known.</summary>
    public int? Offset { get; init; }

    /// <summary>One line of a backtrace.</summary>
    /// <returns>Name or index, offset, source line.</returns>
    public override string ToString() =>
        (Name ?? $"function {FunctionIndex}") + (Offset is { } offset ? $" at 0x{offset:x}" : "") + (Source is null ? "" : $" ({Source})");
}

/// <summary>Execution of a guest ended before its time. The guest cannot catch it.</summary>
public class TrapException : Exception
{
    private IReadOnlyList<TrapFrame>? frames;

    /// <summary>Makes a trap.</summary>
    /// <param name="kind">Why.</param>
    public TrapException(TrapKind kind)
        : base(Describe(kind)) => Kind = kind;

    /// <summary>Makes a trap with a message of its own.</summary>
    /// <param name="kind">Why.</param>
    /// <param name="message">What happened, as a person reads it.</param>
    /// <param name="inner">What caused it.</param>
    public TrapException(TrapKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>Why execution ended.</summary>
    public TrapKind Kind { get; }

    /// <summary>Functions of the guest that were running, innermost first; bounded.</summary>
    /// <remarks>Worked out when first asked for.</remarks>
    public IReadOnlyList<TrapFrame> Frames
    {
        get => frames ??= Debug.TrapFrames.Of(this);
        internal set => frames = value;
    }

    /// <summary>The words of the specification's scripts for a kind.</summary>
    /// <param name="kind">A kind.</param>
    public static string Describe(TrapKind kind) => kind switch
    {
        TrapKind.Unreachable => "unreachable",
        TrapKind.MemoryOutOfBounds => "out of bounds memory access",
        TrapKind.TableOutOfBounds => "out of bounds table access",
        TrapKind.UninitializedElement => "uninitialized element",
        TrapKind.IndirectCallTypeMismatch => "indirect call type mismatch",
        TrapKind.IntegerDivideByZero => "integer divide by zero",
        TrapKind.IntegerOverflow => "integer overflow",
        TrapKind.InvalidConversionToInteger => "invalid conversion to integer",
        TrapKind.StackExhausted => "call stack exhausted",
        TrapKind.FuelExhausted => "fuel exhausted",
        TrapKind.Interrupted => "interrupted by the host",
        TrapKind.NullReference => "null reference",
        TrapKind.CastFailure => "cast failure",
        TrapKind.ArrayOutOfBounds => "out of bounds array access",
        TrapKind.UncaughtException => "uncaught exception",
        TrapKind.Exit => "the guest exited",
        _ => "a host limit was met",
    };
}

/// <summary>An import that the linker cannot satisfy, or an instance that cannot be made.</summary>
public sealed class LinkException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Module, field, wanted and found type.</param>
    public LinkException(string message)
        : base(message)
    {
    }
}
