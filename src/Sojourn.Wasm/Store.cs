using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>What a group of linked instances shares: fuel, limits, the life time of their memories. Used by one thread at a time; <see cref="Interrupt"/> by any.</summary>
public sealed unsafe class Store : IDisposable
{
    private const int SlabBytes = 64 << 10;
    private readonly List<nint> slabs = [];
    private readonly List<Instance> instances = [];
    private readonly List<HostFunction> hostFunctions = [];
    private readonly List<ContextRegion> regions = [];
    private readonly List<nint> tableBuffers = [];
    private readonly List<Memory> memories = [];
    private readonly List<Table> tables = [];
    private readonly List<Global> globals = [];
    private readonly Lock gate = new();
    private nint slabNext;
    private nint slabEnd;
    private long memoryBytes;
    private long tableElements;
    private int entries;
    private int enteredThread;
    private nint stackLimit;
    private volatile bool interrupted;
    private int use;
    private bool disposed;
    private ExecutionTier? tier;

    /// <summary>Makes an empty store.</summary>
    /// <param name="options">Bounds; null for the defaults.</param>
    public Store(StoreOptions? options = null)
    {
        Options = options ?? StoreOptions.Default;
        Block = (StoreBlock*)NativeMemory.AllocZeroed(StoreBlock.ResultsOffset + (16 * StoreBlock.ResultsMax));
        Block->Fuel = Options.Fuel;
        ResultReferences = new object?[StoreBlock.ResultsMax];
        Heap = new(Options.HeapBytesMax);
    }

    /// <summary>Frees what was not disposed.</summary>
    ~Store() => Free();

    /// <summary>The bounds.</summary>
    public StoreOptions Options { get; }

    /// <summary>Fuel that is left; may be set between calls.</summary>
    public long Fuel
    {
        get => Block->Fuel;
        set => Block->Fuel = value;
    }

    /// <summary>Bytes of linear memory in use.</summary>
    public long MemoryBytes => memoryBytes;

    internal StoreBlock* Block { get; private set; }

    /// <summary>Counted stack that is left.</summary>
    internal long Depth
    {
        get => Block->Depth;
        set => Block->Depth = value;
    }

    internal object?[] ResultReferences { get; }

    /// <summary>Operands and results of instructions that compiled code does not perform itself.</summary>
    internal Stack<Interpret.Slot> Stage { get; } = new();

    /// <summary>Bounds the guests' heap.</summary>
    internal HeapMeter Heap { get; }

    internal TypeRegistry Types { get; } = new();

    internal bool IsInterrupted => interrupted;

    internal IReadOnlyList<ContextRegion> Regions => regions;

    internal IReadOnlyList<Memory> Memories => memories;

    internal IReadOnlyList<Table> Tables => tables;

    internal IReadOnlyList<Global> Globals => globals;

    internal IReadOnlyList<Instance> Instances => instances;

    /// <summary>Everything that was ever made in the store.</summary>
    internal int PartCount => memories.Count + tables.Count + globals.Count + instances.Count + hostFunctions.Count;

    /// <summary>Ends what runs with <see cref="TrapKind.Interrupted"/> as soon as it comes to a loop's back edge or a function's entry. May be called by any thread.</summary>
    public void Interrupt()
    {
        lock (gate)
        {
            interrupted = true;
            foreach (var region in regions)
            {
                region.SetPoll(true);

                // Function entries look at the stack's limit only: none is left.
                *(nint*)(region.Base + ContextLayout.StackLimit) = nint.MaxValue;
            }
        }
    }

    /// <summary>Lets the store run again after <see cref="Interrupt"/>.</summary>
    public void ClearInterrupt()
    {
        lock (gate)
        {
            interrupted = false;
            foreach (var region in regions)
            {
                region.SetPoll(false);
                *(nint*)(region.Base + ContextLayout.StackLimit) = stackLimit;
            }
        }
    }

    /// <summary>Interrupts the store when the token is cancelled.</summary>
    /// <param name="cancellation">The token.</param>
    /// <returns>Dispose it to stop watching.</returns>
    public CancellationTokenRegistration InterruptOn(CancellationToken cancellation) =>
        cancellation.UnsafeRegister(static watch => ((Watch)watch!).Interrupt(), new Watch(this, use));

    /// <summary>Frees memories, tables and contexts. Nothing of this store may be used afterwards.</summary>
    public void Dispose()
    {
        if (entries != 0)
        {
            throw new InvalidOperationException("A store cannot be disposed while its code runs.");
        }

        Free();
        GC.SuppressFinalize(this);
    }

    internal void Register(Memory memory) => memories.Add(memory);

    internal void Register(Table table) => tables.Add(table);

    internal void Register(Global global) => globals.Add(global);

    /// <summary>Makes the store as good as new once its memories, tables and globals are: a pool does, between two uses.</summary>
    internal void Renew()
    {
        lock (gate)
        {
            // What still watches a token of the last use no longer concerns this store.
            use++;
            if (interrupted)
            {
                ClearInterrupt();
            }
        }

        foreach (var region in regions)
        {
            *(nint*)(region.Base + ContextLayout.FaultAddress) = 0;
        }

        Block->Fuel = Options.Fuel;
        NativeMemory.Clear((byte*)Block + StoreBlock.ResultsOffset, 16 * StoreBlock.ResultsMax);
        Array.Clear(ResultReferences);
        Stage.Clear();
    }

