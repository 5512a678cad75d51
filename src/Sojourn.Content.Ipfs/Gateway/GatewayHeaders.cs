using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Headers that several answers share.</summary>
internal static class GatewayHeaders
{
    /// <summary>A year less a month: content under a CID never changes.</summary>
    public const string Immutable = "public, max-age=29030400, immutable";

    /// <summary>A generated listing may look different in a later version.</summary>
    public const string Listing = "public, max-age=604800, stale-while-revalidate=2678400";

    /// <summary>Lets pages of any origin read answers: everything served here is public and verified by its name.</summary>
    public static void AllowAnyOrigin(IHeaderDictionary headers)
    {
        headers["Access-Control-Allow-Origin"] = "*";
        headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS";
        headers["Access-Control-Allow-Headers"] = "Content-Type, Range, User-Agent, X-Requested-With";
        headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, ETag, X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output";
    }

    /// <summary>Which path was asked for and which blocks it led through.</summary>
    public static void Origin(IHeaderDictionary headers, string path, IEnumerable<Cid> roots)
    {
        headers["X-Ipfs-Path"] = path;
        headers["X-Ipfs-Roots"] = string.Join(',', roots);
    }

    /// <summary>How to save or show the answer.</summary>
    /// <param name="headers">Where it goes.</param>
    /// <param name="attachment">Save rather than show.</param>
    /// <param name="name">The file name; any text.</param>
    /// <remarks>RFC 6266 with RFC 8187 for names beyond ASCII.</remarks>
    public static void Disposition(IHeaderDictionary headers, bool attachment, string name)
    {
        var ascii = new string([.. name.Select(c => c is < ' ' or > '~' or '"' or '\\' ? '_' : c)]);
        var kind = attachment ? "attachment" : "inline";
        headers.ContentDisposition = ascii == name
            ? $"{kind}; filename=\"{ascii}\""
            : $"{kind}; filename=\"{ascii}\"; filename*=UTF-8''{Escape(name)}";
    }

    /// <summary>A path as a URL spells it, segments percent-encoded.</summary>
    public static string Encode(ContentPath path, bool trailingSlash)
    {
        var text = new StringBuilder("/ipfs/").Append(path.Root);
        foreach (var segment in path.Segments)
        {
            text.Append('/').Append(Escape(segment));
        }

        return trailingSlash ? text.Append('/').ToString() : text.ToString();
    }

    /// <summary>Percent-encodes a name; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD.</summary>
    public static string Escape(string name) => Uri.EscapeDataString(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)));
}
