namespace Sojourn.Wasm.Pooling;

/// <summary>Keeps instances of one module warm: linked, initialised, and after each use put back to exactly that state.</summary>
/// <remarks>
/// An instance is made as always, start function included; then its memories are remembered as images that every instance maps copy-on-write, and its tables
/// and globals as copies. Putting it back drops the pages that were written, so nothing of one use can be read by the next.
/// Safe for several threads; what is rented is used by one at a time.
/// </remarks>
public sealed class InstancePool : IDisposable
{
    private readonly WasmModule module;
    private readonly InstancePoolOptions options;
    private readonly Lock gate = new();
    private readonly Stack<PooledStore> warm = new();
    private readonly List<MemoryImage> images = [];
    private bool disposed;

    /// <summary>Makes a pool and its first instances.</summary>
    /// <param name="module">The module.</param>
    /// <param name="options">Imports, limits and numbers; null for the defaults.</param>
    /// <exception cref="LinkException">An import is missing or has another type.</exception>
    /// <exception cref="TrapException">A segment does not fit, or the start function trapped.</exception>
    public InstancePool(WasmModule module, InstancePoolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        this.module = module;
        this.options = options ?? new();
        for (var i = 0; i < Math.Min(this.options.WarmAtStart, this.options.WarmMax); i++)
        {
            warm.Push(Make());
        }
    }

    /// <summary>Instances that wait to be rented.</summary>
    public int Warm
    {
        get
        {
            lock (gate)
            {
                return warm.Count;
            }
        }
    }

    /// <summary>An instance in its first state: a warm one where there is one, else made now.</summary>
    /// <returns>Dispose it to give it back.</returns>
    public PooledInstance Rent()
    {
        PooledStore? store;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            warm.TryPop(out store);
        }

        return new(this, store ?? Make());
    }

    /// <summary>Frees the instances that wait. Those that are rented are freed when they come back.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            while (warm.TryPop(out var store))
            {
                store.Dispose();
            }

            foreach (var image in images)
            {
                image.Dispose();
            }

            images.Clear();
        }
    }

    internal void Return(PooledStore store)
    {
        options.Returned?.Invoke(store.Instance);
        if (store.TryReset())
        {
            lock (gate)
            {
                if (!disposed && warm.Count < options.WarmMax)
                {
                    warm.Push(store);
                    return;
                }
            }
        }

        store.Dispose();
    }

    private PooledStore Make()
    {
        var store = new Store(options.Store);
        try
        {
            var linker = new Linker(store);
            options.Link?.Invoke(linker);
            var instance = linker.Instantiate(module);
            lock (gate)
            {
                return new(store, instance, images);
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }
}
