using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Cli.Running;

/// <summary>Files that are files: a pipe would be waited for without end, a device read without end.</summary>
internal static partial class RegularFiles
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int EmptyPath = 0x1000;
    private const uint WantType = 1;
    private const int ModeAt = 28;
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>Opens a file to read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Whether a link in its place is followed.</param>
    /// <exception cref="CliException">It is something else.</exception>
    public static FileStream OpenRead(string path, bool followLinks = true)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return File.OpenRead(path);
        }

        // O_NOFOLLOW has another bit on each; the rest is the same.
        var noFollow = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 0x20000 : 0x8000;
        var handle = new SafeFileHandle(Open(path, CloseOnExec | NonBlocking | (followLinks ? 0 : noFollow)), ownsHandle: true);
        if (handle.IsInvalid)
        {
            handle.Dispose();

            // The platform's own words for why.
            return followLinks || new FileInfo(path).LinkTarget is null ? File.OpenRead(path) : throw new CliException(ExitCode.BadInput, $"{path} became a link while it was read");
        }

        // struct statx has one layout on every machine; stx_mode stands at 28.
        var status = new byte[256];
        if (Status(handle, "", EmptyPath, WantType, status) != 0 || (BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(ModeAt)) & TypeMask) != Regular)
        {
            handle.Dispose();
            if (Directory.Exists(path))
            {
                throw new CliException(ExitCode.BadInput, $"{path} is a folder; a file was expected", "Name a file in it.");
            }

            throw new CliException(ExitCode.BadInput, $"{path} is neither a file nor a folder (a pipe, a socket or a device)", "Write what it gives into a file first.");
        }

        return new FileStream(handle, FileAccess.Read, 0);
    }

    /// <summary>Makes a file that must not be there yet, readable for its owner alone. A link in its place is not followed.</summary>
    /// <param name="path">The file.</param>
    public static FileStream CreateNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>A name beside a file that nobody can foresee: nothing can be laid in wait there.</summary>
    /// <param name="path">The file.</param>
    public static string Beside(string path) => $"{path}.{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6))}.part";

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Status(SafeFileHandle handle, string path, int flags, uint mask, byte[] status);
}
