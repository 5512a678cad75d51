using System.Globalization;
using System.Text;
using Sojourn.Content.Directories;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Dag;

/// <summary>Where a path leads.</summary>
/// <param name="Block">The block in which it ends.</param>
/// <param name="Remainder">Names that lead on inside that block (dag-cbor and dag-json only); they exist.</param>
public sealed record ResolvedPath(Block Block, IReadOnlyList<string> Remainder)
{
    /// <summary>The identifier of the block in which the path ends.</summary>
    public Cid Cid => Block.Cid;
}

/// <summary>Follows names from a CID: through directories and shards, through the maps, lists and links of dag-cbor and dag-json, and by link names through other dag-pb nodes.</summary>
/// <remarks>Path gateway specification, path resolution. Symlinks are not followed.</remarks>
public static class PathResolver
{
    /// <summary>The most names of a path.</summary>
    public const int SegmentsMax = 1024;

    /// <summary>Resolves a path.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="path">The path.</param>
    /// <param name="visited">Told of every block that is loaded before the one in which the path ends, in order; null for nobody.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">A name does not exist, or a block is missing or malformed.</exception>
    public static async ValueTask<ResolvedPath> ResolveAsync(IBlockSource source, ContentPath path, Action<Block>? visited = null, CancellationToken cancellationToken = default)
    {
        if (path.Segments.Count > SegmentsMax)
        {
            throw new ContentException(ContentFault.BadPath, $"The path has {path.Segments.Count} names; at most {SegmentsMax} are followed.");
        }

        var block = await source.GetRequiredAsync(path.Root, cancellationToken).ConfigureAwait(false);
        var next = 0;
        while (next < path.Segments.Count)
        {
            Cid? target;
            if (block.Cid.Codec is Multicodec.DagCbor or Multicodec.DagJson)
            {
                (target, var used) = FollowValue(Nodes.DecodeValue(block), path, next, () => visited?.Invoke(block));
                if (target is null)
                {
                    return new ResolvedPath(block, [.. path.Segments.Skip(next)]);
                }

                visited?.Invoke(block);
                next += used;
            }
            else
            {
                visited?.Invoke(block);
                target = await FollowNameAsync(source, block, path.Segments[next], visited, cancellationToken).ConfigureAwait(false) ?? throw NotFound(path, next);
                next++;
            }

            block = await source.GetRequiredAsync(target, cancellationToken).ConfigureAwait(false);
        }

        return new ResolvedPath(block, []);
    }

    private static async ValueTask<Cid?> FollowNameAsync(IBlockSource source, Block block, string name, Action<Block>? visited, CancellationToken cancellationToken)
    {
        if (block.Cid.Codec is not Multicodec.DagPb)
        {
            return block.Cid.Codec is Multicodec.Raw or Multicodec.Cbor or Multicodec.Json ? null : throw Nodes.Unsupported(block.Cid);
        }

        var node = Nodes.DecodePb(block);
        var data = Nodes.DecodeUnixFs(block, node);
        return data?.Type switch
        {
            null => DirectoryReader.FindLink(node, Encoding.UTF8.GetBytes(name), name)?.Cid,
            UnixFsType.Directory or UnixFsType.HamtShard => (await DirectoryReader.FindAsync(source, block, name, visited, cancellationToken).ConfigureAwait(false))?.Cid,
            _ => null,
        };
    }

    /// <summary>Follows names inside a value until a link; a null target says that the path ends inside.</summary>
    private static (Cid? Target, int Used) FollowValue(DagValue value, ContentPath path, int from, Action failing)
    {
        for (var at = from; ; at++)
        {
            if (value is DagLink link)
            {
                return (link.Target, at - from);
            }

            if (at == path.Segments.Count)
            {
                return (null, at - from);
            }

            var name = path.Segments[at];
            var inner = value switch
            {
                DagMap map => map[name],
                DagList list => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Items.Length ? list.Items[index] : null,
                _ => null,
            };
            if (inner is null)
            {
                failing();
                throw NotFound(path, at);
            }

            value = inner;
        }
    }

    private static ContentException NotFound(ContentPath path, int at) =>
        new(ContentFault.PathNotFound, $"'{path.Segments[at]}' does not exist under {ContentPath.Of(path.Root, [.. path.Segments.Take(at)])}.", path.Root);
}
