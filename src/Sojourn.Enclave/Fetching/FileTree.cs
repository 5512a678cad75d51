using Sojourn.Content;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Fetching;

/// <summary>A UnixFS file read at any place: inner nodes are fetched once and kept, leaves are fetched as they are needed and a few ahead.</summary>
/// <remarks>Sizes in nodes are claims of whoever made them: each child is held to the size that its parent gave before a byte of it is used.</remarks>
internal sealed class FileTree
{
    private const int DepthMax = 16;
    private const int LeavesAhead = 8;
    private const int InnerNodesMax = 65_536;

    private readonly ChannelBlocks _blocks;
    private readonly Dictionary<Cid, FileNode> _inner = [];
    private readonly Cid _root;
    private FileNode? _last;

    private FileTree(ChannelBlocks blocks, Cid root)
    {
        _blocks = blocks;
        _root = root;
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="root">Its root: a raw leaf or a dag-pb node.</param>
    /// <param name="blocks">Where blocks come from.</param>
    public static FileTree Open(Cid root, ChannelBlocks blocks)
    {
        var tree = new FileTree(blocks, root);
        tree.Length = tree.Node(root, null).Size;
        return tree;
    }

    /// <summary>Fills a buffer.</summary>
    /// <param name="offset">Where to begin; the range lies inside the file.</param>
    /// <param name="buffer">Filled wholly.</param>
    public void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var leaf = Leaf(offset, out var start);
            var from = (int)(offset - start);
            if (from >= leaf.Length)
            {
                throw Broken("a file is shorter than its nodes claim");
            }

            var part = leaf.Span[from..Math.Min(leaf.Length, from + buffer.Length)];
            part.CopyTo(buffer);
            buffer = buffer[part.Length..];
            offset += part.Length;
        }
    }

    /// <summary>Bytes at a place without copying, where one leaf holds them all; else a copy.</summary>
    /// <param name="offset">Where to begin.</param>
    /// <param name="length">How many.</param>
    public ReadOnlyMemory<byte> Slice(long offset, int length)
    {
        if (length == 0)
        {
            return default;
        }

        var leaf = Leaf(offset, out var start);
        var from = (int)(offset - start);
        if (from + length <= leaf.Length)
        {
            return leaf.Slice(from, length);
        }

        var copy = new byte[length];
        Read(offset, copy);
        return copy;
    }

    private ReadOnlyMemory<byte> Leaf(long offset, out long start)
    {
        start = 0;
        var cid = _root;
        var expected = (ulong)Length;
        for (var depth = 0; depth < DepthMax; depth++)
        {
            var node = Node(cid, expected);
            if (node.Links.Count == 0 || offset - start < node.Data.Length)
            {
                return node.Data;
            }

            var at = start + node.Data.Length;
            var index = 0;
            while (index < node.Links.Count - 1 && offset >= at + (long)node.Sizes[index])
            {
                at += (long)node.Sizes[index++];
            }

            if (node.Links[index].Cid.Codec == Multicodec.Raw && _last?.Cid != node.Links[index].Cid)
            {
                _blocks.Prefetch([.. node.Links.Skip(index).Take(LeavesAhead).Select(link => link.Cid).Where(child => child.Codec == Multicodec.Raw)]);
            }

            start = at;
            expected = node.Sizes[index];
            cid = node.Links[index].Cid;
        }

        throw Broken("a file's tree is too deep");
    }

    /// <summary>A node of the file, held to the size that its parent gave; of the root nobody has said one.</summary>
    private FileNode Node(Cid cid, ulong? expected)
    {
        try
        {
            var node = _last?.Cid == cid ? _last : _inner.TryGetValue(cid, out var known) ? known : Fetch(cid);
            return expected is { } size ? node.RequireSize(size) : node;
        }
        catch (ContentException e)
        {
            throw Broken($"a file's tree is broken: {e.Message}");
        }
    }

    private FileNode Fetch(Cid cid)
    {
        var node = FileNode.Parse(_blocks.Get(cid));
        if (cid.Codec == Multicodec.Raw)
        {
            _last = node;
        }
        else if (_inner.Count < InnerNodesMax)
        {
            _inner[cid] = node;
        }
        else
        {
            throw Broken("a file's tree has too many nodes");
        }

        return node;
    }

    private static EnclaveException Broken(string words) => new(FailReason.ContentBroken, words);
}
