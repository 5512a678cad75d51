using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>What a request is for.</summary>
/// <param name="Path">The content's path, percent-encoded, beginning with <c>/ipfs/</c>.</param>
/// <param name="Prefix">What of <see cref="Path"/> the URL does not show, because the host says it; for redirects inside a subdomain.</param>
/// <param name="Redirect">Where to send the client instead; null where it is to be answered.</param>
internal sealed record GatewayTarget(string Path, string Prefix, string? Redirect);

/// <summary>Tells paths (<c>HOST/ipfs/CID</c>) from subdomains (<c>CID.ipfs.HOST</c>), where each root is an origin of its own.</summary>
/// <remarks>Subdomain Gateway Specification.</remarks>
internal static class Subdomain
{
    private const int LabelMax = 63;

    /// <summary>What the request is for; null where it is not for a gateway.</summary>
    public static GatewayTarget? Target(HttpContext context, GatewayServerOptions options)
    {
        // The path as sent: decoding it first would turn %2F into a separator.
        var raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? context.Request.Path.ToUriComponent();
        var path = raw.StartsWith('/') ? raw.Split('?', 2)[0] : context.Request.Path.ToUriComponent();
        var host = context.Request.Host.Host;
        if (options.PathGateway && options.SubdomainHosts.FirstOrDefault(known => host.EndsWith("." + known, StringComparison.OrdinalIgnoreCase)) is { } parent)
        {
            var labels = host[..^(parent.Length + 1)].Split('.');
            return labels is [var root, "ipfs"] && Cid.TryParse(root, out _) ? new GatewayTarget($"/ipfs/{root}{path}", $"/ipfs/{root}", null) : null;
        }

        if (!path.StartsWith("/ipfs/", StringComparison.Ordinal))
        {
            return null;
        }

        return options.PathGateway && options.SubdomainHosts.Contains(host, StringComparer.OrdinalIgnoreCase) && Redirect(context, path) is { } location
            ? new GatewayTarget(path, "", location)
            : new GatewayTarget(path, "", null);
    }

    private static string? Redirect(HttpContext context, string path)
    {
        var parts = path[6..].Split('/', 2);
        if (!Cid.TryParse(parts[0], out var cid))
        {
            return null;
        }

        // Host names know no case, and a label holds 63 letters: longer identifiers are served by path.
        var label = cid.ToVersion1().ToString();
        if (label.Length > LabelMax)
        {
            return null;
        }

        var scheme = context.Request.Headers["X-Forwarded-Proto"].ToString() is "https" ? "https" : context.Request.Scheme;
        return $"{scheme}://{label}.ipfs.{context.Request.Host.Value}/{(parts.Length > 1 ? parts[1] : "")}{context.Request.QueryString}";
    }
}
