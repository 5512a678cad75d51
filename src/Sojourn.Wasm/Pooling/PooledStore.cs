namespace Sojourn.Wasm.Pooling;

/// <summary>A store with everything in it, and what it was like when it was new.</summary>
internal sealed class PooledStore : IDisposable
{
    private readonly MemoryState[] memories;
    private readonly TableState[] tables;
    private readonly GlobalState[] globals;
    private readonly SegmentState[] segments;
    private readonly int parts;
    private readonly bool canReset;

    /// <param name="store">The store.</param>
    /// <param name="instance">What is rented.</param>
    /// <param name="images">Images of memories that the pool knows; new ones are added.</param>
    public PooledStore(Store store, Instance instance, List<MemoryImage> images)
    {
        Store = store;
        Instance = instance;
        parts = store.PartCount;
        tables = [.. store.Tables.Select(table => new TableState(table))];
        globals = [.. store.Globals.Select(global => new GlobalState(global))];
        segments = [.. store.Instances.Select(each => new SegmentState(each))];
        canReset = Array.TrueForAll(tables, table => table.CanRestore)
            && Array.TrueForAll(globals, global => global.CanRestore)
            && Array.TrueForAll(segments, segment => segment.CanRestore)
            && store.Memories.All(MemoryImage.CanHold);
        memories = canReset ? [.. store.Memories.Select(memory => new MemoryState(memory, images))] : [];
    }

    public Store Store { get; }

    public Instance Instance { get; }

    /// <summary>Whether a reference may be remembered: objects of the guest's heap can change, so what holds one cannot be put back.</summary>
    public static bool CanRemember(object? reference) => reference is not (Interpret.GuestObject or Interpret.ExceptionObject);

    /// <summary>Puts everything back to what it was; false where that cannot be.</summary>
    public bool TryReset()
    {
        if (!canReset || parts != Store.PartCount)
        {
            return false;
        }

        foreach (var memory in memories)
        {
            if (!memory.TryRestore())
            {
                return false;
            }
        }

        foreach (var table in tables)
        {
            table.Restore();
        }

        foreach (var global in globals)
        {
            global.Restore();
        }

        foreach (var segment in segments)
        {
            segment.Restore();
        }

        Store.Renew();
        return true;
    }

    public void Dispose() => Store.Dispose();
}
