namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>Up to which block everything is kept for good: on this disk and, with several sequencers, on a majority's. Nothing beyond it is shown to anybody.</summary>
internal sealed class SettledMark(ulong number)
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _number = number;
    private Exception? _failure;

    public ulong Number => Volatile.Read(ref _number);

    public void Advance(ulong number)
    {
        // Several threads settle: it must never go back.
        for (var known = Number; number > known;)
        {
            var found = Interlocked.CompareExchange(ref _number, number, known);
            if (found == known)
            {
                Pulse();
                return;
            }

            known = found;
        }
    }

    public void Fail(Exception failure)
    {
        Volatile.Write(ref _failure, failure);
        Pulse();
    }

    public async ValueTask WaitAsync(ulong number, CancellationToken cancellation)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next).Task;
            if (Volatile.Read(ref _failure) is { } failure)
            {
                throw new LedgerStoppedException(failure);
            }

            if (Number >= number)
            {
                return;
            }

            await next.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void Pulse() => Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
