using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to use a directory of the host (Linux).</summary>
/// <remarks>The directory is opened once; from then on the guest holds it, whatever is done to its path. Nothing outside it can be
/// reached, see <c>Beneath</c>. Symbolic links inside it that lead outside are shown but not followed.</remarks>
public sealed unsafe class HostDirectory : WasiDirectory, IDisposable
{
    private readonly SafeFileHandle _directory;

    private HostDirectory(SafeFileHandle directory, bool isReadOnly)
    {
        _directory = directory;
        IsReadOnly = isReadOnly;
    }

    /// <inheritdoc/>
    public override bool IsReadOnly { get; }

    internal override bool IsDeterministic => false;

    /// <summary>Opens a directory.</summary>
    /// <param name="path">A path of the host, links in it followed.</param>
    /// <param name="readOnly">Whether guests may change nothing in it.</param>
    /// <returns>The capability; closing it leaves guests that have it already be.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such directory, or it may not be opened.</exception>
    /// <exception cref="PlatformNotSupportedException">The host is not Linux.</exception>
    public static HostDirectory Open(string path, bool readOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Host directories need Linux; use an InMemoryFileSystem.");
        }

        fixed (byte* native = GuestPath.ToNative(path))
        {
            var fd = Libc.OpenAt(Libc.AtFdCwd, native, Libc.ReadOnly | Libc.Directory | Libc.CloseOnExec, 0);
            if (fd < 0)
            {
                throw new DirectoryNotFoundException($"Cannot open the directory '{path}': {HostErrno.Last()}.");
            }

            return new HostDirectory(new SafeFileHandle(fd, ownsHandle: true), readOnly);
        }
    }

    /// <inheritdoc/>
    public override WasiDirectory AsReadOnly() => IsReadOnly ? this : new HostDirectory(_directory, isReadOnly: true);

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    internal override DirectoryHandle Open(WasiClock? clock)
    {
        fixed (byte* dot = ".\0"u8)
        {
            // A descriptor of its own for each guest: the place of a listing must not be shared.
            var fd = Libc.OpenAt(_directory, dot, Libc.ReadOnly | Libc.Directory | Libc.CloseOnExec, 0);
            if (fd < 0)
            {
                throw new IOException($"Cannot open the directory for a guest: {HostErrno.Last()}.");
            }

            return new HostDirectoryHandle(new SafeFileHandle(fd, ownsHandle: true), isBase: true);
        }
    }
}