    internal void CheckIdle()
    {
        if (entries != 0)
        {
            throw new InvalidOperationException("The instance cannot be given back while its code runs.");
        }
    }

    /// <summary>A store has one tier: compiled code has no way into the interpreter.</summary>
    internal void Join(ExecutionTier joining)
    {
        tier ??= joining;
        if (tier != joining)
        {
            throw new LinkException($"the store runs {Named(tier.Value)} code and the module was loaded for {Named(joining)} code: all modules of a store have one ModuleOptions.Tier");
        }

        static string Named(ExecutionTier tier) => tier == ExecutionTier.Compiled ? "compiled" : "interpreted";
    }

    internal void CheckUsable() => ObjectDisposedException.ThrowIf(disposed, this);

    internal bool TryTakeMemory(long bytes)
    {
        if (bytes > Options.MemoryBytesMax - memoryBytes)
        {
            return false;
        }

        memoryBytes += bytes;
        return true;
    }

    internal bool TryTakeElements(long count)
    {
        if (count > Options.TableElementsMax - tableElements)
        {
            return false;
        }

        tableElements += count;
        return true;
    }

    internal void Add(ContextRegion region)
    {
        lock (gate)
        {
            regions.Add(region);
            if (interrupted)
            {
                region.SetPoll(true);
            }

            ContextLayout.Initialize(region.Base);
            *(nint*)(region.Base + ContextLayout.StoreBlock) = (nint)Block;
            *(nint*)(region.Base + ContextLayout.StackLimit) = interrupted ? nint.MaxValue : stackLimit;
        }
    }

    internal int Add(Instance instance)
    {
        if (instances.Count >= Options.InstancesMax)
        {
            throw new TrapException(TrapKind.ResourceExhausted, $"more than {Options.InstancesMax} instances in one store");
        }

        instances.Add(instance);
        return instances.Count - 1;
    }

    internal int Add(HostFunction function)
    {
        hostFunctions.Add(function);
        return hostFunctions.Count - 1;
    }

    /// <summary>Zeroed native memory that lives as long as the store.</summary>
    internal nint Allocate(int bytes)
    {
        bytes = (bytes + 15) & ~15;
        if (bytes > slabEnd - slabNext)
        {
            var size = Math.Max(SlabBytes, bytes);
            slabNext = (nint)NativeMemory.AllocZeroed((nuint)size);
            slabEnd = slabNext + size;
            slabs.Add(slabNext);
        }

        var at = slabNext;
        slabNext += bytes;
        return at;
    }

    internal nint Resize(nint buffer, long oldBytes, long newBytes)
    {
        var grown = (nint)NativeMemory.AllocZeroed((nuint)newBytes);
        if (buffer != 0)
        {
            Buffer.MemoryCopy((void*)buffer, (void*)grown, newBytes, oldBytes);
            tableBuffers.Remove(buffer);
            NativeMemory.Free((void*)buffer);
        }

        tableBuffers.Add(grown);
        return grown;
    }

    internal Function? FunctionOf(nint record)
    {
        if (record == 0)
        {
            return null;
        }

        var at = (FunctionRecord*)record;
        return at->Instance < 0 ? hostFunctions[at->Index] : instances[at->Instance].FunctionAt(at->Index);
    }

    /// <summary>Called before the guest runs: one thread at a time, and a stack limit that fits the thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter()
    {
        byte marker;
        if (entries++ == 0)
        {
            Block->Depth = Options.StackBytesMax;
            if (Stage.Count != 0)
            {
                // Left by an instruction that trapped.
                Stage.Clear();
            }

            var here = (nint)(&marker);
            var thread = Environment.CurrentManagedThreadId;
            var room = here - stackLimit;
            if (thread != enteredThread || room > Room || room < Room - (64 << 10))
            {
                SetStackLimit(here, thread);
            }
        }
        else if (enteredThread != Environment.CurrentManagedThreadId)
        {
            entries--;
            throw new InvalidOperationException("A store is used by one thread at a time.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Exit() => entries--;

    /// <summary>Native stack that the guest may use. Frames of machine code may take more than is counted for them; with room to spare metered code meets the counted limit first.</summary>
    private long Room => 2L * Options.StackBytesMax;

    private void SetStackLimit(nint here, int thread)
    {
        CheckUsable();
        enteredThread = thread;
        stackLimit = Math.Max((nint)(here - Room), ThreadStack.LowestUsable());
        lock (gate)
        {
            foreach (var region in regions)
            {
                *(nint*)(region.Base + ContextLayout.StackLimit) = interrupted ? nint.MaxValue : stackLimit;
            }
        }
    }

    private void InterruptUse(int watched)
    {
        lock (gate)
        {
            if (watched == use && !disposed)
            {
                Interrupt();
            }
        }
    }

    private sealed class Watch(Store store, int use)
    {
        public void Interrupt() => store.InterruptUse(use);
    }

    private void Free()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        foreach (var region in regions)
        {
            region.Release();
        }

        regions.Clear();
        foreach (var slab in slabs.Concat(tableBuffers))
        {
            NativeMemory.Free((void*)slab);
        }

        foreach (var host in hostFunctions)
        {
            host.FreeHandle();
        }

        foreach (var instance in instances)
        {
            instance.FreeHandle();
        }

        slabs.Clear();
        tableBuffers.Clear();
        NativeMemory.Free(Block);
        Block = null;
    }
}
