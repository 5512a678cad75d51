using System.Collections.Concurrent;
using Sojourn.Content.Ipfs.Store.FileSystem;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Makes names durable: each shard's folder once per group of writes, and the folders above it once per process.</summary>
/// <remarks>
/// A shard made by another process may have been used before its name was synced, so this process syncs the folders above a shard
/// itself before it first reports a block there as stored. The same holds for a block file that another process has just renamed.
/// </remarks>
internal sealed class FolderSync(IStoreFileSystem files, StoreLayout layout)
{
    private readonly ConcurrentDictionary<string, bool> knownShards = new(StringComparer.Ordinal);
    private volatile bool rootKnown;

    /// <summary>Makes the shard's folder where it is missing.</summary>
    public void Ensure(string shardFolder)
    {
        if (!knownShards.ContainsKey(shardFolder))
        {
            files.CreateFolder(shardFolder);
        }
    }

    /// <summary>Returns once every name in these shards survives a power cut.</summary>
    public void Sync(IReadOnlyCollection<string> shardFolders, int parallelism)
    {
        if (shardFolders.Count < 4 || parallelism == 1)
        {
            foreach (var folder in shardFolders)
            {
                files.SyncFolder(folder);
            }
        }
        else
        {
            InParallel(shardFolders, Math.Min(parallelism, shardFolders.Count));
        }

        if (!rootKnown)
        {
            SyncRoot();
        }

        if (shardFolders.All(knownShards.ContainsKey))
        {
            return;
        }

        files.SyncFolder(layout.Blocks);
        foreach (var folder in shardFolders)
        {
            knownShards.TryAdd(folder, true);
        }
    }

    /// <summary>Makes the store's own folders durable.</summary>
    public void SyncRoot()
    {
        files.SyncFolder(layout.Blocks);
        files.SyncFolder(layout.Root);
        if (Path.GetDirectoryName(layout.Root) is { Length: > 0 } parent)
        {
            files.SyncFolder(parent);
        }

        rootKnown = true;
    }

    private void InParallel(IReadOnlyCollection<string> folders, int threads)
    {
        var queue = new ConcurrentQueue<string>(folders);
        Exception? failure = null;
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            try
            {
                while (Volatile.Read(ref failure) is null && queue.TryDequeue(out var folder))
                {
                    files.SyncFolder(folder);
                }
            }
#pragma warning disable CA1031 // Handed to the caller's thread, which rethrows it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        }) { IsBackground = true }).ToArray();
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
