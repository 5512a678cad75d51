namespace Sojourn.Wasm.Run;

/// <summary>Does the same work for every function of a module on several threads where that pays. What fails is what would fail first alone.</summary>
internal static class FunctionWork
{
    /// <summary>Below so many bytes of code one thread does everything.</summary>
    private const int AloneBytes = 64 << 10;

    private const int Chunk = 16;

    /// <summary>Runs the work for each of the functions.</summary>
    /// <param name="first">The first function.</param>
    /// <param name="end">The function after the last.</param>
    /// <param name="codeBytes">Bytes of code of all of them.</param>
    /// <param name="worker">Makes what a thread needs, and does the work of one function.</param>
    public static void Run(int first, int end, int codeBytes, Func<Action<int>> worker)
    {
        var threads = Math.Min(Environment.ProcessorCount, 8);
        if (threads < 2 || codeBytes < AloneBytes || end - first < 2 * Chunk)
        {
            var work = worker();
            for (var i = first; i < end; i++)
            {
                work(i);
            }

            return;
        }

        new Shared(first, end, worker).Run(threads);
    }

    private sealed class Shared(int first, int end, Func<Action<int>> worker)
    {
        private readonly Lock gate = new();
        private int next = first;
        private int failedAt = int.MaxValue;
        private Exception? failure;

        public void Run(int threads)
        {
            var others = new Task[threads - 1];
            for (var i = 0; i < others.Length; i++)
            {
                others[i] = Task.Run(Work);
            }

            Work();
            Task.WaitAll(others);
            if (failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }

        // Chunks are handed out in order: when one fails, everything before it is done or being done.
        private void Work()
        {
            Action<int>? work = null;
            while (true)
            {
                var from = Interlocked.Add(ref next, Chunk) - Chunk;
                if (from >= end || from > Volatile.Read(ref failedAt))
                {
                    return;
                }

                for (var i = from; i < Math.Min(end, from + Chunk); i++)
                {
                    try
                    {
                        work ??= worker();
                        work(i);
                    }
                    catch (Exception fault)
                    {
                        Fail(i, fault);
                        return;
                    }
                }
            }
        }

        private void Fail(int index, Exception fault)
        {
            lock (gate)
            {
                if (index < failedAt)
                {
                    failedAt = index;
                    failure = fault;
                }
            }
        }
    }
}
