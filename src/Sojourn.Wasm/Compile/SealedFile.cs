using System.Globalization;
using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Compile;

/// <summary>Files in memory that nobody can change.</summary>
internal static unsafe partial class SealedFile
{
    private const uint CloseOnExec = 1;
    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int SealAll = 1 | 2 | 4 | 8;

    /// <summary>Makes a file of some bytes.</summary>
    /// <returns>A path by which this process can open it for as long as it runs; null where the machine has no such files.</returns>
    public static string? Create(ReadOnlySpan<byte> bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var file = MemoryFile("wasm-code", CloseOnExec | AllowSealing);
        if (file < 0)
        {
            return null;
        }

        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var written = Write(file, start + done, (nuint)(bytes.Length - done));
                if (written <= 0)
                {
                    _ = Close(file);
                    return null;
                }

                done += (int)written;
            }
        }

        if (Control(file, AddSeals, SealAll) != 0)
        {
            _ = Close(file);
            return null;
        }

        return string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file}");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
