namespace Sojourn.Content.Import;

/// <summary>Works on items on several cores and gives the results back in order, with a bounded number in flight. Driven by one caller.</summary>
/// <typeparam name="TIn">What is worked on.</typeparam>
/// <typeparam name="TOut">What comes of it.</typeparam>
internal sealed class OrderedPipeline<TIn, TOut>(Func<TIn, ValueTask<TOut>> work, int degree)
{
    private readonly Queue<Task<TOut>> _inFlight = new();
    private readonly int _inFlightMax = 4 * (degree > 0 ? degree : Environment.ProcessorCount);

    /// <summary>Starts work on an item; first completes the oldest where too many are in flight.</summary>
    public async ValueTask AddAsync(TIn item, Func<TOut, ValueTask> complete)
    {
        while (_inFlight.Count >= _inFlightMax || (_inFlight.Count > 0 && _inFlight.Peek().IsCompletedSuccessfully))
        {
            await complete(await _inFlight.Dequeue().ConfigureAwait(false)).ConfigureAwait(false);
        }

        _inFlight.Enqueue(Task.Run(() => work(item).AsTask()));
    }

    /// <summary>Completes everything that is in flight. After a failure it only waits, and throws the first one again.</summary>
    public async ValueTask FinishAsync(Func<TOut, ValueTask> complete)
    {
        Exception? first = null;
        while (_inFlight.Count > 0)
        {
            var task = _inFlight.Dequeue();
            try
            {
                var result = await task.ConfigureAwait(false);
                if (first is null)
                {
                    await complete(result).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (first is null)
            {
                first = failure;
            }
            catch (Exception) when (first is not null)
            {
                // The first failure is the one that is told; the others are its echoes.
            }
        }

        if (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }
}
