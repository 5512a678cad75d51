using System.Net.Sockets;

namespace Sojourn.Wasm.Wasi;

/// <summary>A connection behind a descriptor.</summary>
internal sealed class SocketHandle(SocketEndpoint end) : WasiHandle
{
    public override FileType Type => FileType.SocketStream;

    public override Rights ApplicableRights => Rights.Socket;

    public override Errno Stat(out Filestat stat)
    {
        stat = new Filestat(0, 0, Type, 1, 0, 0, 0, 0);
        return Errno.Success;
    }

    public override Errno ReadStream(Span<byte> buffer, bool nonBlocking, CancellationToken cancellation, out int count) =>
        Receive(buffer, peek: false, nonBlocking, cancellation, out count);

    public override Errno WriteStream(ReadOnlySpan<byte> data, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        return nonBlocking && !end.CanSendNow ? Errno.Again : end.Send(data, cancellation, out count);
    }

    public Errno Receive(Span<byte> buffer, bool peek, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        return nonBlocking && !end.CanReceiveNow ? Errno.Again : end.Receive(buffer, peek, cancellation, out count);
    }

    public Errno Shutdown(bool receive, bool send) => end.Shutdown(receive, send);

    public override Readiness Poll(bool forWriting) =>
        (forWriting ? end.CanSendNow : end.CanReceiveNow) ? Readiness.Ready() : Readiness.NotReady;

    public override void Dispose() => end.Dispose();
}

/// <summary>A listening socket behind a descriptor.</summary>
internal sealed class ListenerHandle(Socket socket) : WasiHandle
{
    private static readonly TimeSpan WaitSlice = TimeSpan.FromMilliseconds(50);

    public override FileType Type => FileType.SocketStream;

    public override Rights ApplicableRights => Rights.Listener;

    public override Errno Stat(out Filestat stat)
    {
        stat = new Filestat(0, 0, Type, 1, 0, 0, 0, 0);
        return Errno.Success;
    }

    public override Errno ReadStream(Span<byte> buffer, bool nonBlocking, CancellationToken cancellation, out int count)
    {
        count = 0;
        return Errno.NotConn;
    }

    public Errno Accept(bool nonBlocking, CancellationToken cancellation, out SocketHandle? accepted)
    {
        accepted = null;
        try
        {
            while (!socket.Poll(nonBlocking ? TimeSpan.Zero : WaitSlice, SelectMode.SelectRead))
            {
                if (nonBlocking)
                {
                    return Errno.Again;
                }

                cancellation.ThrowIfCancellationRequested();
            }

            accepted = new SocketHandle(new SocketEnd(socket.Accept()));
            return Errno.Success;
        }
        catch (SocketException e)
        {
            return SocketErrno.From(e.SocketErrorCode);
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException)
        {
            return Errno.Inval;
        }
    }

    public override Readiness Poll(bool forWriting) =>
        !forWriting && socket.Poll(TimeSpan.Zero, SelectMode.SelectRead) ? Readiness.Ready() : Readiness.NotReady;

    public override void Dispose() => socket.Dispose();
}
