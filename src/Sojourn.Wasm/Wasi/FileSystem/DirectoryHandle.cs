namespace Sojourn.Wasm.Wasi;

/// <summary>An open directory. No path given to it can name anything outside it.</summary>
internal abstract class DirectoryHandle : WasiHandle
{
    public sealed override FileType Type => FileType.Directory;

    public sealed override Rights ApplicableRights => Rights.Directory;

    public override Errno SetSize(ulong size) => Errno.IsDir;

    public override Errno ReadAt(ulong offset, Span<byte> buffer, out int count)
    {
        count = 0;
        return Errno.IsDir;
    }

    public override Errno WriteAt(ulong offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        return Errno.IsDir;
    }

    /// <summary>Opens or creates what a path names.</summary>
    public abstract Errno Open(string path, in OpenRequest request, out WasiHandle? opened);

    public abstract Errno CreateDirectory(string path);

    public abstract Errno RemoveDirectory(string path);

    public abstract Errno UnlinkFile(string path);

    public abstract Errno CreateSymbolicLink(string target, string path);

    public abstract Errno ReadLink(string path, out byte[] target);

    public abstract Errno StatPath(string path, bool follow, out Filestat stat);

    public abstract Errno SetPathTimes(string path, bool follow, TimesUpdate times);

    public abstract Errno Link(string oldPath, bool follow, DirectoryHandle newBase, string newPath);

    public abstract Errno Rename(string oldPath, DirectoryHandle newBase, string newPath);

    /// <summary>The entries, <c>.</c> and <c>..</c> first and the rest by ordinal order of their UTF-8 names, so that listings are the
    /// same on every machine.</summary>
    public abstract Errno List(int entriesMax, out DirectoryEntry[] entries);
}

/// <summary>How a path is to be opened.</summary>
internal readonly record struct OpenRequest(
    bool Follow, OpenFlags Flags, bool Read, bool Write, bool ReadOnlyFileSystem);
