using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>One of the process's own standard streams, by its descriptor, so that readiness can be asked and waits cut short.</summary>
internal sealed unsafe class HostStream : WasiStream
{
    private const int WaitSliceMilliseconds = 50;

    private readonly SafeFileHandle _file;

    public HostStream(int fd)
    {
        _file = new SafeFileHandle(fd, ownsHandle: false);
        IsTerminal = Libc.IsATerminal(fd) == 1;
    }

    public override bool IsTerminal { get; }

    protected internal override bool CanReadNow => HostStreamHandle.Wait(_file, Libc.PollIn, 0) != 0;

    protected internal override bool CanWriteNow => HostStreamHandle.Wait(_file, Libc.PollOut, 0) != 0;

    protected internal override int Read(Span<byte> buffer, CancellationToken cancellation)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                while (cancellation.CanBeCanceled && HostStreamHandle.Wait(_file, Libc.PollIn, WaitSliceMilliseconds) == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }

                var got = Libc.Read(_file, start, (nuint)buffer.Length);
                if (got >= 0)
                {
                    return (int)got;
                }

                Retry(Libc.PollIn, cancellation);
            }
        }
    }

    protected internal override int Write(ReadOnlySpan<byte> data, CancellationToken cancellation)
    {
        var done = 0;
        fixed (byte* start = data)
        {
            while (done < data.Length)
            {
                var put = Libc.Write(_file, start + done, (nuint)(data.Length - done));
                if (put >= 0)
                {
                    done += (int)put;
                }
                else
                {
                    Retry(Libc.PollOut, cancellation);
                }
            }
        }

        return done;
    }

    private void Retry(short events, CancellationToken cancellation)
    {
        var errno = Libc.LastError;
        switch (errno)
        {
            case Libc.Eintr:
                break;
            case Libc.Eagain:
                cancellation.ThrowIfCancellationRequested();
                HostStreamHandle.Wait(_file, events, WaitSliceMilliseconds);
                break;
            default:
                throw new IOException($"The stream failed: {HostErrno.From(errno)}.", errno);
        }
    }
}
