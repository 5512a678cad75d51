using Microsoft.AspNetCore.StaticFiles;
using Sojourn.Content.Export;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Guesses a file's media type: by its name, else by its first bytes.</summary>
internal static class ContentTypes
{
    private const string Unknown = "application/octet-stream";
    private const int SniffBytes = 512;
    private static readonly FileExtensionContentTypeProvider ByExtension = new();

    /// <summary>The media type.</summary>
    public static async Task<string> OfAsync(string? name, IBlockSource source, UnixFsInfo file, CancellationToken cancellationToken)
    {
        if (name is not null && ByExtension.TryGetContentType(name, out var known))
        {
            return known.StartsWith("text/", StringComparison.Ordinal) || known is "application/javascript" or "application/json" ? $"{known}; charset=utf-8" : known;
        }

        var head = new MemoryStream();
        try
        {
            await UnixFsExporter.CopyToAsync(source, file.Cid, head, new ByteRange(0, SniffBytes), ExportOptions.Streaming, cancellationToken).ConfigureAwait(false);
        }
        catch (ContentException)
        {
            // The first block is missing; a range further on may still be served.
            return Unknown;
        }

        return Sniff(head.GetBuffer().AsSpan(0, (int)head.Length));
    }

    // Types that browsers would run are never guessed: a file must be named so.
    private static string Sniff(ReadOnlySpan<byte> head) => head switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "image/gif",
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => "application/pdf",
        [(byte)'P', (byte)'K', 3, 4, ..] => "application/zip",
        [0x1f, 0x8b, ..] => "application/gzip",
        [0, (byte)'a', (byte)'s', (byte)'m', ..] => "application/wasm",
        _ when IsText(head) => "text/plain; charset=utf-8",
        _ => Unknown,
    };

    private static bool IsText(ReadOnlySpan<byte> head)
    {
        // A character cut at the end of the sample is no reason to doubt.
        var text = head.Length == SniffBytes ? head[..^3] : head;
        foreach (var b in text)
        {
            if (b < 0x20 && b is not ((byte)'\n' or (byte)'\r' or (byte)'\t' or 0x1b or (byte)'\f'))
            {
                return false;
            }
        }

        return System.Text.Unicode.Utf8.IsValid(text) || head.Length == SniffBytes;
    }
}
