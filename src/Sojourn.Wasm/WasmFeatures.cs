namespace Sojourn.Wasm;

/// <summary>Proposals beyond the first standard. A module that uses one that is not named is refused.</summary>
[Flags]
public enum WasmFeatures
{
    /// <summary>WebAssembly 2.0 without SIMD.</summary>
    None = 0,

    /// <summary>128-bit vectors (2.0).</summary>
    Simd = 1 << 0,

    /// <summary>Arithmetic in constant expressions (3.0).</summary>
    ExtendedConst = 1 << 1,

    /// <summary>Tail calls (3.0).</summary>
    TailCalls = 1 << 2,

    /// <summary>Several memories per module (3.0).</summary>
    MultiMemory = 1 << 3,

    /// <summary>64-bit memories and tables (3.0).</summary>
    Memory64 = 1 << 4,

    /// <summary>Relaxed SIMD, in its deterministic profile (3.0).</summary>
    RelaxedSimd = 1 << 5,

    /// <summary>Exceptions with <c>try_table</c> (3.0).</summary>
    Exceptions = 1 << 6,

    /// <summary>Typed function references (3.0).</summary>
    FunctionReferences = 1 << 7,

    /// <summary>Structures, arrays and their collection (3.0).</summary>
    GarbageCollection = 1 << 8,

    /// <summary>All of WebAssembly 2.0.</summary>
    Wasm2 = Simd,

    /// <summary>All of WebAssembly 3.0.</summary>
    Wasm3 = Wasm2 | ExtendedConst | TailCalls | MultiMemory | Memory64 | RelaxedSimd | Exceptions | FunctionReferences | GarbageCollection,
}
