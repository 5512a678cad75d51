namespace Sojourn.Wasm;

/// <summary>How functions are run.</summary>
public enum ExecutionTier
{
    /// <summary>Compiled to IL and by the platform's compiler to machine code.</summary>
    Compiled,

    /// <summary>A plain interpreter: slow, small, the oracle of tests, and the way where code may not be generated.</summary>
    Interpreted,
}

/// <summary>How accesses beyond a memory's end are caught.</summary>
public enum MemoryProtection
{
    /// <summary>Guard pages where the platform has them (Linux on x86-64), else bounds checks.</summary>
    Automatic,

    /// <summary>Guard pages; an error where the platform has none.</summary>
    GuardPages,

    /// <summary>An explicit check before every access.</summary>
    BoundsChecks,
}

/// <summary>How execution is metered.</summary>
public enum FuelMode
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Charged per path: the same total on every machine and tier; looked at on function entry and loop back edges.</summary>
    Path,

    /// <summary>The same charges, looked at before every basic block.</summary>
    Exact,
}

/// <summary>Everything that decides how a module is decoded, validated and compiled.</summary>
public sealed record ModuleOptions
{
    /// <summary>WebAssembly 3.0, compiled, guard pages where there are any, no fuel.</summary>
    public static ModuleOptions Default { get; } = new();

    /// <summary>Proposals that are on.</summary>
    /// <value>Default: <see cref="WasmFeatures.Wasm3"/>, all of whose scripts pass.</value>
    public WasmFeatures Features { get; init; } = WasmFeatures.Wasm3;

    /// <summary>How functions are run.</summary>
    /// <value>Default: <see cref="ExecutionTier.Compiled"/>.</value>
    public ExecutionTier Tier { get; init; }

    /// <summary>How accesses beyond a memory's end are caught.</summary>
    /// <value>Default: <see cref="MemoryProtection.Automatic"/>.</value>
    public MemoryProtection Protection { get; init; }

    /// <summary>How execution is metered.</summary>
    /// <value>Default: <see cref="FuelMode.None"/>.</value>
    public FuelMode Fuel { get; init; }

    /// <summary>Whether running code looks for an interruption by the host on loop back edges.</summary>
    /// <value>Default: true.</value>
    public bool Interruptible { get; init; } = true;

    /// <summary>Whether results of floating-point arithmetic that are NaN are made canonical, so that every machine computes the same bits.</summary>
    /// <value>Default: false; a deterministic run sets it.</value>
    public bool CanonicalNaNs { get; init; }

    /// <summary>Bounds on the module itself.</summary>
    public ModuleLimits Limits { get; init; } = ModuleLimits.Default;
}
