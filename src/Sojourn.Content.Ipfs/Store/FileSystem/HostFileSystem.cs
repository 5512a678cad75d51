using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Content.Ipfs.Store.FileSystem;

/// <summary>The operating system's file system.</summary>
internal sealed partial class HostFileSystem : IStoreFileSystem
{
    /// <summary>The one instance.</summary>
    public static readonly HostFileSystem Instance = new();

    private HostFileSystem()
    {
    }

    /// <inheritdoc/>
    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    /// <inheritdoc/>
    public IStoreFile CreateFile(string path, long bytes)
        => (bytes >= DirectFile.BytesMin ? DirectFile.TryCreate(path) : null)
           ?? (IStoreFile)new HostFile(File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));

    /// <inheritdoc/>
    public byte[]? Read(string path, long maxBytes)
    {
        byte[] bytes = [];
        return Read(path, maxBytes, length => bytes = GC.AllocateUninitializedArray<byte>(length)) is { } read
            ? read.Length == bytes.Length ? bytes : read.ToArray()
            : null;
    }

    /// <inheritdoc/>
    public Memory<byte>? Read(string path, long maxBytes, Func<int, Memory<byte>> room)
    {
        try
        {
            // FileShare.ReadWrite | Delete keeps the runtime from taking a lock: a block file never changes once it has its name.
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);
            if (length > maxBytes)
            {
                throw new FileTooLongException(path, length);
            }

            var bytes = room((int)length);
            var read = 0;
            while (read < bytes.Length)
            {
                var got = RandomAccess.Read(handle, bytes.Span[read..], read);
                if (got == 0)
                {
                    return bytes[..read];
                }

                read += got;
            }

            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public long? Length(string path)
    {
        var info = new FileInfo(path);
        return info.Exists ? info.Length : null;
    }

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Its folder is gone, and the file with it.
        }
    }

    /// <inheritdoc/>
    public void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // NTFS journals names itself and offers no call for this.
            return;
        }

        var descriptor = Native.Open(path, 0);
        if (descriptor < 0)
        {
            throw Failure(path);
        }

        try
        {
            if (Native.Fsync(descriptor) != 0)
            {
                throw Failure(path);
            }
        }
        finally
        {
            _ = Native.Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> Files(string folder) => Names(folder, Directory.EnumerateFiles);

    /// <inheritdoc/>
    public IEnumerable<string> Folders(string folder) => Names(folder, Directory.EnumerateDirectories);

    /// <inheritdoc/>
    public IDisposable? TryLock(string path, bool exclusive)
    {
        try
        {
            // The runtime maps FileShare.None to flock(LOCK_EX) and other shares to flock(LOCK_SH), both without waiting.
            return new FileStream(path, FileMode.OpenOrCreate, exclusive ? FileAccess.ReadWrite : FileAccess.Read, exclusive ? FileShare.None : FileShare.Read, 1);
        }
        catch (IOException e) when (e.HResult is 11 or 35 || (OperatingSystem.IsWindows() && (e.HResult & 0xFFFF) is 32 or 33))
        {
            // EWOULDBLOCK (Linux, macOS) or a sharing violation: somebody holds it.
            return null;
        }
    }

    private static IEnumerable<string> Names(string folder, Func<string, IEnumerable<string>> list)
    {
        try
        {
            return list(folder).Select(path => Path.GetFileName(path));
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static IOException Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: {path}", error);
    }

    private sealed class HostFile(SafeFileHandle handle) : IStoreFile
    {
        private long position;

        public int Write(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(handle, bytes, position);
            position += bytes.Length;
            return bytes.Length;
        }

        public void Sync() => RandomAccess.FlushToDisk(handle);

        public void Dispose() => handle.Dispose();
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int Open(string path, int flags);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int Fsync(int descriptor);

        [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int Close(int descriptor);
    }
}
