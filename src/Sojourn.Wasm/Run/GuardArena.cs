namespace Sojourn.Wasm.Run;

/// <summary>Address space in which faults are the guest's: slots aligned to their size, each with 16 MiB for context first.</summary>
internal sealed class GuardArena
{
    /// <summary>Slots of memories: context, then the memory, then guard up to the next slot.</summary>
    public const long LargeSlotBytes = 16L << 30;

    /// <summary>Slots of instances without a memory of their own.</summary>
    public const long SmallSlotBytes = 32L << 20;

    /// <summary>Slots that are taken before anybody looks for stores that were dropped and not disposed of.</summary>
    private const int PatienceLeast = 256;

    private static readonly Lock Gate = new();
    private static GuardArena? large;
    private static GuardArena? small;
    private static bool tried;

    private readonly Stack<nint> returned = new();
    private readonly long slotBytes;
    private readonly int slots;
    private int taken;
    private int patience;

    private GuardArena(nint start, int slots, long slotBytes)
    {
        Start = start;
        this.slots = slots;
        this.slotBytes = slotBytes;
        patience = Math.Min(slots, PatienceLeast);
    }

    /// <summary>Whether this process can catch faults in guard pages.</summary>
    public static bool IsAvailable
    {
        get
        {
            lock (Gate)
            {
                return TryStart();
            }
        }
    }

    /// <summary>First address, aligned to a slot.</summary>
    public nint Start { get; }

    /// <summary>Bytes of all slots.</summary>
    public long Bytes => slots * slotBytes;

    /// <summary>Bytes of a slot.</summary>
    public long SlotBytes => slotBytes;

    /// <summary>The arena for memories or for instances without one; null where there is none.</summary>
    public static GuardArena? For(bool memory)
    {
        lock (Gate)
        {
            return TryStart() ? (memory ? large : small) : null;
        }
    }

    /// <summary>Slots that were ever taken at once.</summary>
    public int Taken
    {
        get
        {
            lock (Gate)
            {
                return taken;
            }
        }
    }

    /// <summary>A slot without access rights, or zero.</summary>
    /// <remarks>
    /// The garbage collector does not know what a dropped store costs. So it is asked whenever twice as many slots are taken as were still in use the last
    /// time; who disposes of stores never comes here.
    /// </remarks>
    public nint Take()
    {
        lock (Gate)
        {
            if (TryTake(patience) is var slot and not 0)
            {
                return slot;
            }
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        lock (Gate)
        {
            patience = Math.Min(slots, Math.Max(PatienceLeast, 2 * (taken - returned.Count)));
            return TryTake(slots);
        }
    }

    private nint TryTake(int most)
    {
        if (returned.TryPop(out var slot))
        {
            return slot;
        }

        return taken >= most ? 0 : (nint)(Start + (taken++ * slotBytes));
    }

    /// <summary>Gives a slot back; what it held is dropped.</summary>
    public void Give(nint slot)
    {
        VirtualMemory.Decommit(slot, slotBytes);
        lock (Gate)
        {
            returned.Push(slot);
        }
    }

    private static bool TryStart()
    {
        if (tried)
        {
            return large is not null;
        }

        tried = true;
        if (!SignalStub.IsSupported)
        {
            return false;
        }

        // As much as the process may reserve, halving until it fits.
        var memories = Reserve(4096, LargeSlotBytes);
        var instances = memories is null ? null : Reserve(16384, SmallSlotBytes);
        if (memories is null || instances is null || !SignalStub.Install(memories, instances))
        {
            return false;
        }

        large = memories;
        small = instances;
        return true;
    }

    private static GuardArena? Reserve(int most, long slotBytes)
    {
        for (var count = most; count >= 16; count /= 2)
        {
            var at = VirtualMemory.Reserve((count + 1) * slotBytes);
            if (at != 0)
            {
                return new((nint)((at + slotBytes - 1) & -slotBytes), count, slotBytes);
            }
        }

        return null;
    }
}
