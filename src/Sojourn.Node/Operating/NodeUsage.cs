namespace Sojourn.Node.Operating;

/// <summary>What the node uses of the operator's machine, as far as limits look at it.</summary>
/// <param name="clock">The clock; days are UTC.</param>
public sealed class NodeUsage(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private DateOnly _day;
    private long _fetched;
    private long _disk;
    private long _free = long.MaxValue;

    /// <summary>Bytes fetched from others since midnight UTC.</summary>
    public long FetchedToday
    {
        get
        {
            lock (_lock)
            {
                Turn();
                return _fetched;
            }
        }
    }

    /// <summary>Bytes that the node's state takes on disk, as last measured.</summary>
    public long DiskBytes => Interlocked.Read(ref _disk);

    /// <summary>Bytes that are free on that disk, as last measured.</summary>
    public long DiskFree => Interlocked.Read(ref _free);

    /// <summary>Counts bytes that came from others.</summary>
    /// <param name="bytes">How many.</param>
    public void Fetched(long bytes)
    {
        lock (_lock)
        {
            Turn();
            _fetched += bytes;
        }
    }

    /// <summary>Takes a measurement of the disk.</summary>
    /// <param name="used">Bytes used by the node.</param>
    /// <param name="free">Bytes free.</param>
    public void Measured(long used, long free)
    {
        Interlocked.Exchange(ref _disk, used);
        Interlocked.Exchange(ref _free, free);
    }

    private void Turn()
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if (_day != today)
        {
            (_day, _fetched) = (today, 0);
        }
    }
}
