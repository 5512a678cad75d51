namespace Sojourn.Content.Ipfs.Kubo;

/// <summary>A Kubo node did not do what it was asked, or cannot be reached.</summary>
/// <param name="node">Its RPC address.</param>
/// <param name="command">The command, such as <c>block/get</c>.</param>
/// <param name="message">Its own words, or the transport's.</param>
/// <param name="code">Kubo's error code; null where no node answered.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class KuboException(Uri node, string command, string message, int? code = null, Exception? inner = null)
    : IpfsException($"Kubo at {node}, {command}: {message}", inner)
{
    /// <summary>The RPC address.</summary>
    public Uri Node { get; } = node;

    /// <summary>The command.</summary>
    public string Command { get; } = command;

    /// <summary>The node's own words.</summary>
    public string Detail { get; } = message;

    /// <summary>Kubo's error code (0 normal, 1 client, 2 implementation, 3 rate limited); null where no node answered.</summary>
    public int? Code { get; } = code;
}
