namespace Sojourn.Wasm.Run;

/// <summary>Tells a guest's fault from a host's bug, and names it.</summary>
/// <remarks>
/// Exceptions of host functions go through a guest to whoever called it as they are. The platform's own that a guest can provoke do not: an access beyond a
/// memory's end, no managed memory left, no stack left for the platform, and a function that the platform's compiler gives up on.
/// </remarks>
internal static unsafe class Traps
{
    /// <summary>Whether an exception of the runtime may be a guest's fault.</summary>
    public static bool IsRaw(Exception fault) => RawTypes.Contains(fault.GetType());

    /// <summary>What the platform throws for guests.</summary>
    public static IReadOnlyList<Type> RawTypes { get; } =
        [typeof(NullReferenceException), typeof(OutOfMemoryException), typeof(InsufficientExecutionStackException), typeof(InvalidProgramException)];

    /// <summary>The trap that a raw exception stands for; the exception itself where the guest did not cause it.</summary>
    public static Exception Translate(Store store, Exception fault)
    {
        switch (fault)
        {
            case OutOfMemoryException:
                return new TrapException(TrapKind.ResourceExhausted, "no memory is left", fault);
            case InsufficientExecutionStackException:
                return new TrapException(TrapKind.StackExhausted, TrapException.Describe(TrapKind.StackExhausted), fault);
            case InvalidProgramException:
                return new TrapException(TrapKind.ResourceExhausted, "a function is more than the platform's compiler can bear", fault);
        }

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
