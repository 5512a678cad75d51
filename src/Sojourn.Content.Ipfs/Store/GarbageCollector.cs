using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Deletes blocks that no pin reaches.</summary>
/// <remarks>
/// It holds the store's lock alone: it waits for running writers, in every process, and new ones wait for it. Deleting needs no fsync:
/// a block that comes back after a power cut does no harm. It deletes nothing unless every pinned DAG could be walked to its end.
/// </remarks>
public static class GarbageCollector
{
    /// <summary>Collects.</summary>
    /// <param name="store">The store.</param>
    /// <param name="linksOf">The links of a block; it may throw for a damaged one.</param>
    /// <param name="dryRun">Only tells what would go.</param>
    /// <param name="onDeleted">Told of each block that went, or null.</param>
    /// <param name="cancellationToken">Stops it; what is deleted by then was garbage.</param>
    /// <exception cref="StoreException">A pinned DAG lacks a block or has a damaged one (named), or the disk failed. Nothing was deleted then.</exception>
    public static async Task<GarbageReport> CollectAsync(
        FileBlockStore store, Func<Block, IEnumerable<Cid>> linksOf, bool dryRun, Action<StoredBlock>? onDeleted, CancellationToken cancellationToken)
    {
        using (await store.Lock.ExclusiveAsync(cancellationToken).ConfigureAwait(false))
        {
            return await Task.Run(() => Collect(store, linksOf, dryRun, onDeleted, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    private static GarbageReport Collect(
        FileBlockStore store, Func<Block, IEnumerable<Cid>> linksOf, bool dryRun, Action<StoredBlock>? onDeleted, CancellationToken cancellationToken)
    {
        // No writer lives now, so whatever is here was left by one that died.
        foreach (var name in dryRun ? [] : store.Files.Files(store.Layout.Temporary).ToArray())
        {
            Delete(store, Path.Combine(store.Layout.Temporary, name));
        }

        var keep = Mark(store, linksOf, cancellationToken);
        long deleted = 0, freed = 0, kept = 0;
        foreach (var block in store.List().ToArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (keep.Contains(block.Cid.Multihash))
            {
                kept++;
                continue;
            }

            if (!dryRun)
            {
                Delete(store, block.Path);
            }

            deleted++;
            freed += block.Bytes;
            onDeleted?.Invoke(block);
        }

        return new GarbageReport(deleted, freed, kept);
    }

    private static HashSet<Multihash> Mark(FileBlockStore store, Func<Block, IEnumerable<Cid>> linksOf, CancellationToken cancellationToken)
    {
        var keep = new HashSet<Multihash>();
        var visited = new HashSet<Cid>();
        foreach (var pin in store.Pins.List())
        {
            var pending = new Stack<Cid>();
            pending.Push(pin.Cid);
            while (pending.TryPop(out var cid))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!visited.Add(cid))
                {
                    continue;
                }

                // One file may be linked under two codecs: the file is kept for both, but each is walked in its own way.
                keep.Add(cid.Multihash);
                if (cid.Codec is Multicodec.Raw && store.Has(cid))
                {
                    continue;
                }

                var block = store.Get(cid) ?? throw new StoreException(
                    StoreFault.MissingBlock,
                    store.Layout.BlockFile(StoreLayout.KeyOf(cid)),
                    $"the pinned DAG {pin.Cid}{(pin.Name is null ? "" : $" (pin '{pin.Name}')")} lacks block {cid}, so it is not known what else it needs",
                    cid);
                foreach (var link in linksOf(block))
                {
                    pending.Push(link);
                }
            }
        }

        return keep;
    }

    private static void Delete(FileBlockStore store, string path)
    {
        try
        {
            store.Files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e, path);
        }
    }
}

/// <summary>What a collection did.</summary>
/// <param name="Deleted">Blocks deleted.</param>
/// <param name="FreedBytes">Their bytes.</param>
/// <param name="Kept">Blocks kept.</param>
public sealed record GarbageReport(long Deleted, long FreedBytes, long Kept);
