using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Export;

/// <summary>What a CID names, to a person.</summary>
public enum UnixFsKind
{
    /// <summary>A file: a raw block or a UnixFS file.</summary>
    File,

    /// <summary>A plain directory.</summary>
    Directory,

    /// <summary>A sharded directory.</summary>
    ShardedDirectory,

    /// <summary>A symbolic link.</summary>
    Symlink,

    /// <summary>A block of another codec, or a dag-pb node without UnixFS data.</summary>
    Object,
}

/// <summary>What the root block of something says about it.</summary>
/// <param name="Cid">Its identifier.</param>
/// <param name="Kind">What it is.</param>
/// <param name="FileBytes">A file's size, a symlink's length; 0 for directories; the block's size for objects.</param>
/// <param name="BlockBytes">The size of the root block.</param>
/// <param name="DagBytes">The size of the whole DAG as its links claim it; null where they do not say.</param>
/// <param name="Links">How many links the root block has.</param>
public sealed record UnixFsInfo(Cid Cid, UnixFsKind Kind, long FileBytes, int BlockBytes, ulong? DagBytes, int Links)
{
    /// <summary>A symlink's target.</summary>
    public string? Target { get; init; }

    /// <summary>Permission bits, or null where none are recorded.</summary>
    public uint? Mode { get; init; }

    /// <summary>The modification time, or null where none is recorded.</summary>
    public UnixTime? ModifiedAt { get; init; }

    /// <summary>Whether it has entries.</summary>
    public bool IsDirectory => Kind is UnixFsKind.Directory or UnixFsKind.ShardedDirectory;
}
