namespace Sojourn.Wasm.Run;

/// <summary>A reserved stretch of address space: an instance's context below the base, a memory above it, or one of the two.</summary>
internal sealed unsafe class ContextRegion
{
    /// <summary>What a 32-bit address and a 32-bit static offset can reach, with the widest access and a page to spare.</summary>
    public const long GuardReach = (8L << 30) + 65536;

    private readonly long size;
    private readonly GuardArena? arena;
    private nint start;

    private ContextRegion(nint start, long size, GuardArena? arena)
    {
        this.start = start;
        this.size = size;
        this.arena = arena;
        Base = start + ContextLayout.ContextBytes;
    }

    /// <summary>The base: context below, memory above.</summary>
    public nint Base { get; }

    /// <summary>Bytes of memory that can be committed above the base.</summary>
    public long Capacity => arena is null ? size - ContextLayout.ContextBytes : 4L << 30;

    /// <summary>Whether accesses beyond the end fault within the arena.</summary>
    public bool IsGuarded => arena is not null;

    /// <summary>Reserves a region.</summary>
    /// <param name="contextBytes">Bytes to commit below the base; at least two pages.</param>
    /// <param name="memoryBytesMax">The most that the memory can grow to, or null where there is none.</param>
    /// <param name="guarded">Whether compiled code relies on faults.</param>
    public static ContextRegion Create(int contextBytes, long? memoryBytesMax, bool guarded)
    {
        ContextRegion? region = null;
        if (guarded)
        {
            var arena = GuardArena.For(memoryBytesMax is not null)!;
            var slot = arena.Take();
            region = slot == 0 ? null : new(slot, arena.SlotBytes, arena);
        }
        else
        {
            var size = ContextLayout.ContextBytes + (((memoryBytesMax ?? 0) + 65535) & ~65535L);
            var at = VirtualMemory.Reserve(size);
            region = at == 0 ? null : new(at, size, arena: null);
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

    /// <summary>Lets the next look at the poll page end the guest, or not: by a fault where the arena catches it, else by a value.</summary>
    public void SetPoll(bool stop)
    {
        var page = Base + ContextLayout.PollPage;
        if (arena is null)
        {
            Volatile.Write(ref *(byte*)page, stop ? (byte)1 : (byte)0);
        }
        else if (stop)
        {
            VirtualMemory.Forbid(page, VirtualMemory.PageSize);
        }
        else
        {
            VirtualMemory.Commit(page, VirtualMemory.PageSize);
        }
    }

    /// <summary>Whether an address is on the poll page.</summary>
    public bool IsPoll(nint address) => address >= Base + ContextLayout.PollPage && address < Base + ContextLayout.PollPage + VirtualMemory.PageSize;

    public void Release()
    {
        if (start == 0)
        {
            return;
        }

        if (arena is not null)
        {
            arena.Give(start);
        }
        else
        {
            VirtualMemory.Release(start, size);
        }

        start = 0;
    }
}
