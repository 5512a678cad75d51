using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Run;

/// <summary>Address space apart from memory: reserve much, commit what is used.</summary>
internal static partial class VirtualMemory
{
    public const int PageSize = 4096;
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivate = 2;
    private static readonly int MapAnonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
    private static readonly int MapNoReserve = OperatingSystem.IsMacOS() ? 0x40 : 0x4000;

    /// <summary>Reserves inaccessible address space; zero where there is none left.</summary>
    public static nint Reserve(long size)
    {
        if (OperatingSystem.IsWindows())
        {
            return VirtualAlloc(0, (nuint)size, 0x2000, 1);
        }

        var at = Map(0, (nuint)size, ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        return at == -1 ? 0 : at;
    }

    /// <summary>Makes pages of a reservation readable and writable; fresh ones read as zero.</summary>
    public static bool Commit(nint at, long size) => size == 0 || (OperatingSystem.IsWindows()
        ? VirtualAlloc(at, (nuint)size, 0x1000, 4) != 0
        : Protect(at, (nuint)size, ProtReadWrite) == 0);

    /// <summary>Makes pages readable and executable, no longer writable.</summary>
    public static bool MakeExecutable(nint at, long size) => Protect(at, (nuint)size, 5) == 0;

    /// <summary>Takes the rights away but keeps the contents.</summary>
    public static void Forbid(nint at, long size) => Protect(at, (nuint)size, ProtNone);

    /// <summary>Makes pages inaccessible but keeps the reservation; what they held is lost.</summary>
    public static void Decommit(nint at, long size)
    {
        if (size == 0)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            VirtualFree(at, (nuint)size, 0x4000);
            return;
        }

        // Mapping anew both drops the pages and takes the rights away.
        Map(at, (nuint)size, ProtNone, MapPrivate | MapAnonymous | MapNoReserve | 0x10, -1, 0);
    }

    /// <summary>Drops what committed pages held: they read as zero again.</summary>
    public static void Zero(nint at, long size)
    {
        if (size == 0)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            Advise(at, (nuint)size, 4);
            return;
        }

        Decommit(at, size);
        Commit(at, size);
    }

    /// <summary>Shows a file's bytes in committed pages; what is written there stays there. <see cref="Zero"/> then brings the file's bytes back. Linux only.</summary>
    public static bool MapFile(nint at, long size, Microsoft.Win32.SafeHandles.SafeFileHandle file) =>
        Map(at, (nuint)size, ProtReadWrite, MapPrivate | 0x10, (int)file.DangerousGetHandle(), 0) == at;

    /// <summary>Gives the reservation back.</summary>
    public static void Release(nint at, long size)
    {
        if (OperatingSystem.IsWindows())
        {
            VirtualFree(at, 0, 0x8000);
        }
        else
        {
            Unmap(at, (nuint)size);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(nint address, nuint size, uint type);
}
