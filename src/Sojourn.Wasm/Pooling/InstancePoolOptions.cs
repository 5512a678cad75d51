namespace Sojourn.Wasm.Pooling;

/// <summary>How the instances of a pool are made, and how many are kept.</summary>
public sealed record InstancePoolOptions
{
    /// <summary>Bounds of each instance's store.</summary>
    /// <value>Default: <see cref="StoreOptions.Default"/>.</value>
    public StoreOptions Store { get; init; } = StoreOptions.Default;

    /// <summary>Defines what the module imports; called once for each instance that is made, not each time one is rented. State of host functions is the host's to reset.</summary>
    /// <value>Default: nothing.</value>
    public Action<Linker>? Link { get; init; }

    /// <summary>Called before an instance is rented again, to reset what its host functions remember.</summary>
    /// <value>Default: nothing.</value>
    public Action<Instance>? Returned { get; init; }

    /// <summary>Instances that wait to be rented; more are freed when they come back.</summary>
    /// <value>Default: 16.</value>
    public int WarmMax { get; init; } = 16;

    /// <summary>Instances that are made when the pool is.</summary>
    /// <value>Default: 1.</value>
    public int WarmAtStart { get; init; } = 1;
}
