namespace Sojourn.Wasm;

/// <summary>Bounds on a module, checked before work is spent on it.</summary>
/// <remarks>Defaults follow the limits that the engines of browsers agreed on (WebAssembly JavaScript interface, implementation-defined limits).</remarks>
public sealed record ModuleLimits
{
    /// <summary>The defaults.</summary>
    public static ModuleLimits Default { get; } = new();

    /// <summary>Bytes of a module.</summary>
    /// <value>Default: 256 MiB.</value>
    public int ModuleBytesMax { get; init; } = 256 << 20;

    /// <summary>Types of a module.</summary>
    /// <value>Default: 1,000,000.</value>
    public int TypesMax { get; init; } = 1_000_000;

    /// <summary>Functions, imported and own.</summary>
    /// <value>Default: 1,000,000.</value>
    public int FunctionsMax { get; init; } = 1_000_000;

    /// <summary>Imports; exports likewise.</summary>
    /// <value>Default: 1,000,000.</value>
    public int ImportsMax { get; init; } = 1_000_000;

    /// <summary>Globals.</summary>
    /// <value>Default: 1,000,000.</value>
    public int GlobalsMax { get; init; } = 1_000_000;

    /// <summary>Tables.</summary>
    /// <value>Default: 100,000.</value>
    public int TablesMax { get; init; } = 100_000;

    /// <summary>Memories.</summary>
    /// <value>Default: 100.</value>
    public int MemoriesMax { get; init; } = 100;

    /// <summary>Data segments; element segments likewise.</summary>
    /// <value>Default: 100,000.</value>
    public int SegmentsMax { get; init; } = 100_000;

    /// <summary>Bytes of one function's body.</summary>
    /// <value>Default: 7,654,321.</value>
    public int FunctionBytesMax { get; init; } = 7_654_321;

    /// <summary>Locals of one function, parameters included.</summary>
    /// <value>Default: 50,000.</value>
    public int LocalsMax { get; init; } = 50_000;

    /// <summary>Parameters of one function type; results likewise.</summary>
    /// <value>Default: 1,000.</value>
    public int ParametersMax { get; init; } = 1_000;

    /// <summary>Nested blocks in one function.</summary>
    /// <value>Default: 10,000.</value>
    public int BlockDepthMax { get; init; } = 10_000;

    /// <summary>Locals of all functions together: few bytes can declare many.</summary>
    /// <value>Default: 100,000,000.</value>
    public long LocalsTotalMax { get; init; } = 100_000_000;

    /// <summary>Parameters and results of all blocks together, those of blocks with one or none aside: few bytes can name a type of many.</summary>
    /// <value>Default: 10,000,000.</value>
    public long BlockValuesMax { get; init; } = 10_000_000;

    /// <summary>Nested <c>try_table</c> in one function. The platform's compiler takes time by their square: some 4 ms for 128, 30 ms for 512.</summary>
    /// <value>Default: 128.</value>
    public int HandlerDepthMax { get; init; } = 128;
}
