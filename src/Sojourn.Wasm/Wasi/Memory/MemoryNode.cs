namespace Sojourn.Wasm.Wasi;

/// <summary>A file, directory or symbolic link in memory. Guarded by the lock of its file system.</summary>
internal abstract class MemoryNode(ulong inode, ulong now)
{
    public abstract FileType Type { get; }

    public abstract ulong Size { get; }

    public ulong Inode { get; } = inode;

    /// <summary>Names that lead here.</summary>
    public uint Links { get; set; } = 1;

    /// <summary>Descriptors that are open on the node.</summary>
    public int Opened { get; set; }

    public ulong Access { get; set; } = now;

    public ulong Modify { get; set; } = now;

    public ulong Change { get; set; } = now;

    public Filestat Stat() => new(MemoryVolume.Device, Inode, Type, Links, Size, Access, Modify, Change);
}

/// <summary>A symbolic link.</summary>
internal sealed class MemoryLink(ulong inode, ulong now, string target) : MemoryNode(inode, now)
{
    public string Target { get; } = target;

    public override FileType Type => FileType.SymbolicLink;

    public override ulong Size => (ulong)System.Text.Encoding.UTF8.GetByteCount(Target);
}

/// <summary>A directory.</summary>
internal sealed class MemoryDirectory(ulong inode, ulong now) : MemoryNode(inode, now)
{
    public Dictionary<string, MemoryNode> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>The directory this one lies in; itself at the root.</summary>
    public MemoryDirectory? Parent { get; set; }

    public override FileType Type => FileType.Directory;

    public override ulong Size => 0;
}
