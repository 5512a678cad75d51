using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>A TPM at the other end of a stream socket, as swtpm offers it: commands and answers one after the other, with no framing but their own headers.</summary>
internal sealed class StreamTpmTransport(string name, Func<CancellationToken, ValueTask<Stream>> connect) : ITpmTransport
{
    public const int AnswerBytesMax = 8192;
    private const int HeaderLength = 10;
    private Stream? stream;

    public string Name => name;

    public static StreamTpmTransport Tcp(string host, int port) => new($"tcp:{host}:{port}", async cancellation =>
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        return await ConnectAsync(socket, () => socket.ConnectAsync(host, port, cancellation));
    });

    public static StreamTpmTransport Unix(string path) => new($"unix:{path}", async cancellation =>
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        return await ConnectAsync(socket, () => socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation));
    });

    public async ValueTask<byte[]> ExchangeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellation)
    {
        try
        {
            stream ??= await connect(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ArgumentException)
        {
            throw new TpmException(TpmFailure.Unreachable, $"The TPM at {name} cannot be reached ({e.Message}). Is it running, and is the address right?", inner: e);
        }

        try
        {
            await stream.WriteAsync(command, cancellation).ConfigureAwait(false);
            var header = new byte[HeaderLength];
            await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(2));
            if (length is < HeaderLength or > AnswerBytesMax)
            {
                throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {name} announces an answer of {length} bytes; {HeaderLength} to {AnswerBytesMax} are possible.");
            }

            var answer = new byte[length];
            header.CopyTo(answer, 0);
            await stream.ReadExactlyAsync(answer.AsMemory(HeaderLength), cancellation).ConfigureAwait(false);
            return answer;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            throw new TpmException(TpmFailure.Disconnected, $"The TPM at {name} went away in the middle of an answer ({e.Message}).", inner: e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (stream is { } open)
        {
            stream = null;
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(Socket socket, Func<ValueTask> connect)
    {
        try
        {
            await connect().ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
