using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Fetching;

/// <summary>A UnixFS file read at any place: inner nodes are fetched once and kept, leaves are fetched as they are needed and a few ahead.</summary>
/// <remarks>Sizes in nodes are claims of whoever made them: each is checked against what its subtree really is before bytes are used.</remarks>
internal sealed class FileTree
{
    private const int DepthMax = 16;
    private const int LeavesAhead = 8;
    private const int InnerNodesMax = 65_536;

    private readonly ChannelBlocks _blocks;
    private readonly Dictionary<Cid, Node> _inner = [];
    private readonly Cid _root;
    private (Cid Cid, ReadOnlyMemory<byte> Data)? _last;

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
        tree.Length = tree.LengthOf(root, 0);
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
        long expected = Length;
        for (var depth = 0; depth < DepthMax; depth++)
        {
            if (cid.Codec == Multicodec.Raw)
            {
                return Raw(cid, expected);
            }

            var node = Inner(cid);
            if (node.Children.Length == 0)
            {
                return node.Data;
            }

            if (offset - start < node.Data.Length)
            {
                return node.Data;
            }

            var at = start + node.Data.Length;
            var index = 0;
            while (index < node.Children.Length - 1 && offset >= at + node.Children[index].Length)
            {
                at += node.Children[index++].Length;
            }

            if (node.Children[index].Cid.Codec == Multicodec.Raw && _last?.Cid != node.Children[index].Cid)
            {
                _blocks.Prefetch([.. node.Children.AsSpan(index, Math.Min(LeavesAhead, node.Children.Length - index)).ToArray().Where(child => child.Cid.Codec == Multicodec.Raw).Select(child => child.Cid)]);
            }

            start = at;
            expected = node.Children[index].Length;
            cid = node.Children[index].Cid;
        }

        throw Broken("a file's tree is too deep");
    }

    private ReadOnlyMemory<byte> Raw(Cid cid, long expected)
    {
        if (_last?.Cid == cid)
        {
            return _last.Value.Data;
        }

        var data = _blocks.Get(cid).Data;
        if (data.Length != expected)
        {
            throw Broken("a leaf has another length than its node claims");
        }

        _last = (cid, data);
        return data;
    }

    private long LengthOf(Cid cid, int depth)
    {
        if (cid.Codec == Multicodec.Raw)
        {
            var data = _blocks.Get(cid).Data;
            _last = (cid, data);
            return data.Length;
        }

        var node = Inner(cid);
        return depth < DepthMax ? node.Data.Length + node.Children.Sum(child => child.Length) : throw Broken("a file's tree is too deep");
    }

    private Node Inner(Cid cid)
    {
        if (_inner.TryGetValue(cid, out var known))
        {
            return known;
        }

        if (cid.Codec != Multicodec.DagPb || _inner.Count >= InnerNodesMax)
        {
            throw Broken($"{cid} is no part of a file");
        }

        if (!DagPb.TryDecode(_blocks.Get(cid).Data, out var pb, out _) || pb.Data is not { } bytes
            || !UnixFsData.TryDecode(bytes, out var data, out _) || data.Type is not (UnixFsType.File or UnixFsType.Raw)
            || data.BlockSizes.Count != pb.Links.Count || data.BlockSizes.Any(size => size > long.MaxValue / 4096))
        {
            throw Broken($"{cid} is no UnixFS file");
        }

        var node = new Node(data.Data ?? default, [.. pb.Links.Zip(data.BlockSizes, (link, size) => new Child(link.Cid, (long)size))]);
        _inner[cid] = node;
        return node;
    }

    private static EnclaveException Broken(string words) => new(FailReason.ContentBroken, words);

    private sealed record Node(ReadOnlyMemory<byte> Data, Child[] Children);

    private sealed record Child(Cid Cid, long Length);
}
