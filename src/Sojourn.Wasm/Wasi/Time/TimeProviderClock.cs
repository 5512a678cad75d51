namespace Sojourn.Wasm.Wasi;

/// <summary>Real time.</summary>
internal sealed class TimeProviderClock(TimeProvider provider) : WasiClock
{
    private const ulong NanosecondsPerTick = 1_000_000_000 / TimeSpan.TicksPerSecond;
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly long _start = provider.GetTimestamp();

    protected internal override ulong ResolutionNanoseconds => NanosecondsPerTick;

    protected internal override ulong ReadRealtime() =>
        (ulong)Math.Max(0, (provider.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks) * NanosecondsPerTick;

    protected internal override ulong ReadMonotonic()
    {
        var elapsed = (UInt128)(ulong)(provider.GetTimestamp() - _start);
        return (ulong)(elapsed * 1_000_000_000 / (ulong)provider.TimestampFrequency);
    }

    protected internal override void Wait(ulong nanoseconds, CancellationToken cancellation)
    {
        var deadline = ReadMonotonic() + (UInt128)nanoseconds;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var now = ReadMonotonic();
            if (now >= deadline)
            {
                return;
            }

            var left = (ulong)UInt128.Min(deadline - now, (ulong)LongestWait.Ticks * NanosecondsPerTick);
            cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(Math.Ceiling(left / 1e6)));
        }
    }
}
