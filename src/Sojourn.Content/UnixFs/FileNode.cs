using Sojourn.Content.Codecs;
using Sojourn.Content.Dag;
using Sojourn.Primitives;

namespace Sojourn.Content.UnixFs;

/// <summary>One node of a file's tree, checked: its own bytes, then its children with the sizes they must have.</summary>
/// <remarks>UnixFS specification, files. Sizes are claims until the children were seen, so every child is held to the size its parent gave.</remarks>
public sealed class FileNode
{
    private FileNode(Cid cid, ReadOnlyMemory<byte> data, IReadOnlyList<PbLink> links, IReadOnlyList<ulong> sizes, long size, UnixFsData? unixFs)
    {
        Cid = cid;
        Data = data;
        Links = links;
        Sizes = sizes;
        Size = size;
        UnixFs = unixFs;
    }

    /// <summary>The node's identifier.</summary>
    public Cid Cid { get; }

    /// <summary>The bytes that the node holds itself; they come before those of its children.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The children, in the order of the file.</summary>
    public IReadOnlyList<PbLink> Links { get; }

    /// <summary>How many bytes of the file each child holds, by the node's own word.</summary>
    public IReadOnlyList<ulong> Sizes { get; }

    /// <summary>All file bytes from here down.</summary>
    public long Size { get; }

    /// <summary>The UnixFS message, or null for a raw block.</summary>
    public UnixFsData? UnixFs { get; }

    /// <summary>Reads a block as a part of a file.</summary>
    /// <param name="block">A verified block.</param>
    /// <exception cref="ContentException">It is none, or its sizes contradict each other.</exception>
    public static FileNode Parse(Block block)
    {
        if (block.Cid.Codec == Multicodec.Raw)
        {
            return new FileNode(block.Cid, block.Data, [], [], block.Data.Length, null);
        }

        if (block.Cid.Codec != Multicodec.DagPb)
        {
            throw new ContentException(ContentFault.NotAFile, $"{block.Cid} is no file: its codec is 0x{(ulong)block.Cid.Codec:x}.", block.Cid);
        }

        var node = Nodes.DecodePb(block);
        return Parse(block.Cid, node, Nodes.DecodeUnixFs(block, node));
    }

    /// <summary>Reads a node that was decoded already.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="node">The node.</param>
    /// <param name="data">Its UnixFS message.</param>
    /// <exception cref="ContentException">It is no part of a file, or its sizes contradict each other.</exception>
    public static FileNode Parse(Cid cid, PbNode node, UnixFsData? data)
    {
        if (data is null || data.Type is not (UnixFsType.File or UnixFsType.Raw))
        {
            throw new ContentException(ContentFault.NotAFile, $"{cid} is no file: it is {(data is null ? "a dag-pb node without UnixFS data" : $"a UnixFS {data.Type}")}.", cid);
        }

        if (data.BlockSizes.Count != node.Links.Count)
        {
            throw Mismatch(cid, $"it has {node.Links.Count} links and {data.BlockSizes.Count} sizes");
        }

        var size = (UInt128)data.Data.GetValueOrDefault().Length;
        for (var i = 0; i < data.BlockSizes.Count; i++)
        {
            size += data.BlockSizes[i];
        }

        if (size > long.MaxValue || (data.FileSize is { } claimed && claimed != size))
        {
            throw Mismatch(cid, $"it says {data.FileSize} bytes and its parts add up to {size}");
        }

        return new FileNode(cid, data.Data.GetValueOrDefault(), node.Links, data.BlockSizes, (long)size, data);
    }

    /// <summary>Holds a child to the size that its parent gave.</summary>
    /// <param name="expected">What the parent says, in bytes.</param>
    /// <exception cref="ContentException"><see cref="ContentFault.SizeMismatch"/>.</exception>
    public FileNode RequireSize(ulong expected) => (ulong)Size == expected ? this : throw Mismatch(Cid, $"it holds {Size} bytes where its parent says {expected}");

    private static ContentException Mismatch(Cid cid, string why) => new(ContentFault.SizeMismatch, $"The sizes in the file node {cid} do not fit together: {why}.", cid);
}
