using Sojourn.Content.Codecs;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;

namespace Sojourn.Content.Directories;

/// <summary>Writes the shards of a large directory in one pass over its entries, which come sorted by hash.</summary>
/// <remarks>An entry lives in the shard at the level up to which its hash agrees with a neighbour's; so only the shards from the root to the last entry are open.</remarks>
internal static class ShardWriter
{
    public static async ValueTask<ImportResult> WriteAsync(IEnumerable<(ulong Hash, PbLink Link)> sorted, ImportProfile profile, UnixFsData metadata, IBlockSink? sink, CancellationToken cancellationToken)
    {
        var format = new ShardFormat(profile.ShardFanout);
        var open = new List<List<PbLink>> { new() };
        var slots = new List<int>();
        long blocks = 0;

        async ValueTask CloseAsync()
        {
            var (link, block) = Encode(open[^1], slots[^1], format, profile, null);
            open.RemoveAt(open.Count - 1);
            slots.RemoveAt(slots.Count - 1);
            open[^1].Add(link);
            blocks++;
            if (sink is not null)
            {
                await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
            }
        }

        using var entries = sorted.GetEnumerator();
        var has = entries.MoveNext();
        var shared = 0;
        while (has)
        {
            var (hash, link) = entries.Current;
            has = entries.MoveNext();
            var next = has ? CommonLevels(format, hash, link, entries.Current) : 0;
            while (open.Count - 1 > shared)
            {
                await CloseAsync().ConfigureAwait(false);
            }

            for (var level = open.Count - 1; level < next; level++)
            {
                slots.Add(format.SlotOf(hash, level));
                open.Add([]);
            }

            open[^1].Add(Entry(link, format.SlotOf(hash, open.Count - 1), format));
            shared = next;
        }

        while (open.Count > 1)
        {
            await CloseAsync().ConfigureAwait(false);
        }

        var (root, rootBlock) = Encode(open[0], 0, format, profile, metadata);
        if (sink is not null)
        {
            await sink.PutAsync(rootBlock, cancellationToken).ConfigureAwait(false);
        }

        return new ImportResult(rootBlock.Cid, 0, root.TotalSize.GetValueOrDefault(), blocks + 1);
    }

    private static int CommonLevels(ShardFormat format, ulong hash, in PbLink link, (ulong Hash, PbLink Link) next)
    {
        var levels = format.CommonLevels(hash, next.Hash);
        if (levels < format.Levels)
        {
            return levels;
        }

        throw link.NameUtf8.Span.SequenceEqual(next.Link.NameUtf8.Span)
            ? DirectoryBuilder.Duplicate(link)
            : new ContentException(ContentFault.MalformedShard, $"The names '{link.Name}' and '{next.Link.Name}' have the same hash; a sharded directory cannot hold both.");
    }

    private static PbLink Entry(in PbLink link, int slot, ShardFormat format)
    {
        var name = new byte[format.PrefixChars + link.NameUtf8.Length];
        format.WritePrefix(slot, name);
        link.NameUtf8.Span.CopyTo(name.AsSpan(format.PrefixChars));
        return new PbLink(link.Cid, name, link.TotalSize);
    }

    private static (PbLink Link, Block Block) Encode(List<PbLink> links, int slot, ShardFormat format, ImportProfile profile, UnixFsData? metadata)
    {
        var block = FileNodes.ToBlock(format.Encode(links, metadata), profile);
        ulong size = (ulong)block.Data.Length;
        foreach (var link in links)
        {
            size += link.TotalSize.GetValueOrDefault();
        }

        var name = new byte[format.PrefixChars];
        format.WritePrefix(slot, name);
        return (new PbLink(block.Cid, name, size), block);
    }
}
