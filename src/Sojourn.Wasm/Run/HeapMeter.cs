namespace Sojourn.Wasm.Run;

/// <summary>Bounds what the guests of a store keep alive on their heap, which is the platform's: nothing else stops a guest from using up the process's memory.</summary>
/// <remarks>
/// What is alive is estimated from samples: about every <see cref="SampleBytes"/> the object that is just made stands for all made since the last one.
/// Which one that is follows from randomness of the host's, so that a guest cannot keep everything but the samples. Only when the estimate reaches
/// the limit are samples looked through, and only when that does not help is the platform asked to collect.
/// </remarks>
internal sealed class HeapMeter(long bytesMax)
{
    private const int SampleBytes = 64 << 10;
    private readonly List<(WeakReference Made, long Bytes)> samples = [];
    private long alive;
    private long pending;
    private long nextSample = Random.Shared.Next(1, 2 * SampleBytes);

    /// <summary>Bytes that are thought to be alive, not less than what was made since they were last looked at.</summary>
    public long Bytes => alive + pending;

    /// <summary>Takes room for an object that is about to be made.</summary>
    /// <param name="bytes">What it takes.</param>
    /// <exception cref="TrapException">There is no room.</exception>
    public void Take(long bytes)
    {
        if (alive + pending + bytes > bytesMax)
        {
            MakeRoom(bytes);
        }

        pending += bytes;
    }

    /// <summary>Notes the object for which room was taken.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="made">The object.</param>
    /// <returns>The object.</returns>
    public T Made<T>(T made)
        where T : class
    {
        if (pending >= nextSample)
        {
            samples.Add((new WeakReference(made), pending));
            alive += pending;
            pending = 0;
            nextSample = Random.Shared.Next(1, 2 * SampleBytes);
        }

        return made;
    }

    private void MakeRoom(long bytes)
    {
        Count();
        if (alive + pending + bytes <= bytesMax - (bytesMax / 8))
        {
            return;
        }

        GC.Collect();
        Count();

        // A little short of the limit already counts as full: else every few objects would ask for a collection.
        if (alive + pending + bytes > bytesMax - (bytesMax / 16))
        {
            throw new TrapException(TrapKind.ResourceExhausted, $"the guest's heap exceeds the store's limit of {bytesMax} bytes");
        }
    }

    private void Count()
    {
        samples.RemoveAll(static sample => !sample.Made.IsAlive);
        alive = samples.Sum(static sample => sample.Bytes);
    }
}
