using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>
/// A TPM at the other end of a stream socket, as swtpm offers it: commands and answers one after the other, with no framing but their own headers. The socket stays in
/// blocking mode: an answer that comes within milliseconds is taken by the caller's thread, which costs half of what the platform's asynchronous sockets do; a slow one is waited
/// for by a thread of the pool.
/// </summary>
internal sealed class StreamTpmTransport(string name, Func<Socket> make, Action<Socket> connect) : ITpmTransport
{
    public const int AnswerBytesMax = 8192;
    private const int HeaderLength = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(5);
    private Socket? socket;

    public string Name => name;

    public static StreamTpmTransport Tcp(string host, int port) => new(
        $"tcp:{host}:{port}", () => new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, socket => socket.Connect(host, port));

    public static StreamTpmTransport Unix(string path) => new(
        $"unix:{path}", () => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), socket => socket.Connect(new UnixDomainSocketEndPoint(path)));

    public async ValueTask<byte[]> ExchangeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellation)
    {
        var open = socket ?? await ConnectAsync(cancellation).ConfigureAwait(false);
        // A thread that waits in the kernel is woken by nothing but the end of the socket.
        using var ending = cancellation.UnsafeRegister(static state => ((Socket)state!).Dispose(), open);
        try
        {
            for (var rest = command; rest.Length > 0;)
            {
                rest = rest[open.Send(rest.Span)..];
            }

            return open.Poll(Patience, SelectMode.SelectRead)
                ? Receive(open)
                : await Task.Run(() => Receive(open), CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new TpmException(TpmFailure.Disconnected, $"The TPM at {name} went away in the middle of an answer ({e.Message}).", inner: e);
        }
    }

    public ValueTask DisposeAsync()
    {
        socket?.Dispose();
        socket = null;
        return ValueTask.CompletedTask;
    }

    private async ValueTask<Socket> ConnectAsync(CancellationToken cancellation)
    {
        Socket? made = null;
        try
        {
            made = make();
            await Task.Run(() => connect(made), CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);
            return socket = made;
        }
        catch (Exception e) when (e is IOException or SocketException or ArgumentException)
        {
            made?.Dispose();
            throw new TpmException(TpmFailure.Unreachable, $"The TPM at {name} cannot be reached ({e.Message}). Is it running, and is the address right?", inner: e);
        }
        catch (OperationCanceledException)
        {
            made?.Dispose();
            throw;
        }
    }

    private byte[] Receive(Socket open)
    {
        var buffer = new byte[AnswerBytesMax];
        var got = 0;
        var length = HeaderLength;
        while (got < length)
        {
            var read = open.Receive(buffer.AsSpan(got));
            got += read > 0 ? read : throw new IOException("the connection ended");
            if (length == HeaderLength && got >= HeaderLength)
            {
                var announced = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(2));
                length = announced is >= HeaderLength and <= AnswerBytesMax
                    ? (int)announced
                    : throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {name} announces an answer of {announced} bytes; {HeaderLength} to {AnswerBytesMax} are possible.");
            }
        }

        return got == length
            ? buffer[..length]
            : throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {name} sent more than the {length} bytes that its answer announced.");
    }
}
