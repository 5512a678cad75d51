namespace Sojourn.Wasm;

/// <summary>The instance that imported a host function: what the function may look at while it runs.</summary>
public sealed class Caller
{
    internal Caller(Instance? instance, Store store)
    {
        Instance = instance;
        Store = store;
    }

    /// <summary>The instance that imported the function; null where the host calls it itself.</summary>
    public Instance? Instance { get; }

    /// <summary>The store.</summary>
    public Store Store { get; }

    /// <summary>The instance's memory 0.</summary>
    /// <exception cref="TrapException">It has none.</exception>
    public Memory Memory => Instance is { } instance && instance.Memories.Length > 0
        ? instance.Memories[0]
        : throw new TrapException(TrapKind.MemoryOutOfBounds, "the host function needs the caller's memory, and it has none");
}

/// <summary>A host function in its plainest form.</summary>
/// <param name="caller">Who calls.</param>
/// <param name="arguments">Values of the parameters.</param>
/// <param name="results">Room for the results, to be filled.</param>
public delegate void HostCallback(Caller caller, ReadOnlySpan<Value> arguments, Span<Value> results);
