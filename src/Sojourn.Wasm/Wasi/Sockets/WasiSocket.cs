using System.Net.Sockets;

namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to use one connection, or to accept connections at one address. Preview 1 cannot make sockets: a guest has
/// those it was handed.</summary>
public abstract class WasiSocket : IDisposable
{
    private protected WasiSocket()
    {
    }

    /// <summary>A connected socket.</summary>
    /// <param name="socket">The socket, which the guest's end closes.</param>
    /// <returns>The capability.</returns>
    public static WasiSocket FromConnected(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return new ConnectedSocket(new SocketEnd(socket));
    }

    /// <summary>A listening socket, whose connections the guest may accept.</summary>
    /// <param name="socket">The socket, bound and listening; the guest's end closes it.</param>
    /// <returns>The capability.</returns>
    public static WasiSocket FromListening(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return new ListeningSocket(socket);
    }

    /// <summary>A connection made of a stream in each direction, held by the host.</summary>
    /// <param name="input">What the guest receives.</param>
    /// <param name="output">What the guest sends.</param>
    /// <returns>The capability.</returns>
    public static WasiSocket FromStreams(WasiStream input, WasiStream output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        return new ConnectedSocket(new StreamEnd(input, output));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    internal abstract WasiHandle Open();

    private protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class ConnectedSocket(SocketEndpoint end) : WasiSocket
    {
        internal override WasiHandle Open() => new SocketHandle(end);

        private protected override void Dispose(bool disposing) => end.Dispose();
    }

    private sealed class ListeningSocket(Socket socket) : WasiSocket
    {
        internal override WasiHandle Open() => new ListenerHandle(socket);

        private protected override void Dispose(bool disposing) => socket.Dispose();
    }
}
