using Sojourn.Content.Ipfs.Store.FileSystem;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Keeps garbage collection and writers apart, also between processes. The operating system drops the locks of a process that dies.</summary>
internal sealed class StoreLock(IStoreFileSystem files, StoreLayout layout)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until no collection runs, then keeps new ones out until disposed. Many may hold it.</summary>
    public async ValueTask<IDisposable> SharedAsync(CancellationToken cancellation)
    {
        using (await WaitAsync(layout.GateLock, exclusive: false, cancellation).ConfigureAwait(false))
        {
            return await WaitAsync(layout.MainLock, exclusive: false, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until no writer is left while holding back new ones, then keeps all out until disposed.</summary>
    public async ValueTask<IDisposable> ExclusiveAsync(CancellationToken cancellation)
    {
        using (await WaitAsync(layout.GateLock, exclusive: true, cancellation).ConfigureAwait(false))
        {
            return await WaitAsync(layout.MainLock, exclusive: true, cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask<IDisposable> WaitAsync(string path, bool exclusive, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                if (files.TryLock(path, exclusive) is { } held)
                {
                    return held;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw StoreException.From(e, path);
            }

            await Task.Delay(Poll, cancellation).ConfigureAwait(false);
        }
    }
}
