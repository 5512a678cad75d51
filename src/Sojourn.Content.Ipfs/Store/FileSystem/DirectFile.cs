using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Content.Ipfs.Store.FileSystem;

/// <summary>A large file being written past the page cache.</summary>
/// <remarks>
/// A block is synced at once in any case, so copying it into the page cache and out again only costs a processor, which has hashing to do,
/// and evicts what others would read again. open(2), O_DIRECT: address, offset and length must be multiples of the disk's sector; the last
/// few bytes go the usual way. File systems that cannot do this are written the usual way.
/// </remarks>
internal sealed partial class DirectFile : IStoreFile
{
    /// <summary>Smaller files gain nothing.</summary>
    public const int BytesMin = 128 << 10;

    private const int Interrupted = 4;
    private const int InvalidArgument = 22;
    private readonly SafeFileHandle handle;
    private long position;
    private bool direct = true;

    private DirectFile(SafeFileHandle handle) => this.handle = handle;

    private static int DirectFlag => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x4000,
        Architecture.Arm64 => 0x10000,
        _ => 0,
    };

    /// <summary>Makes a new file; null where it cannot be written this way, and then it does not exist.</summary>
    public static DirectFile? TryCreate(string path)
    {
        const int writeCreateNewCloseOnExec = 0x1 | 0x40 | 0x80 | 0x80000;
        if (!OperatingSystem.IsLinux() || DirectFlag == 0)
        {
            return null;
        }

        // Any failure is told by the usual way of making the file, which has the platform's words for it.
        var descriptor = Native.Open(path, writeCreateNewCloseOnExec | DirectFlag, 0x1b6);
        if (descriptor >= 0)
        {
            return new DirectFile(new SafeFileHandle(descriptor, ownsHandle: true));
        }

        if (Marshal.GetLastPInvokeError() == InvalidArgument)
        {
            // Some kernels make the name before they look at the flag.
            File.Delete(path);
        }

        return null;
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        var whole = bytes.Length & ~(PageMemory.PageBytes - 1);
        if (direct && whole > 0 && position % PageMemory.PageBytes == 0 && TryWriteDirect(bytes[..whole], out var written))
        {
            position += written;
            return written;
        }

        if (direct)
        {
            direct = false;
            if (Native.Control(handle, 4 /* F_SETFL */, 0) != 0)
            {
                throw Failure();
            }
        }

        RandomAccess.Write(handle, bytes, position);
        position += bytes.Length;
        return bytes.Length;
    }

    /// <inheritdoc/>
    public void Sync() => RandomAccess.FlushToDisk(handle);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    /// <summary>False where this file system or memory does not allow it.</summary>
    private unsafe bool TryWriteDirect(ReadOnlySpan<byte> bytes, out int written)
    {
        fixed (byte* first = bytes)
        {
            if ((nuint)first % PageMemory.PageBytes == 0)
            {
                return TryWrite(first, bytes.Length, out written);
            }
        }

        var room = PageBuffers.Rent(bytes.Length);
        try
        {
            bytes.CopyTo(room.Span);
            fixed (byte* first = room.Span)
            {
                return TryWrite(first, bytes.Length, out written);
            }
        }
        finally
        {
            PageBuffers.Return(room);
        }
    }

    // The caller keeps the memory in place during the call, which ends only when the disk has taken the bytes.
    private unsafe bool TryWrite(byte* first, int count, out int written)
    {
        while (true)
        {
            written = (int)Native.Write(handle, first, (nuint)count, position);
            if (written >= 0)
            {
                return true;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    continue;
                case InvalidArgument:
                    return false;
                default:
                    throw Failure();
            }
        }
    }

    private static IOException Failure()
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int Open(string path, int flags, uint mode);

        [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static unsafe partial nint Write(SafeFileHandle handle, byte* bytes, nuint count, long offset);

        [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static partial int Control(SafeFileHandle handle, int command, int argument);
    }
}
