using Sojourn.Content.Ipfs.Store.FileSystem;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Reads every block of a store and names the damaged ones.</summary>
public static class StoreVerifier
{
    /// <summary>Hashes every block. Runs beside readers, writers and collection.</summary>
    /// <param name="store">The store.</param>
    /// <param name="putAside">Whether damaged files are moved to the folder <c>damaged</c>, so that the blocks can be fetched again.</param>
    /// <param name="onBytes">Told the size of each block read, or null.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static StoreReport Verify(FileBlockStore store, bool putAside, Action<long>? onBytes, CancellationToken cancellationToken)
    {
        var damaged = new List<DamagedFile>();
        var strangers = new List<string>();
        long blocks = 0, bytes = 0;
        var gate = new Lock();
        try
        {
            Parallel.ForEach(
                Candidates(store, strangers),
                new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
                file =>
                {
                    var (problem, length) = Look(store, file.Cid, file.Path);
                    if (problem is not null && putAside)
                    {
                        PutAside(store, file.Path);
                    }

                    lock (gate)
                    {
                        blocks++;
                        bytes += length;
                        if (problem is not null)
                        {
                            damaged.Add(new DamagedFile(file.Cid, file.Path, problem));
                        }
                    }

                    onBytes?.Invoke(length);
                });
        }
        catch (AggregateException e) when (e.InnerExceptions[0] is StoreException or IOException or UnauthorizedAccessException)
        {
            throw StoreException.From(e.InnerExceptions[0], store.Folder);
        }

        damaged.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        strangers.Sort(StringComparer.Ordinal);
        return new StoreReport(blocks, bytes, damaged, strangers);
    }

    private static IEnumerable<(Cid Cid, string Path)> Candidates(FileBlockStore store, List<string> strangers)
    {
        foreach (var shard in store.Files.Folders(store.Layout.Blocks))
        {
            foreach (var name in store.Files.Files(Path.Combine(store.Layout.Blocks, shard)))
            {
                var path = Path.Combine(store.Layout.Blocks, shard, name);
                if (FileBlockStore.TryParseName(shard, name, out var cid))
                {
                    yield return (cid, path);
                }
                else
                {
                    strangers.Add(path);
                }
            }
        }
    }

    private static (string? Problem, long Bytes) Look(FileBlockStore store, Cid cid, string path)
    {
        try
        {
            var bytes = store.Files.Read(path, store.MaxBlockBytes);
            return bytes is null
                ? (null, 0)
                : BlockVerifier.Verify(cid, bytes) switch
                {
                    BlockFault.None => (null, bytes.Length),
                    BlockFault.HashMismatch => ("its bytes do not match its hash", bytes.Length),
                    var fault => ($"it cannot be verified: {fault}", bytes.Length),
                };
        }
        catch (FileTooLongException e)
        {
            return ($"it holds {e.ActualLength} bytes, more than a block may", e.ActualLength);
        }
        catch (IOException e)
        {
            return ($"it cannot be read: {e.Message}", 0);
        }
    }

    private static void PutAside(FileBlockStore store, string path)
    {
        store.Files.CreateFolder(store.Layout.Damaged);
        store.Files.Rename(path, Path.Combine(store.Layout.Damaged, Path.GetFileName(path)));
    }
}

/// <summary>A block's file whose bytes are not what its name says.</summary>
/// <param name="Cid">The block, as a raw identifier.</param>
/// <param name="Path">The file, where it was found.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record DamagedFile(Cid Cid, string Path, string Problem);

/// <summary>What a verification found.</summary>
/// <param name="Blocks">Blocks looked at.</param>
/// <param name="Bytes">Bytes hashed.</param>
/// <param name="Damaged">The damaged ones.</param>
/// <param name="Strangers">Files in the shards that are no blocks.</param>
public sealed record StoreReport(long Blocks, long Bytes, IReadOnlyList<DamagedFile> Damaged, IReadOnlyList<string> Strangers);
