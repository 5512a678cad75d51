using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>What files and directories of the host have in common.</summary>
internal static unsafe class HostNode
{
    public static Errno Stat(SafeFileHandle handle, out Filestat stat) => Stat(handle, out stat, out _);

    public static Errno Stat(SafeFileHandle handle, out Filestat stat, out ushort mode)
    {
        stat = default;
        mode = 0;
        Libc.StatxRecord record;
        fixed (byte* empty = "\0"u8)
        {
            if (Libc.Statx(handle, empty, Libc.AtEmptyPath | Libc.AtSymlinkNoFollow, Libc.StatxBasic, &record) < 0)
            {
                return HostErrno.Last();
            }
        }

        mode = record.Mode;
        stat = new Filestat(
            ((ulong)record.DevMajor << 32) | record.DevMinor, record.Inode, TypeOf(record.Mode), record.Links, record.Size,
            Nanoseconds(record.Access), Nanoseconds(record.Modify), Nanoseconds(record.Change));
        return Errno.Success;
    }

    public static Errno SetTimes(SafeFileHandle handle, TimesUpdate update)
    {
        var times = stackalloc Libc.TimeSpec[2];
        times[0] = Spec(update.Access);
        times[1] = Spec(update.Modify);
        fixed (byte* empty = "\0"u8)
        {
            if (Libc.UtimensAt(handle, empty, times, Libc.AtEmptyPath) == 0)
            {
                return Errno.Success;
            }

            if (Libc.LastError != Libc.Einval)
            {
                return HostErrno.Last();
            }
        }

        // Before Linux 5.8 the call refuses the empty path; the descriptor has a name under /proc.
        fixed (byte* magic = GuestPath.ToNative($"/proc/self/fd/{handle.DangerousGetHandle()}"))
        {
            return Libc.UtimensAt(Libc.AtFdCwd, magic, times, 0) == 0 ? Errno.Success : HostErrno.Last();
        }
    }

    public static Errno Sync(SafeFileHandle handle, bool dataOnly) =>
        (dataOnly ? Libc.Fdatasync(handle) : Libc.Fsync(handle)) == 0 ? Errno.Success : HostErrno.Last();

    /// <summary>The type in the upper bits of a mode.</summary>
    public static FileType TypeOf(int mode) => (mode & 0xf000) switch
    {
        0x2000 => FileType.CharacterDevice,
        0x4000 => FileType.Directory,
        0x6000 => FileType.BlockDevice,
        0x8000 => FileType.RegularFile,
        0xa000 => FileType.SymbolicLink,
        0xc000 => FileType.SocketStream,
        _ => FileType.Unknown,
    };

    private static ulong Nanoseconds(Libc.StatxTime time)
    {
        // Times before 1970 or past 2554 do not fit the guest's type.
        if (time.Seconds < 0)
        {
            return 0;
        }

        var value = ((UInt128)(ulong)time.Seconds * 1_000_000_000) + time.Nanoseconds;
        return value > ulong.MaxValue ? ulong.MaxValue : (ulong)value;
    }

    private static Libc.TimeSpec Spec(ulong? nanoseconds) => nanoseconds is { } value
        ? new Libc.TimeSpec { Seconds = (long)(value / 1_000_000_000), Nanoseconds = (long)(value % 1_000_000_000) }
        : new Libc.TimeSpec { Nanoseconds = Libc.NanosecondsOmit };
}
