using System.Net.Sockets;

namespace Sojourn.Wasm.Wasi;

/// <summary>One end of a connection.</summary>
internal abstract class SocketEndpoint : IDisposable
{
    public abstract bool CanReceiveNow { get; }

    public abstract bool CanSendNow { get; }

    /// <summary>Receives; with <paramref name="peek"/> the bytes stay.</summary>
    public abstract Errno Receive(Span<byte> buffer, bool peek, CancellationToken cancellation, out int count);

    public abstract Errno Send(ReadOnlySpan<byte> data, CancellationToken cancellation, out int count);

    public abstract Errno Shutdown(bool receive, bool send);

    public abstract void Dispose();
}

/// <summary>An end that is a socket of the platform.</summary>
internal sealed class SocketEnd(Socket socket) : SocketEndpoint
{
    private static readonly TimeSpan WaitSlice = TimeSpan.FromMilliseconds(50);

    public override bool CanReceiveNow => socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);

    public override bool CanSendNow => socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite);

    public override Errno Receive(Span<byte> buffer, bool peek, CancellationToken cancellation, out int count)
    {
        count = 0;
        try
        {
            while (!socket.Poll(WaitSlice, SelectMode.SelectRead))
            {
                cancellation.ThrowIfCancellationRequested();
            }

            count = socket.Receive(buffer, peek ? SocketFlags.Peek : SocketFlags.None, out var error);
            return SocketErrno.From(error);
        }
        catch (SocketException e)
        {
            return SocketErrno.From(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            return Errno.NotConn;
        }
    }

    public override Errno Send(ReadOnlySpan<byte> data, CancellationToken cancellation, out int count)
    {
        count = 0;
        try
        {
            while (!socket.Poll(WaitSlice, SelectMode.SelectWrite))
            {
                cancellation.ThrowIfCancellationRequested();
            }

            count = socket.Send(data, SocketFlags.None, out var error);
            return SocketErrno.From(error);
        }
        catch (SocketException e)
        {
            return SocketErrno.From(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            return Errno.NotConn;
        }
    }

    public override Errno Shutdown(bool receive, bool send)
    {
        try
        {
            socket.Shutdown(receive && send ? SocketShutdown.Both : receive ? SocketShutdown.Receive : SocketShutdown.Send);
            return Errno.Success;
        }
        catch (SocketException e)
        {
            return SocketErrno.From(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            return Errno.NotConn;
        }
    }

    public override void Dispose() => socket.Dispose();
}

/// <summary>An end made of streams; it keeps what was peeked at.</summary>
internal sealed class StreamEnd(WasiStream input, WasiStream output) : SocketEndpoint
{
    private byte[] _peeked = [];
    private bool _receiveShut;
    private bool _sendShut;

    public override bool CanReceiveNow => _peeked.Length > 0 || _receiveShut || input.CanReadNow;

    public override bool CanSendNow => _sendShut || output.CanWriteNow;

    public override Errno Receive(Span<byte> buffer, bool peek, CancellationToken cancellation, out int count)
    {
        count = 0;
        if (_receiveShut)
        {
            return Errno.Success;
        }

        try
        {
            if (_peeked.Length == 0 && peek)
            {
                var seen = new byte[buffer.Length];
                _peeked = seen[..input.Read(seen, cancellation)];
            }

            if (_peeked.Length > 0)
            {
                count = Math.Min(buffer.Length, _peeked.Length);
                _peeked.AsSpan(0, count).CopyTo(buffer);
                _peeked = peek ? _peeked : _peeked[count..];
            }
            else if (!peek)
            {
                count = input.Read(buffer, cancellation);
            }

            return Errno.Success;
        }
        catch (NotSupportedException)
        {
            return Errno.NotConn;
        }
        catch (IOException)
        {
            return Errno.ConnReset;
        }
    }

    public override Errno Send(ReadOnlySpan<byte> data, CancellationToken cancellation, out int count)
    {
        count = 0;
        if (_sendShut)
        {
            return Errno.Pipe;
        }

        try
        {
            count = output.Write(data, cancellation);
            return count == 0 && data.Length > 0 ? Errno.NoBufs : Errno.Success;
        }
        catch (NotSupportedException)
        {
            return Errno.NotConn;
        }
        catch (IOException)
        {
            return Errno.Pipe;
        }
    }

    public override Errno Shutdown(bool receive, bool send)
    {
        _receiveShut |= receive;
        _sendShut |= send;
        return Errno.Success;
    }

    public override void Dispose()
    {
    }
}

/// <summary>The platform's socket errors to WASI's.</summary>
internal static class SocketErrno
{
    public static Errno From(SocketError error) => error switch
    {
        SocketError.Success => Errno.Success,
        SocketError.WouldBlock or SocketError.IOPending => Errno.Again,
        SocketError.ConnectionReset => Errno.ConnReset,
        SocketError.ConnectionAborted => Errno.ConnAborted,
        SocketError.NotConnected => Errno.NotConn,
        SocketError.Shutdown => Errno.Pipe,
        SocketError.TimedOut => Errno.TimedOut,
        SocketError.Interrupted => Errno.Intr,
        SocketError.NetworkDown => Errno.NetDown,
        SocketError.NetworkUnreachable => Errno.NetUnreach,
        SocketError.NetworkReset => Errno.NetReset,
        SocketError.HostUnreachable => Errno.HostUnreach,
        SocketError.NoBufferSpaceAvailable => Errno.NoBufs,
        SocketError.OperationNotSupported => Errno.NotSup,
        SocketError.InvalidArgument => Errno.Inval,
        SocketError.TooManyOpenSockets => Errno.MFile,
        _ => Errno.Io,
    };
}
