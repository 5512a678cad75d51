namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>The node's end of the conversation with one enclave.</summary>
/// <param name="input">From the enclave.</param>
/// <param name="output">To the enclave.</param>
public sealed class AsyncChannel(Stream input, Stream output)
{
    private readonly byte[] _header = new byte[FrameLimits.HeaderLength];

    /// <summary>Bytes received and sent so far, frames included.</summary>
    public (long Received, long Sent) Traffic => (_received, _sent);

    private long _received;
    private long _sent;

    /// <summary>Sends one message and flushes it.</summary>
    /// <param name="type">The message.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async ValueTask SendAsync(MessageType type, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        var header = new byte[FrameLimits.HeaderLength];
        Frame.WriteHeader(header, type, payload.Length);
        await output.WriteAsync(header, cancel).ConfigureAwait(false);
        await output.WriteAsync(payload, cancel).ConfigureAwait(false);
        await output.FlushAsync(cancel).ConfigureAwait(false);
        _sent += header.Length + payload.Length;
    }

    /// <summary>Waits for the next message.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The message.</returns>
    /// <exception cref="ChannelException">The stream ended, or the frame breaks a limit.</exception>
    public async ValueTask<Frame> ReceiveAsync(CancellationToken cancel)
    {
        await FillAsync(_header, cancel).ConfigureAwait(false);
        var (type, length) = Frame.ParseHeader(_header);
        var payload = GC.AllocateUninitializedArray<byte>(length);
        await FillAsync(payload, cancel).ConfigureAwait(false);
        _received += _header.Length + length;
        return new Frame(type, payload);
    }

    private async ValueTask FillAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        var read = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        if (read < buffer.Length)
        {
            throw new ChannelException(ChannelFault.Closed, "the enclave closed its end");
        }
    }
}
