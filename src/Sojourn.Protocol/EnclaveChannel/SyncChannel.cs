namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>The enclave's end: synchronous, one frame after the other. One thread receives; any may send.</summary>
/// <param name="input">From the node.</param>
/// <param name="output">To the node.</param>
public sealed class SyncChannel(Stream input, Stream output)
{
    private readonly byte[] _header = new byte[FrameLimits.HeaderLength];
    private readonly Lock _sending = new();

    /// <summary>Sends one message and flushes it.</summary>
    /// <param name="type">The message.</param>
    /// <param name="payload">Its bytes.</param>
    public void Send(MessageType type, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameLimits.HeaderLength];
        Frame.WriteHeader(header, type, payload.Length);
        lock (_sending)
        {
            output.Write(header);
            output.Write(payload);
            output.Flush();
        }
    }

    /// <summary>Waits for the next message.</summary>
    /// <returns>The message; its payload is an array of its own.</returns>
    /// <exception cref="ChannelException">The stream ended, or the frame breaks a limit.</exception>
    public Frame Receive()
    {
        Fill(_header);
        var (type, length) = Frame.ParseHeader(_header);
        var payload = GC.AllocateUninitializedArray<byte>(length);
        Fill(payload);
        return new Frame(type, payload);
    }

    /// <summary>Waits for the next message, which must be of one type.</summary>
    /// <param name="type">The type that may come now.</param>
    /// <returns>Its payload.</returns>
    /// <exception cref="ChannelException">Another message came, or the node asked to stop.</exception>
    public ReadOnlyMemory<byte> Expect(MessageType type)
    {
        var frame = Receive();
        return frame.Type == type
            ? frame.Payload
            : throw new ChannelException(ChannelFault.OutOfOrder, $"{type} was expected, {frame.Type} came");
    }

    private void Fill(Span<byte> buffer)
    {
        var read = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read < buffer.Length)
        {
            throw new ChannelException(ChannelFault.Closed, "the node closed its end");
        }
    }
}
