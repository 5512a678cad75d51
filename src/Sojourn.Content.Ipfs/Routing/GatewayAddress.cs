using System.Globalization;
using System.Net;

namespace Sojourn.Content.Ipfs.Routing;

/// <summary>Turns the multiaddress of an HTTP gateway into its URL.</summary>
internal static class GatewayAddress
{
    /// <summary>The URL of <c>/dns4/gw.example/tcp/443/tls/http</c>, <c>/dns/gw.example/https</c>, <c>/ip4/192.0.2.1/tcp/8080/http</c> and their kin.</summary>
    /// <param name="multiaddress">The text.</param>
    /// <param name="allowPrivate">Whether loopback, private and link-local addresses, and plain HTTP, are taken: a router must not send a node to its own neighbours.</param>
    /// <returns>Null where it is no HTTP address, or not allowed.</returns>
    public static Uri? ToUri(string multiaddress, bool allowPrivate)
    {
        var parts = multiaddress.Split('/');
        if (parts.Length < 4 || parts[0].Length != 0 || multiaddress.Length > 1024)
        {
            return null;
        }

        var host = parts[2];
        IPAddress? ip = null;
        switch (parts[1])
        {
            case "dns" or "dns4" or "dns6" when Uri.CheckHostName(host) == UriHostNameType.Dns:
                if (!allowPrivate && (!host.Contains('.') || host.EndsWith(".local", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)))
                {
                    return null;
                }

                break;
            case "ip4" or "ip6" when IPAddress.TryParse(host, out ip):
                if (!allowPrivate && !IsPublic(ip))
                {
                    return null;
                }

                break;
            default:
                return null;
        }

        var at = 3;
        int? port = null;
        if (parts[at] == "tcp" && parts.Length > at + 1)
        {
            if (!ushort.TryParse(parts[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            {
                return null;
            }

            port = number;
            at += 2;
        }

        var secure = string.Join('/', parts.Skip(at)) switch { "https" or "tls/http" => true, "http" => false, _ => (bool?)null };
        if (secure is null || (secure == false && !allowPrivate))
        {
            return null;
        }

        return new UriBuilder(secure.Value ? "https" : "http", ip?.ToString() ?? host, port ?? (secure.Value ? 443 : 80)).Uri;
    }

    /// <summary>Whether an address may be reached on the public Internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(ip) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
        {
            return false;
        }

        var bytes = ip.GetAddressBytes();
        return bytes.Length == 4
            ? bytes[0] switch
            {
                0 or 10 or 127 or >= 224 => false,
                100 => bytes[1] is < 64 or > 127,
                169 => bytes[1] != 254,
                172 => bytes[1] is < 16 or > 31,
                192 => bytes[1] != 168 && !(bytes[1] == 0 && bytes[2] == 0),
                198 => bytes[1] is not (18 or 19),
                _ => true,
            }
            : !(ip.IsIPv6LinkLocal || ip.IsIPv6SiteLocal || ip.IsIPv6UniqueLocal || ip.IsIPv6Multicast);
    }
}
