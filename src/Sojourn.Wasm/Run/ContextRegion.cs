namespace Sojourn.Wasm.Run;

/// <summary>A reserved stretch of address space: an instance's context below the base, a memory above it, or one of the two.</summary>
internal sealed unsafe class ContextRegion
{
    /// <summary>What a 32-bit address and a 32-bit static offset can reach, with the widest access and a page to spare.</summary>
    public const long GuardReach = (8L << 30) + 65536;

    private readonly long size;
    private readonly bool fromArena;
    private nint start;

    private ContextRegion(nint start, long size, bool fromArena)
    {
        this.start = start;
        this.size = size;
        this.fromArena = fromArena;
        Base = start + ContextLayout.ContextBytes;
    }

    /// <summary>The base: context below, memory above.</summary>
    public nint Base { get; }

    /// <summary>Bytes of memory that can be committed above the base.</summary>
    public long Capacity => size - ContextLayout.ContextBytes;

    /// <summary>Whether accesses beyond the end fault within the arena.</summary>
    public bool IsGuarded => fromArena;

    /// <summary>Reserves a region.</summary>
    /// <param name="contextBytes">Bytes to commit below the base; at least two pages.</param>
    /// <param name="memoryBytesMax">The most that the memory can grow to.</param>
    /// <param name="guarded">Whether compiled code relies on faults.</param>
    public static ContextRegion Create(int contextBytes, long memoryBytesMax, bool guarded)
    {
        ContextRegion? region = null;
        if (guarded)
        {
            var slot = GuardArena.Take();
            region = slot == 0 ? null : new(slot, GuardArena.SlotBytes, fromArena: true);
        }
        else
        {
            var size = ContextLayout.ContextBytes + ((memoryBytesMax + 65535) & ~65535L);
            var at = VirtualMemory.Reserve(size);
            region = at == 0 ? null : new(at, size, fromArena: false);
        }

        if (region is null)
        {
            throw new TrapException(TrapKind.ResourceExhausted, "no address space is left for another memory");
        }

        if (!VirtualMemory.Commit(region.Base - contextBytes, contextBytes))
        {
            region.Release();
            throw new TrapException(TrapKind.ResourceExhausted, "no memory is left for another instance");
        }

        return region;
    }

    public void SetPoll(byte value) => Volatile.Write(ref *(byte*)(Base + ContextLayout.PollPage), value);

    public void Release()
    {
        if (start == 0)
        {
            return;
        }

        if (fromArena)
        {
            GuardArena.Give(start);
        }
        else
        {
            VirtualMemory.Release(start, size);
        }

        start = 0;
    }
}
