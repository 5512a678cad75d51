namespace Sojourn.Wasm.Wasi;

/// <summary>Record <c>filestat</c>; times in nanoseconds since the Unix epoch.</summary>
internal record struct Filestat(ulong Device, ulong Inode, FileType Type, ulong Links, ulong Size, ulong Access, ulong Modify, ulong Change)
{
    /// <summary>Bytes the record takes in guest memory.</summary>
    public const uint GuestSize = 64;
}

/// <summary>New times of a file; <see langword="null"/> leaves one as it is.</summary>
internal readonly record struct TimesUpdate(ulong? Access, ulong? Modify);

/// <summary>A name in a directory, as <c>fd_readdir</c> reports it.</summary>
internal readonly record struct DirectoryEntry(byte[] Name, ulong Inode, FileType Type);
