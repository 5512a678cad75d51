namespace Sojourn.Wasm.Run;

/// <summary>Tells a guest's fault from a host's bug, and names it.</summary>
internal static unsafe class Traps
{
    /// <summary>Whether an exception of the runtime may be a guest's fault.</summary>
    public static bool IsRaw(Exception fault) => fault is NullReferenceException;

    /// <summary>The trap that a raw exception stands for; the exception itself where the guest did not cause it.</summary>
    public static Exception Translate(Store store, Exception fault)
    {
        foreach (var region in store.Regions)
        {
            var cell = (nint*)(region.Base + ContextLayout.FaultAddress);
            if (*cell != 0)
            {
                var kind = region.IsPoll(*cell) ? TrapKind.Interrupted : TrapKind.MemoryOutOfBounds;
                *cell = 0;
                return new TrapException(kind, TrapException.Describe(kind), fault);
            }
        }

        return fault;
    }
}
