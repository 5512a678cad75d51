using System.Globalization;
using System.Net;
using System.Text;
using Sojourn.Content.Directories;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>The page that lists a folder.</summary>
internal static class DirectoryPage
{
    /// <summary>Changes whenever the page's look does, since caches keep it.</summary>
    public const string Version = "1";

    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b2733}
        h1{font-size:1.1rem;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}
        td{padding:.35rem .5rem;border-top:1px solid #dde3e8}td.n{overflow-wrap:anywhere}td.s,td.c{white-space:nowrap;color:#5a6b7b;text-align:right}
        td.c{font:12px ui-monospace,monospace}a{color:#0b5cad;text-decoration:none}a:hover{text-decoration:underline}
        @media(prefers-color-scheme:dark){body{background:#10171e;color:#dbe4ec}td{border-color:#263340}a{color:#6db3f2}}
        """;

    /// <summary>Writes the page, entry by entry.</summary>
    public static async Task WriteAsync(Stream output, IBlockSource source, ContentPath path, Cid directory, string hiddenPrefix, int entriesMax, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(output, new UTF8Encoding(false), 8192, leaveOpen: true);
        var shown = WebUtility.HtmlEncode(path.ToString());
        await writer.WriteAsync($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{shown}</title><style>{Style}</style></head>\n<body><h1>Index of {shown}</h1><table>\n").ConfigureAwait(false);
        if (path.Segments.Count > 0)
        {
            await writer.WriteAsync("<tr><td class=\"n\"><a href=\"../\">..</a></td><td></td><td></td></tr>\n").ConfigureAwait(false);
        }

        var count = 0;
        var whole = GatewayHeaders.Encode(path, trailingSlash: true)[hiddenPrefix.Length..];
        await foreach (var entry in DirectoryReader.ListAsync(source, directory, cancellationToken).ConfigureAwait(false))
        {
            if (count++ == entriesMax)
            {
                await writer.WriteAsync($"<tr><td colspan=\"3\">Only the first {entriesMax} entries are shown; <code>sojourn content ls</code> lists all.</td></tr>\n").ConfigureAwait(false);
                break;
            }

            // Links are whole paths: a name such as "javascript:x" or "//host" must not become anything else.
            var size = entry.DagBytes is { } bytes ? Size(bytes) : "";
            await writer.WriteAsync($"<tr><td class=\"n\"><a href=\"{WebUtility.HtmlEncode(whole + GatewayHeaders.Escape(entry.Name))}\">{WebUtility.HtmlEncode(entry.Name)}</a></td><td class=\"c\">{Identifier(entry.Cid, hiddenPrefix)}</td><td class=\"s\">{size}</td></tr>\n").ConfigureAwait(false);
        }

        await writer.WriteAsync("</table></body></html>\n").ConfigureAwait(false);
    }

    // On a host of one root (a subdomain) other roots cannot be reached by path.
    private static string Identifier(Cid cid, string hiddenPrefix)
    {
        var text = cid.ToString();
        var brief = text.Length > 16 ? $"{text[..6]}…{text[^6..]}" : text;
        return hiddenPrefix.Length > 0 ? $"<span title=\"{text}\">{brief}</span>" : $"<a href=\"/ipfs/{text}\" title=\"{text}\">{brief}</a>";
    }

    private static string Size(ulong bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
