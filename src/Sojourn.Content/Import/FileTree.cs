using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>A finished part of a file: a leaf or a node over leaves.</summary>
/// <param name="Cid">Its identifier.</param>
/// <param name="FileBytes">The content below it.</param>
/// <param name="DagBytes">The bytes of its blocks.</param>
internal readonly record struct FilePart(Cid Cid, ulong FileBytes, ulong DagBytes);

/// <summary>Turns leaves, given in order, into a tree, holding only the open nodes of each level.</summary>
internal abstract class FileTree(ImportProfile profile)
{
    protected ImportProfile Profile { get; } = profile;

    /// <summary>Nodes that were completed since the caller last took them.</summary>
    public List<Block> Completed { get; } = [];

    public static FileTree Create(ImportProfile profile) => profile.Layout == FileLayout.Trickle ? new TrickleTree(profile) : new BalancedTree(profile);

    /// <summary>Takes the next leaf.</summary>
    public abstract void Add(FilePart leaf);

    /// <summary>Completes the tree; the root carries the metadata.</summary>
    public abstract FilePart Finish(UnixFsData metadata);

    protected FilePart Complete(List<FilePart> children, UnixFsData? metadata = null)
    {
        ulong fileBytes = 0, dagBytes = 0;
        var links = new PbLink[children.Count];
        var sizes = new ulong[children.Count];
        for (var i = 0; i < links.Length; i++)
        {
            var child = children[i];
            links[i] = new PbLink(child.Cid, ReadOnlyMemory<byte>.Empty, child.DagBytes);
            sizes[i] = child.FileBytes;
            fileBytes += child.FileBytes;
            dagBytes += child.DagBytes;
        }

        var data = (metadata ?? FileNodes.Plain) with { FileSize = fileBytes, BlockSizes = sizes };
        var block = FileNodes.ToBlock(DagPb.Encode(data.Encode(), links), Profile);
        Completed.Add(block);
        children.Clear();
        return new FilePart(block.Cid, fileBytes, dagBytes + (ulong)block.Data.Length);
    }
}

/// <summary>All leaves at one depth.</summary>
/// <remarks>Nodes of a level are filled one after another; what is open at the end is closed from the bottom up.</remarks>
internal sealed class BalancedTree(ImportProfile profile) : FileTree(profile)
{
    private readonly List<List<FilePart>> _levels = [[]];

    public override void Add(FilePart leaf) => Add(0, leaf);

    public override FilePart Finish(UnixFsData metadata)
    {
        for (var level = 0; ; level++)
        {
            var open = _levels[level];
            if (level == _levels.Count - 1)
            {
                // One leaf alone is the file itself (the importer sees to it that it needs no metadata).
                return open.Count == 1 && level == 0 ? open[0] : Complete(open, metadata);
            }

            Add(level + 1, Complete(open));
        }
    }

    private void Add(int level, FilePart part)
    {
        for (; ; level++)
        {
            if (level == _levels.Count)
            {
                _levels.Add([]);
            }

            var open = _levels[level];
            if (open.Count < Profile.LinksMax)
            {
                open.Add(part);
                return;
            }

            var full = Complete(open);
            open.Add(part);
            part = full;
        }
    }
}

/// <summary>Leaves first, then sub-trees of growing depth, a few of each.</summary>
/// <remarks>The trickle layout of go-unixfs: every node takes up to the width in leaves, then per depth d = 1, 2, … a number of sub-trees of depth d.</remarks>
internal sealed class TrickleTree : FileTree
{
    private readonly Stack<Open> _open = new();

    public TrickleTree(ImportProfile profile)
        : base(profile) => _open.Push(new Open(int.MaxValue));

    public override void Add(FilePart leaf)
    {
        // An empty file is a root without children, as Kubo writes it.
        while (leaf.FileBytes > 0)
        {
            var top = _open.Peek();
            if (top.Leaves < Profile.LinksMax)
            {
                top.Leaves++;
                top.Children.Add(leaf);
                return;
            }

            if (top.Depth < top.DepthMax)
            {
                _open.Push(new Open(top.Depth));
            }
            else
            {
                Close();
            }
        }
    }

    public override FilePart Finish(UnixFsData metadata)
    {
        while (_open.Count > 1)
        {
            Close();
        }

        return Complete(_open.Pop().Children, metadata);
    }

    private void Close()
    {
        var part = Complete(_open.Pop().Children);
        var parent = _open.Peek();
        parent.Children.Add(part);
        if (++parent.Repeat == Profile.TrickleRepeat)
        {
            parent.Repeat = 0;
            parent.Depth++;
        }
    }

    private sealed class Open(int depthMax)
    {
        public List<FilePart> Children { get; } = [];

        public int DepthMax { get; } = depthMax;

        public int Leaves { get; set; }

        public int Depth { get; set; } = 1;

        public int Repeat { get; set; }
    }
}
