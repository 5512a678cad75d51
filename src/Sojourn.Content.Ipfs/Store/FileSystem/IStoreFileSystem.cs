namespace Sojourn.Content.Ipfs.Store.FileSystem;

/// <summary>What the store needs of a file system: few calls, each with the durability rules of POSIX spelled out, so that a test can stand in for a failing or crashing disk.</summary>
/// <remarks>
/// A file's bytes survive a power cut only after <see cref="IStoreFile.Sync"/>; a name (created, renamed or deleted) only after
/// <see cref="SyncFolder"/> of its folder. Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </remarks>
internal interface IStoreFileSystem
{
    /// <summary>Makes a folder and its parents; nothing where it exists.</summary>
    void CreateFolder(string path);

    /// <summary>Makes a new file for writing; fails where the name is taken.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">How many bytes are going to be written: it decides how best to write them, and binds nobody.</param>
    IStoreFile CreateFile(string path, long bytes);

    /// <summary>Reads a whole file; null where it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">A longer file is not read: its length alone is told by a <see cref="FileTooLongException"/>.</param>
    byte[]? Read(string path, long maxBytes);

    /// <summary>Reads a whole file to where the caller wants it; null where it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">A longer file is not read: its length alone is told by a <see cref="FileTooLongException"/>.</param>
    /// <param name="room">Gives as much memory as the file has bytes.</param>
    Memory<byte>? Read(string path, long maxBytes, Func<int, Memory<byte>> room)
    {
        if (Read(path, maxBytes) is not { } bytes)
        {
            return null;
        }

        var target = room(bytes.Length);
        bytes.CopyTo(target);
        return target;
    }

    /// <summary>A file's length; null where it does not exist.</summary>
    long? Length(string path);

    /// <summary>Renames a file, replacing what has the new name, in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; nothing where it does not exist.</summary>
    void Delete(string path);

    /// <summary>Makes the names in a folder survive a power cut.</summary>
    void SyncFolder(string path);

    /// <summary>Names of the files of a folder; empty where it does not exist.</summary>
    IEnumerable<string> Files(string folder);

    /// <summary>Names of the folders of a folder; empty where it does not exist.</summary>
    IEnumerable<string> Folders(string folder);

    /// <summary>Takes an advisory lock that the operating system releases when the process dies; null where another holder is in the way.</summary>
    IDisposable? TryLock(string path, bool exclusive);
}

/// <summary>A file being written.</summary>
internal interface IStoreFile : IDisposable
{
    /// <summary>Appends bytes; like write(2) it may take fewer than it was given.</summary>
    /// <returns>How many it took.</returns>
    int Write(ReadOnlySpan<byte> bytes);

    /// <summary>Makes the bytes survive a power cut.</summary>
    void Sync();
}

/// <summary>A file is longer than the reader accepts.</summary>
internal sealed class FileTooLongException(string path, long length) : IOException($"{path} holds {length} bytes")
{
    /// <summary>Its length.</summary>
    public long ActualLength { get; } = length;
}
