using Sojourn.Cryptography.Custody;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>The share sets in which a keeper is a custodian: a file for each content. The share inside is sealed to the keeper's key and stays so.</summary>
/// <param name="folder">Where they lie.</param>
public sealed class CustodyBook(string folder)
{
    /// <summary>Takes a share set for a content, in place of one of an earlier epoch: the old share is dropped.</summary>
    /// <param name="content">The sealed content.</param>
    /// <param name="set">The set; its share for this keeper was checked.</param>
    /// <returns>Whether it was taken: an epoch that is not later than the known one's is not.</returns>
    public bool Add(Cid content, ShareSet set)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(set);
        if (Find(content) is { } known && known.Id != set.Id && !set.Follows(known))
        {
            return false;
        }

        // The old share is wiped once the new one is on the disk: shares of different epochs do not fit together, and old ones are what a thief may have gathered.
        using var old = File.Exists(PathOf(content)) ? new FileStream(PathOf(content), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete) : null;
        DurableFile.Write(PathOf(content), set.Encode());
        old?.Write(new byte[old.Length]);
        old?.Flush(flushToDisk: true);
        return true;
    }

    /// <summary>The share set of a content; null where this keeper holds no share of its key.</summary>
    /// <param name="content">The sealed content.</param>
    public ShareSet? Find(Cid content) =>
        File.Exists(PathOf(content)) && ShareSet.TryDecode(File.ReadAllBytes(PathOf(content)), out var set) == CustodyFault.None ? set : null;

    /// <summary>Every content whose key this keeper holds a share of.</summary>
    public IEnumerable<(Cid Content, ShareSet Set)> All()
    {
        foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.shares") : [])
        {
            if (Cid.TryParse(Path.GetFileNameWithoutExtension(file), out var content) && Find(content) is { } set)
            {
                yield return (content, set);
            }
        }
    }

    /// <summary>Drops a content's share for good.</summary>
    /// <param name="content">The sealed content.</param>
    /// <returns>Whether there was one.</returns>
    public bool Drop(Cid content)
    {
        if (!File.Exists(PathOf(content)))
        {
            return false;
        }

        DurableFile.Erase(PathOf(content));
        return true;
    }

    private string PathOf(Cid content) => Path.Combine(folder, content + ".shares");
}
