namespace Sojourn.Wasm;

/// <summary>Bounds on what the instances of a store may use together.</summary>
public sealed record StoreOptions
{
    /// <summary>The defaults.</summary>
    public static StoreOptions Default { get; } = new();

    /// <summary>Bytes of linear memory, all instances together.</summary>
    /// <value>Default: 4 GiB.</value>
    public long MemoryBytesMax { get; init; } = 4L << 30;

    /// <summary>Elements of tables, all instances together.</summary>
    /// <value>Default: 10,000,000.</value>
    public long TableElementsMax { get; init; } = 10_000_000;

    /// <summary>Bytes that structures, arrays and exceptions of the guests may take, all instances together; estimated, and only what is still reachable counts.</summary>
    /// <value>Default: 1 GiB.</value>
    public long HeapBytesMax { get; init; } = 1L << 30;

    /// <summary>Instances.</summary>
    /// <value>Default: 10,000.</value>
    public int InstancesMax { get; init; } = 10_000;

    /// <summary>Bytes of stack that calls of the guest may use.</summary>
    /// <value>Default: 1 MiB. A trap unwinds the whole depth, so larger stacks make traps slow.</value>
    public int StackBytesMax { get; init; } = 1 << 20;

    /// <summary>Fuel at the start, where modules are metered.</summary>
    /// <value>Default: <see cref="long.MaxValue"/>.</value>
    public long Fuel { get; init; } = long.MaxValue;
}
