namespace Sojourn.Wasm.Wasi;

/// <summary>A clock that depends on nothing but what the guest did: the deterministic profile's.</summary>
/// <remarks>The rule, version 1: time stands still except that every reading by the guest moves it on by
/// <see cref="StepNanoseconds"/> <em>after</em> the value is taken, and every wait moves it to the moment waited for. Time put on files
/// does not move it. All clocks share it; those without an epoch start at zero.</remarks>
public sealed class VirtualClock : WasiClock
{
    /// <summary>The default start: 2000-01-01T00:00:00Z.</summary>
    public static readonly DateTimeOffset DefaultStart = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The default step: one microsecond.</summary>
    public const ulong DefaultStepNanoseconds = 1_000;

    private readonly ulong _epoch;
    private readonly Lock _gate = new();
    private ulong _elapsed;

    /// <summary>Makes a clock.</summary>
    /// <param name="start">Wall time at the start, default <see cref="DefaultStart"/>; not before 1970.</param>
    /// <param name="stepNanoseconds">How much each reading moves it on.</param>
    public VirtualClock(DateTimeOffset? start = null, ulong stepNanoseconds = DefaultStepNanoseconds)
    {
        var ticks = ((start ?? DefaultStart) - DateTimeOffset.UnixEpoch).Ticks;
        ArgumentOutOfRangeException.ThrowIfNegative(ticks, nameof(start));
        _epoch = (ulong)ticks * 100;
        StepNanoseconds = stepNanoseconds;
    }

    /// <summary>How much each reading moves the clock on, in nanoseconds.</summary>
    /// <value>Default <see cref="DefaultStepNanoseconds"/>.</value>
    public ulong StepNanoseconds { get; }

    /// <inheritdoc/>
    protected internal override ulong ResolutionNanoseconds => Math.Max(1, StepNanoseconds);

    /// <inheritdoc/>
    protected internal override ulong ReadRealtime() => Add(_epoch, Advance());

    /// <inheritdoc/>
    protected internal override ulong ReadMonotonic() => Advance();

    /// <inheritdoc/>
    protected internal override ulong PeekRealtime()
    {
        lock (_gate)
        {
            return Add(_epoch, _elapsed);
        }
    }

    /// <inheritdoc/>
    protected internal override ulong PeekMonotonic()
    {
        lock (_gate)
        {
            return _elapsed;
        }
    }

    /// <inheritdoc/>
    protected internal override void Wait(ulong nanoseconds, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            _elapsed = Add(_elapsed, nanoseconds);
        }
    }

    private ulong Advance()
    {
        lock (_gate)
        {
            var now = _elapsed;
            _elapsed = Add(_elapsed, StepNanoseconds);
            return now;
        }
    }

    private static ulong Add(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue : left + right;
}
