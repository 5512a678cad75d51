using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>An open regular file of the host.</summary>
internal sealed unsafe class HostFileHandle(SafeFileHandle file) : WasiHandle
{
    private const int WriteAppending = 0x10;

    public override FileType Type => FileType.RegularFile;

    public override Rights ApplicableRights => Rights.RegularFile;

    public override bool IsSeekable => true;

    public override Errno Stat(out Filestat stat) => HostNode.Stat(file, out stat);

    public override Errno SetTimes(TimesUpdate times) => HostNode.SetTimes(file, times);

    public override Errno Sync(bool dataOnly) => HostNode.Sync(file, dataOnly);

    public override Errno SetSize(ulong size) => Libc.Ftruncate(file, (long)size) == 0 ? Errno.Success : HostErrno.Last();

    public override Errno Allocate(ulong offset, ulong length)
    {
        int errno;
        do
        {
            errno = Libc.PosixFallocate(file, (long)offset, (long)length);
        }
        while (errno == Libc.Eintr);

        return HostErrno.From(errno);
    }

    public override Errno ReadAt(ulong offset, Span<byte> buffer, out int count)
    {
        count = 0;
        fixed (byte* start = buffer)
        {
            while (count < buffer.Length)
            {
                var got = Libc.Pread(file, start + count, (nuint)(buffer.Length - count), (long)offset + count);
                if (got < 0)
                {
                    if (Libc.LastError == Libc.Eintr)
                    {
                        continue;
                    }

                    return count > 0 ? Errno.Success : HostErrno.Last();
                }

                if (got == 0)
                {
                    break;
                }

                count += (int)got;
            }
        }

        return Errno.Success;
    }

    public override Errno WriteAt(ulong offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        fixed (byte* start = data)
        {
            while (count < data.Length)
            {
                var put = Libc.Pwrite(file, start + count, (nuint)(data.Length - count), (long)offset + count);
                if (put < 0)
                {
                    if (Libc.LastError == Libc.Eintr)
                    {
                        continue;
                    }

                    return count > 0 ? Errno.Success : HostErrno.Last();
                }

                count += (int)put;
            }
        }

        return Errno.Success;
    }

    public override Errno Append(ReadOnlySpan<byte> data, out int count, out ulong end)
    {
        count = 0;
        end = 0;
        var errno = Errno.Success;
        fixed (byte* start = data)
        {
            while (count < data.Length)
            {
                var vector = new Libc.IoVector { Base = start + count, Length = (nuint)(data.Length - count) };
                // RWF_APPEND writes at the end in one step, whoever else appends.
                var put = Libc.Pwritev2(file, &vector, 1, 0, WriteAppending);
                if (put < 0)
                {
                    if (Libc.LastError == Libc.Eintr)
                    {
                        continue;
                    }

                    errno = count > 0 ? Errno.Success : HostErrno.Last();
                    break;
                }

                count += (int)put;
            }
        }

        if (Stat(out var stat) == Errno.Success)
        {
            end = stat.Size;
        }

        return errno;
    }

    public override void Dispose() => file.Dispose();
}
