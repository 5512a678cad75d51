using System.Globalization;
using System.Runtime.InteropServices;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Cache;

/// <summary>System calls that the platform does not offer.</summary>
internal static unsafe partial class Native
{
    private const int ResourceCpu = 0;
    private const int ResourceData = 2;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>The user that a file or folder belongs to; null where that cannot be told.</summary>
    public static uint? OwnerOf(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var record = default(Libc.StatxRecord);
        return Statx(Libc.AtFdCwd, path, 0, Libc.StatxBasic, &record) == 0 ? record.User : null;
    }

    /// <summary>Has the kernel end a process that computes or allocates beyond limits, even if ours is gone by then.</summary>
    public static void Limit(int process, long cpuSeconds, long dataBytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var cpu = stackalloc long[2] { cpuSeconds, cpuSeconds + 1 };
        var data = stackalloc long[2] { dataBytes, dataBytes };
        _ = ResourceLimit(process, ResourceCpu, cpu, null);
        _ = ResourceLimit(process, ResourceData, data, null);
    }

    /// <summary>What a process has taken of what <see cref="Limit"/> bounds, in bytes; 0 where that cannot be told.</summary>
    public static long DataOf(int process)
    {
        const string Field = "VmData:";
        try
        {
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")))
            {
                if (line.StartsWith(Field, StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan(Field.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) << 10;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException)
        {
            // It has ended, or this is no Linux.
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Libc.StatxRecord* record);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int ResourceLimit(int process, int resource, long* limit, long* old);
}
