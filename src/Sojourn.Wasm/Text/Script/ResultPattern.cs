using System.Collections.Immutable;

namespace Sojourn.Wasm.Text.Script;

/// <summary>What one result must look like.</summary>
internal abstract record ResultPattern;

/// <summary>Exactly these bits.</summary>
internal sealed record ExactResult(ScriptValue Value) : ResultPattern;

/// <summary>How one float must look.</summary>
internal enum LaneForm
{
    Exact,

    /// <summary>A NaN whose payload has its top bit set and no other.</summary>
    NanCanonical,

    /// <summary>A NaN whose payload has its top bit set.</summary>
    NanArithmetic,
}

/// <summary>A NaN of a scalar type.</summary>
internal sealed record NanResult(bool Wide, LaneForm Form) : ResultPattern;

/// <summary>A vector, lane by lane, where at least one lane is a pattern.</summary>
internal sealed record VectorResult(int LaneBits, ImmutableArray<(LaneForm Form, ulong Bits)> Lanes) : ResultPattern;

/// <summary>The kinds of reference a script can ask for without naming the reference.</summary>
internal enum ReferenceForm
{
    Null,
    Func,
    Extern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Exn,
}

/// <summary>A reference of a kind.</summary>
internal sealed record ReferenceResult(ReferenceForm Form) : ResultPattern;

/// <summary>One of several.</summary>
internal sealed record EitherResult(ImmutableArray<ResultPattern> Choices) : ResultPattern;
