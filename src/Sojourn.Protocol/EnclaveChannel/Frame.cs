using System.Buffers.Binary;

namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>One message as it came.</summary>
/// <param name="Type">What it carries.</param>
/// <param name="Payload">The bytes; untrusted.</param>
public readonly record struct Frame(MessageType Type, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Reads a header and checks it against the limits.</summary>
    /// <param name="header">Five bytes.</param>
    /// <returns>The type and the payload's length.</returns>
    /// <exception cref="ChannelException">The type is unknown or the payload too long.</exception>
    public static (MessageType Type, int Length) ParseHeader(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        var type = (MessageType)header[4];
        var limit = FrameLimits.Of(type);
        if (limit < 0)
        {
            throw new ChannelException(ChannelFault.UnknownType, $"type {header[4]}");
        }

        return length <= (uint)limit
            ? (type, (int)length)
            : throw new ChannelException(ChannelFault.TooLong, $"{type} of {length} bytes, at most {limit}");
    }

    /// <summary>Writes a header.</summary>
    /// <param name="header">Five bytes.</param>
    /// <param name="type">The message.</param>
    /// <param name="length">The payload's length, within the message's limit.</param>
    public static void WriteHeader(Span<byte> header, MessageType type, int length)
    {
        if (length > FrameLimits.Of(type))
        {
            throw new ChannelException(ChannelFault.TooLong, $"{type} of {length} bytes, at most {FrameLimits.Of(type)}");
        }

        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        header[4] = (byte)type;
    }
}
