namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>The longest payload of each message, in bytes. A longer one ends the conversation.</summary>
public static class FrameLimits
{
    /// <summary>The frame's header: payload length (4 bytes, little-endian) and type (1 byte).</summary>
    public const int HeaderLength = 5;

    /// <summary>Control messages: 4 MiB (an assignment carries policies, an outcome carries a receipt).</summary>
    public const int Control = 4 << 20;

    /// <summary>Blocks: 4 MiB and a status byte; the block limit of the IPFS network is 2 MiB.</summary>
    public const int Block = (4 << 20) + 128;

    /// <summary>How many blocks one request may name.</summary>
    public const int BlocksPerRequest = 64;

    /// <summary>The limit of one message.</summary>
    /// <param name="type">The message.</param>
    /// <returns>Bytes; 0 for a type that does not exist.</returns>
    public static int Of(MessageType type) => type switch
    {
        MessageType.Ready or MessageType.Identity => 64 << 10,
        MessageType.Progress or MessageType.Checked => 4 << 10,
        MessageType.Notice or MessageType.KeysAwaited => 16 << 10,
        MessageType.Assignment or MessageType.Check or MessageType.Evidence or MessageType.Releases or MessageType.Outcome or MessageType.Refused => Control,
        MessageType.BlockRequest => BlocksPerRequest * 128,
        MessageType.BlockReply or MessageType.StoreBlock => Block,
        MessageType.Abort => 0,
        _ => -1,
    };
}
