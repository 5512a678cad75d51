using System.Runtime.CompilerServices;
using System.Text;
using Sojourn.Content.Codecs;
using Sojourn.Content.Dag;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Export;

/// <summary>Turns UnixFS blocks back into bytes and names.</summary>
/// <remarks>UnixFS specification. Not a byte is given before its block was verified by the source and its sizes were checked against its parent's.</remarks>
public static class UnixFsExporter
{
    /// <summary>Says what a CID names.</summary>
    /// <param name="source">Where blocks come from.</param>
    /// <param name="cid">The root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<UnixFsInfo> StatAsync(IBlockSource source, Cid cid, CancellationToken cancellationToken = default) =>
        Describe(await source.GetRequiredAsync(cid, cancellationToken).ConfigureAwait(false));

    /// <summary>Says what a block is the root of.</summary>
    /// <param name="block">A verified block.</param>
    /// <exception cref="ContentException">It is malformed.</exception>
    public static UnixFsInfo Describe(Block block)
    {
        var size = block.Data.Length;
        if (block.Cid.Codec == Multicodec.Raw)
        {
            return new UnixFsInfo(block.Cid, UnixFsKind.File, size, size, (ulong)size, 0);
        }

        if (block.Cid.Codec != Multicodec.DagPb)
        {
            return new UnixFsInfo(block.Cid, UnixFsKind.Object, size, size, null, 0);
        }

        var node = Nodes.DecodePb(block);
        var data = Nodes.DecodeUnixFs(block, node);
        var info = new UnixFsInfo(block.Cid, UnixFsKind.Object, size, size, DagBytes(block, node), node.Links.Count)
        {
            Mode = data?.Mode,
            ModifiedAt = data?.ModifiedAt,
        };
        return data?.Type switch
        {
            null => info,
            UnixFsType.File or UnixFsType.Raw => info with { Kind = UnixFsKind.File, FileBytes = FileNode.Parse(block.Cid, node, data).Size },
            UnixFsType.Directory => info with { Kind = UnixFsKind.Directory, FileBytes = 0 },
            UnixFsType.HamtShard => info with { Kind = UnixFsKind.ShardedDirectory, FileBytes = 0 },
            UnixFsType.Symlink => info with { Kind = UnixFsKind.Symlink, FileBytes = data.Data.GetValueOrDefault().Length, Target = Encoding.UTF8.GetString(data.Data.GetValueOrDefault().Span) },
            _ => throw new ContentException(ContentFault.MalformedUnixFs, $"{block.Cid} is of the unused UnixFS type {data.Type}.", block.Cid),
        };
    }

    /// <summary>Reads a file, or a part of it, piece by piece in order.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="cid">The file's root.</param>
    /// <param name="range">Which part; parts beyond the end are empty.</param>
    /// <param name="options">Read-ahead and limits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Pieces of content; they do not change afterwards, unless the options say <see cref="ExportOptions.Recycle"/>.</returns>
    /// <exception cref="ContentException">A block is missing or malformed; the pieces before it were right.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(IBlockSource source, Cid cid, ByteRange range = default, ExportOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var root = FileNode.Parse(await source.GetRequiredAsync(cid, cancellationToken).ConfigureAwait(false));
        await foreach (var piece in FileReader.ReadAsync(source, root, range, options ?? ExportOptions.Default, cancellationToken).ConfigureAwait(false))
        {
            yield return piece;
        }
    }

    /// <summary>Copies a file, or a part of it, to a stream.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="cid">The file's root.</param>
    /// <param name="destination">Where bytes go.</param>
    /// <param name="range">Which part.</param>
    /// <param name="options">Read-ahead and limits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes were written.</returns>
    public static async ValueTask<long> CopyToAsync(IBlockSource source, Cid cid, Stream destination, ByteRange range = default, ExportOptions? options = null, CancellationToken cancellationToken = default)
    {
        long written = 0;
        options = (options ?? ExportOptions.Default) with { Recycle = true };
        await foreach (var piece in ReadAsync(source, cid, range, options, cancellationToken).ConfigureAwait(false))
        {
            await destination.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            written += piece.Length;
        }

        return written;
    }

    private static ulong? DagBytes(Block block, PbNode node)
    {
        var sum = (ulong)block.Data.Length;
        foreach (var link in node.Links)
        {
            if (link.TotalSize is not { } size || ulong.MaxValue - sum < size)
            {
                return null;
            }

            sum += size;
        }

        return sum;
    }
}
