namespace Sojourn.Wasm.Pooling;

/// <summary>An instance that was rented from a pool. Functions, memories and spans taken from it must not be used once it is disposed: by then they may be another's.</summary>
public sealed class PooledInstance : IDisposable
{
    private readonly InstancePool pool;
    private PooledStore? store;

    internal PooledInstance(InstancePool pool, PooledStore store)
    {
        this.pool = pool;
        this.store = store;
    }

    /// <summary>The instance.</summary>
    public Instance Instance => Rented.Instance;

    /// <summary>Its store, full of fuel.</summary>
    public Store Store => Rented.Store;

    private PooledStore Rented => store ?? throw new ObjectDisposedException(nameof(PooledInstance));

    /// <summary>Gives the instance back; it is put into its first state at once.</summary>
    /// <exception cref="InvalidOperationException">Its code is still running.</exception>
    public void Dispose()
    {
        if (store is { } rented)
        {
            rented.Store.CheckIdle();
            store = null;
            pool.Return(rented);
        }
    }
}
