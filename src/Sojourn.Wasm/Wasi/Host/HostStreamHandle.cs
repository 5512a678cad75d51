using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>A pipe or device found in a host directory. The descriptor never blocks by itself, so that a wait can be cut short.</summary>
internal sealed unsafe class HostStreamHandle(SafeFileHandle file, FileType type) : WasiHandle
{
    private const int WaitSliceMilliseconds = 50;

    public override FileType Type => type;

    public override Rights ApplicableRights => Rights.Stream;

    public override Errno Stat(out Filestat stat) => HostNode.Stat(file, out stat);

    public override Errno SetTimes(TimesUpdate times) => HostNode.SetTimes(file, times);

    public override Errno ReadStream(Span<byte> buffer, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                var got = Libc.Read(file, start, (nuint)buffer.Length);
                count = (int)Math.Max(0, got);
                if (got >= 0)
                {
                    return Errno.Success;
                }

                var errno = Libc.LastError;
                if (errno == Libc.Eintr)
                {
                    continue;
                }

                if (errno != Libc.Eagain || nonBlocking)
                {
                    return HostErrno.From(errno);
                }

                Wait(file, Libc.PollIn, WaitSliceMilliseconds);
            }
        }
    }

    public override Errno WriteStream(ReadOnlySpan<byte> data, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        fixed (byte* start = data)
        {
            while (count < data.Length)
            {
                cancellation.ThrowIfCancellationRequested();
                var put = Libc.Write(file, start + count, (nuint)(data.Length - count));
                if (put >= 0)
                {
                    count += (int)put;
                    continue;
                }

                var errno = Libc.LastError;
                if (errno == Libc.Eintr)
                {
                    continue;
                }

                if (errno != Libc.Eagain || nonBlocking)
                {
                    return count > 0 ? Errno.Success : HostErrno.From(errno);
                }

                Wait(file, Libc.PollOut, WaitSliceMilliseconds);
            }
        }

        return Errno.Success;
    }

    public override Readiness Poll(bool forWriting)
    {
        var returned = Wait(file, forWriting ? Libc.PollOut : Libc.PollIn, 0);
        return returned == 0 ? Readiness.NotReady : Readiness.Ready(hungUp: (returned & Libc.PollHup) != 0);
    }

    public override void Dispose() => file.Dispose();

    /// <summary>poll(2) on one descriptor.</summary>
    public static short Wait(SafeFileHandle file, short events, int timeoutMilliseconds)
    {
        var entry = new Libc.PollEntry { Fd = (int)file.DangerousGetHandle(), Events = events };
        return Libc.Poll(&entry, 1, timeoutMilliseconds) > 0 ? entry.Returned : (short)0;
    }
}
