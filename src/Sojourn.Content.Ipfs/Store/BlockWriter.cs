using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Sojourn.Content.Ipfs.Store.FileSystem;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>A group of writes: several files are written at once, and their folders are synced together. Nothing counts as stored before <see cref="FlushAsync"/> returned.</summary>
/// <remarks>
/// While a writer lives, garbage collection waits, so that neither new blocks nor those found already there can vanish before they are
/// pinned. Memory is bounded: at most <c>2 × writers</c> blocks wait. Several threads may put; one flushes, when no put runs.
/// </remarks>
public sealed class BlockWriter : IBlockSink, IAsyncDisposable
{
    private readonly FileBlockStore store;
    private readonly IDisposable held;
    private readonly int writers;
    private readonly bool trustCaller;
    private readonly SemaphoreSlim slots;
    private readonly BlockingCollection<Waiting> queue = [];
    private readonly ConcurrentDictionary<string, bool> touched = new(StringComparer.Ordinal);
    private readonly List<Thread> threads = [];
    private Exception? failure;
    private bool disposed;

    internal BlockWriter(FileBlockStore store, IDisposable held, int writers, bool trustCaller)
    {
        this.store = store;
        this.held = held;
        this.writers = writers;
        this.trustCaller = trustCaller;
        slots = new SemaphoreSlim(2 * writers);
    }

    /// <summary>Hands in a block. A failure of an earlier one may be thrown here.</summary>
    /// <param name="block">The block; its bytes are copied, since the caller may use them again at once.</param>
    /// <param name="cancellationToken">Gives up waiting for a free place.</param>
    /// <exception cref="StoreException">The disk failed.</exception>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        await TakeSlotAsync(cancellationToken).ConfigureAwait(false);
        var (copy, release) = Copy(block.Data);
        queue.Add(new Waiting(new Block(block.Cid, copy), release), CancellationToken.None);
    }

    /// <summary>Hands in a block without a copy; see <see cref="IBlockSink.LendAsync"/>. A failure of an earlier one may be thrown here.</summary>
    /// <param name="block">The block.</param>
    /// <param name="release">Called when its bytes were written or given up.</param>
    /// <param name="cancellationToken">Gives up waiting for a free place.</param>
    /// <exception cref="StoreException">The disk failed.</exception>
    public async ValueTask LendAsync(Block block, Action release, CancellationToken cancellationToken = default)
    {
        try
        {
            await TakeSlotAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            release();
            throw;
        }

        queue.Add(new Waiting(block, release), CancellationToken.None);
    }

    /// <summary>Returns once every block handed in so far survives a power cut.</summary>
    /// <param name="cancellationToken">Gives up waiting; the blocks may or may not be stored then.</param>
    /// <exception cref="StoreException">The disk failed: of the blocks since the last flush, some may not be stored.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var taken = 0;
        try
        {
            // All slots free means nothing is queued or being written.
            for (; taken < 2 * writers; taken++)
            {
                await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            ThrowFailure();
            var folders = touched.Keys.ToArray();
            if (folders.Length > 0)
            {
                await Task.Run(() => store.Sync(folders, writers), cancellationToken).ConfigureAwait(false);
                foreach (var folder in folders)
                {
                    touched.TryRemove(folder, out _);
                }
            }
        }
        finally
        {
            if (taken > 0)
            {
                slots.Release(taken);
            }
        }
    }

    /// <summary>Flushes, then pins: from here on garbage collection keeps the DAG.</summary>
    /// <param name="cid">Its root.</param>
    /// <param name="name">The pin's name, or null.</param>
    /// <param name="now">The time to note in the pin.</param>
    /// <param name="cancellationToken">Gives up before pinning.</param>
    public async ValueTask<Pin> PinAsync(Cid cid, string? name, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return store.Pins.AddWhileLocked(cid, name, now);
    }

    /// <summary>Ends the group without waiting for durability: what was not flushed may or may not be stored.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        queue.CompleteAdding();
        await Task.Run(() => threads.ForEach(thread => thread.Join())).ConfigureAwait(false);
        queue.Dispose();
        slots.Dispose();
        held.Dispose();
    }

    private static (ReadOnlyMemory<byte> Copy, Action Release) Copy(ReadOnlyMemory<byte> data)
    {
        if (data.Length >= DirectFile.BytesMin)
        {
            var pages = PageBuffers.Rent(data.Length);
            data.CopyTo(pages);
            return (pages[..data.Length], () => PageBuffers.Return(pages));
        }

        var copy = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(copy);
        return (copy.AsMemory(0, data.Length), () => ArrayPool<byte>.Shared.Return(copy));
    }

    private async ValueTask TakeSlotAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (Volatile.Read(ref failure) is not null)
        {
            slots.Release();
            ThrowFailure();
        }

        StartThread();
    }

    private void StartThread()
    {
        lock (threads)
        {
            if (threads.Count < writers)
            {
                var thread = new Thread(Work) { IsBackground = true, Name = "block writer" };
                threads.Add(thread);
                thread.Start();
            }
        }
    }

    private void Work()
    {
        foreach (var waiting in queue.GetConsumingEnumerable())
        {
            try
            {
                if (Volatile.Read(ref failure) is null && store.Write(waiting.Block, verify: !trustCaller) is { } folder)
                {
                    touched.TryAdd(folder, true);
                }
            }
#pragma warning disable CA1031 // Handed to the caller by the next put or flush.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
            finally
            {
                waiting.Done();
                slots.Release();
            }
        }
    }

    private void ThrowFailure()
    {
        if (Volatile.Read(ref failure) is { } e)
        {
            ExceptionDispatchInfo.Throw(e);
        }
    }

    private readonly record struct Waiting(Block Block, Action Done);
}
