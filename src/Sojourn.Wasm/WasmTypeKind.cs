namespace Sojourn.Wasm;

/// <summary>The kinds of values that WebAssembly knows.</summary>
/// <remarks>WebAssembly 3.0, value types.</remarks>
public enum WasmTypeKind
{
    /// <summary>The operand of unreachable code, which fits every type; never seen outside validation.</summary>
    Bottom,

    /// <summary>32-bit integer.</summary>
    I32,

    /// <summary>64-bit integer.</summary>
    I64,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>128-bit vector.</summary>
    V128,

    /// <summary>A reference.</summary>
    Reference,
}
