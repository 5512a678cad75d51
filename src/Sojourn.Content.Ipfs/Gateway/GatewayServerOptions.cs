namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Options of the gateway server.</summary>
public sealed class GatewayServerOptions
{
    /// <summary>The default of <see cref="ConcurrentRequestsMax"/>.</summary>
    public const int DefaultConcurrentRequestsMax = 256;

    /// <summary>Whether files and folders are served as such: deserialised, for people and browsers, which must then trust this server.</summary>
    /// <value>Default false: blocks and CARs only, which the client verifies.</value>
    public bool PathGateway { get; init; }

    /// <summary>Host names below which each root is its own origin, <c>CID.ipfs.HOST</c>; a path on such a host is redirected there.</summary>
    /// <value>Default none. Works only with <see cref="PathGateway"/>.</value>
    public IReadOnlyList<string> SubdomainHosts { get; init; } = [];

    /// <summary>How many requests are served at once; more are told to come back (429).</summary>
    /// <value>Default <see cref="DefaultConcurrentRequestsMax"/>.</value>
    public int ConcurrentRequestsMax { get; init; } = DefaultConcurrentRequestsMax;

    /// <summary>The most entries of one directory that are listed in HTML.</summary>
    /// <value>Default 10,000.</value>
    public int ListingEntriesMax { get; init; } = 10_000;
}
