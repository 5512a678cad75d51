using System.Runtime.CompilerServices;
using System.Text;
using Sojourn.Content.Codecs;
using Sojourn.Content.Dag;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Directories;

/// <summary>An entry of a directory, as its block says.</summary>
/// <param name="Name">The name; it may be unsafe to use as a file's (see <see cref="EntryName.IsSafe"/>).</param>
/// <param name="Cid">What it names.</param>
/// <param name="DagBytes">The size of the DAG below as claimed; null where the link does not say.</param>
public sealed record DirectoryEntry(string Name, Cid Cid, ulong? DagBytes);

/// <summary>Lists directories of any size with flat memory, and finds entries by name.</summary>
/// <remarks>UnixFS specification. In sharded directories every entry must stand where the hash of its name puts it, so that listing and finding cannot disagree.</remarks>
public static class DirectoryReader
{
    /// <summary>Lists the entries of a directory in the order of its blocks.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="directory">The directory's root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">It is no directory, or malformed; entries before that were right.</exception>
    public static async IAsyncEnumerable<DirectoryEntry> ListAsync(IBlockSource source, Cid directory, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var root = await source.GetRequiredAsync(directory, cancellationToken).ConfigureAwait(false);
        var (node, data) = Decode(root);
        if (data.Type == UnixFsType.Directory)
        {
            foreach (var link in node.Links)
            {
                yield return new DirectoryEntry(link.Name, link.Cid, link.TotalSize);
            }

            yield break;
        }

        var path = new Stack<Step>();
        path.Push(new Step(ShardNode.Parse(directory, node, data, null), 0));
        while (path.Count > 0)
        {
            var step = path.Peek();
            if (step.Next == step.Shard.Links.Count)
            {
                path.Pop();
                continue;
            }

            var link = step.Shard.Links[step.Next++];
            var format = step.Shard.Format;
            var level = path.Count - 1;
            var slot = (ulong)format.ReadPrefix(link.NameUtf8.Span);
            if (step.Shard.IsShard(link))
            {
                if (level + 1 >= format.Levels)
                {
                    throw new ContentException(ContentFault.DepthExceeded, $"The directory {directory} has shards deeper than its hash.", directory);
                }

                var child = await LoadShardAsync(source, link.Cid, format, cancellationToken).ConfigureAwait(false);
                path.Push(new Step(child, (step.Prefix << format.Bits) | slot));
                continue;
            }

            var name = link.NameUtf8[format.PrefixChars..];
            var hash = Murmur3.Hash(name.Span) >> (64 - (format.Bits * (level + 1)));
            if (hash != ((step.Prefix << format.Bits) | slot))
            {
                throw ShardNode.Malformed(directory, $"the entry '{Encoding.UTF8.GetString(name.Span)}' is not where its hash puts it");
            }

            yield return new DirectoryEntry(Encoding.UTF8.GetString(name.Span), link.Cid, link.TotalSize);
        }
    }

    /// <summary>Finds an entry by name; in a plain directory that has the name twice, the first.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="directory">The directory's root.</param>
    /// <param name="name">The name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The entry, or null.</returns>
    public static async ValueTask<DirectoryEntry?> FindAsync(IBlockSource source, Cid directory, string name, CancellationToken cancellationToken = default) =>
        await FindAsync(source, await source.GetRequiredAsync(directory, cancellationToken).ConfigureAwait(false), name, null, cancellationToken).ConfigureAwait(false);

    /// <summary>Finds an entry; tells of every shard that was loaded on the way.</summary>
    internal static async ValueTask<DirectoryEntry?> FindAsync(IBlockSource source, Block directory, string name, Action<Block>? visited, CancellationToken cancellationToken)
    {
        var (node, data) = Decode(directory);
        var utf8 = Encoding.UTF8.GetBytes(name);
        if (data.Type == UnixFsType.Directory)
        {
            return FindLink(node, utf8, name);
        }

        var hash = Murmur3.Hash(utf8);
        var shard = ShardNode.Parse(directory.Cid, node, data, null);
        for (var level = 0; level < shard.Format.Levels; level++)
        {
            if (shard.Find(shard.Format.SlotOf(hash, level)) is not { } link)
            {
                return null;
            }

            if (!shard.IsShard(link))
            {
                return link.NameUtf8.Span[shard.Format.PrefixChars..].SequenceEqual(utf8) ? new DirectoryEntry(name, link.Cid, link.TotalSize) : null;
            }

            var block = await source.GetRequiredAsync(link.Cid, cancellationToken).ConfigureAwait(false);
            visited?.Invoke(block);
            shard = ParseShard(block, shard.Format);
        }

        return null;
    }

    /// <summary>Finds a link of a plain directory, or of any dag-pb node, by name.</summary>
    internal static DirectoryEntry? FindLink(PbNode node, ReadOnlySpan<byte> utf8, string name)
    {
        foreach (var link in node.Links)
        {
            if (link.HasName && link.NameUtf8.Span.SequenceEqual(utf8))
            {
                return new DirectoryEntry(name, link.Cid, link.TotalSize);
            }
        }

        return null;
    }

    /// <summary>Reads a shard below another.</summary>
    internal static ShardNode ParseShard(Block block, ShardFormat parent)
    {
        var (node, data) = Decode(block);
        return data.Type == UnixFsType.HamtShard
            ? ShardNode.Parse(block.Cid, node, data, parent)
            : throw ShardNode.Malformed(block.Cid, "a shard is expected here, and it is none");
    }

    private static async ValueTask<ShardNode> LoadShardAsync(IBlockSource source, Cid cid, ShardFormat parent, CancellationToken cancellationToken) =>
        ParseShard(await source.GetRequiredAsync(cid, cancellationToken).ConfigureAwait(false), parent);

    private static (PbNode Node, UnixFsData Data) Decode(Block block)
    {
        if (block.Cid.Codec == Multicodec.DagPb)
        {
            var node = Nodes.DecodePb(block);
            if (Nodes.DecodeUnixFs(block, node) is { Type: UnixFsType.Directory or UnixFsType.HamtShard } data)
            {
                return (node, data);
            }
        }

        throw new ContentException(ContentFault.NotADirectory, $"{block.Cid} is no directory.", block.Cid);
    }

    private sealed class Step(ShardNode shard, ulong prefix)
    {
        public ShardNode Shard { get; } = shard;

        /// <summary>The hash bits that lead here.</summary>
        public ulong Prefix { get; } = prefix;

        public int Next { get; set; }
    }
}
