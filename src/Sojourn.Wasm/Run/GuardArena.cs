namespace Sojourn.Wasm.Run;

/// <summary>Slots of 16 GiB, aligned to their size: 16 MiB for context, then the memory, then guard up to the next slot.</summary>
internal static class GuardArena
{
    /// <summary>One slot.</summary>
    public const long SlotBytes = 16L << 30;

    private const int SlotsMax = 4096;
    private static readonly Lock Gate = new();
    private static readonly Stack<nint> Returned = new();
    private static nint start;
    private static int slots;
    private static int taken;
    private static bool tried;

    /// <summary>First address of the arena, aligned to a slot; zero where there is none.</summary>
    public static nint Start => start;

    /// <summary>Number of slots.</summary>
    public static int Slots => slots;

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

    /// <summary>A slot without access rights, or zero.</summary>
    public static nint Take()
    {
        lock (Gate)
        {
            if (!TryStart())
            {
                return 0;
            }

            if (Returned.TryPop(out var slot))
            {
                return slot;
            }

            return taken == slots ? 0 : (nint)(start + (taken++ * SlotBytes));
        }
    }

    /// <summary>Gives a slot back; what it held is dropped.</summary>
    public static void Give(nint slot)
    {
        VirtualMemory.Decommit(slot, SlotBytes);
        lock (Gate)
        {
            Returned.Push(slot);
        }
    }

    private static bool TryStart()
    {
        if (tried)
        {
            return start != 0;
        }

        tried = true;
        if (!SignalStub.IsSupported)
        {
            return false;
        }

        // As much as the process may reserve, halving until it fits.
        for (var count = SlotsMax; count >= 16; count /= 2)
        {
            var bytes = (count + 1) * SlotBytes;
            var at = VirtualMemory.Reserve(bytes);
            if (at == 0)
            {
                continue;
            }

            var aligned = (nint)((at + SlotBytes - 1) & -SlotBytes);
            if (!SignalStub.Install(aligned, count * SlotBytes))
            {
                VirtualMemory.Release(at, bytes);
                return false;
            }

            slots = count;
            start = aligned;
            return true;
        }

        return false;
    }
}
