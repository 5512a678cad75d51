namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>Why a gateway's answer could not be used.</summary>
public enum GatewayFault
{
    /// <summary>No fault.</summary>
    None,

    /// <summary>No connection: wrong address, refused, TLS failure, or it broke.</summary>
    Unreachable,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>It asks to come back later (429, or 503 with Retry-After).</summary>
    RateLimited,

    /// <summary>A status of 500 or above.</summary>
    ServerError,

    /// <summary>A status or content type that this request cannot have, such as an HTML page.</summary>
    UnexpectedAnswer,

    /// <summary>More bytes than a block may have.</summary>
    TooLarge,

    /// <summary>The bytes do not match the hash that was asked for: the gateway is broken or lies.</summary>
    WrongBytes,

    /// <summary>The stream is no CAR, or a block in it is not part of what was asked for.</summary>
    BadStream,

    /// <summary>The stream ended before the graph was whole.</summary>
    Incomplete,
}

/// <summary>What one gateway did wrong.</summary>
/// <param name="Gateway">Its address.</param>
/// <param name="Fault">What.</param>
/// <param name="Detail">In words, such as the HTTP status.</param>
public sealed record GatewayFailure(Uri Gateway, GatewayFault Fault, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Gateway.GetLeftPart(UriPartial.Path)}: {Detail}";
}

/// <summary>No gateway could answer. A block that every gateway said it does not have is not an exception.</summary>
public sealed class GatewayException : IpfsException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="what">What was asked for.</param>
    /// <param name="failures">What each gateway did.</param>
    public GatewayException(string what, IReadOnlyList<GatewayFailure> failures)
        : base($"{what}: {string.Join("; ", failures)}")
    {
        Failures = failures;
    }

    /// <summary>What each gateway did.</summary>
    public IReadOnlyList<GatewayFailure> Failures { get; }
}
