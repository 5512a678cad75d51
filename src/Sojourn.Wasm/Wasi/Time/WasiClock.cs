namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to tell the time and to wait. Without one a guest gets <c>ENOTCAPABLE</c>.</summary>
public abstract class WasiClock
{
    /// <summary>The machine's clocks, counted from the moment the property is read where they have no epoch.</summary>
    public static WasiClock System => new TimeProviderClock(TimeProvider.System);

    /// <summary>Clocks of a <see cref="TimeProvider"/>.</summary>
    /// <param name="provider">Gives wall time and timestamps.</param>
    /// <returns>A clock whose monotonic time starts at zero now.</returns>
    public static WasiClock FromTimeProvider(TimeProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return new TimeProviderClock(provider);
    }

    /// <summary>Nanoseconds since the Unix epoch.</summary>
    /// <returns>The wall time that the guest is given.</returns>
    protected internal abstract ulong ReadRealtime();

    /// <summary>Nanoseconds since an instant of the clock's own that never changes.</summary>
    /// <returns>The monotonic time that the guest is given.</returns>
    protected internal abstract ulong ReadMonotonic();

    /// <summary>Nanoseconds of processor time; by default the monotonic time.</summary>
    /// <returns>The processor time that the guest is given.</returns>
    protected internal virtual ulong ReadCpuTime() => ReadMonotonic();

    /// <summary>The time put on files, nanoseconds since the Unix epoch. Looking at it does not move a virtual clock.</summary>
    /// <returns>The wall time.</returns>
    protected internal virtual ulong PeekRealtime() => ReadRealtime();

    /// <summary>The monotonic time, looked at by the host. Looking at it does not move a virtual clock.</summary>
    /// <returns>Nanoseconds.</returns>
    protected internal virtual ulong PeekMonotonic() => ReadMonotonic();

    /// <summary>The smallest step of the clocks in nanoseconds.</summary>
    protected internal abstract ulong ResolutionNanoseconds { get; }

    /// <summary>Lets time pass.</summary>
    /// <param name="nanoseconds">How much.</param>
    /// <param name="cancellation">Ends the wait early.</param>
    protected internal abstract void Wait(ulong nanoseconds, CancellationToken cancellation);
}
