namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>Why a conversation between a node and its enclave ended early.</summary>
public enum ChannelFault
{
    /// <summary>The other side closed the stream in the middle of a frame, or before it was done.</summary>
    Closed,

    /// <summary>A type byte that no message has.</summary>
    UnknownType,

    /// <summary>A payload longer than the message's limit.</summary>
    TooLong,

    /// <summary>A message that may not come at this point.</summary>
    OutOfOrder,

    /// <summary>A payload that is not the record it should be.</summary>
    Malformed,
}

/// <summary>Ends a conversation between a node and its enclave. It carries no payload.</summary>
/// <param name="fault">The reason.</param>
/// <param name="detail">What was expected and what came, without content.</param>
public sealed class ChannelException(ChannelFault fault, string detail) : IOException($"The enclave channel ended ({fault}): {detail}")
{
    /// <summary>The reason.</summary>
    public ChannelFault Fault { get; } = fault;
}
