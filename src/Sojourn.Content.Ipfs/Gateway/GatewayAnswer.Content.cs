using System.Text;
using Microsoft.AspNetCore.Http;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Files, folders and other codecs as they are: for people and browsers, which then trust this server.</summary>
/// <remarks>Path Gateway Specification.</remarks>
internal sealed partial class GatewayAnswer
{
    private const string IndexFile = "index.html";

    private async Task WriteContentAsync()
    {
        if (!options.PathGateway)
        {
            await GatewayServer.RefuseAsync(context, 406, "this gateway is trustless: ask for ?format=raw or ?format=car, and verify what comes").ConfigureAwait(false);
            return;
        }

        var end = await ResolveAsync().ConfigureAwait(false);
        if (end.InsideBlock)
        {
            await GatewayServer.RefuseAsync(context, 501, "the path leads into the middle of a block, of which no part is offered alone: ask for the block").ConfigureAwait(false);
            return;
        }

        if (request.Format != GatewayFormat.Content && CodecOf(request.Format) is var asked && asked != end.Cid.Codec)
        {
            await GatewayServer.RefuseAsync(context, 406, $"{end.Cid} is {NameOf(end.Cid.Codec)}; converting it to {request.Format} is not offered: ask for it as it is, or for ?format=raw").ConfigureAwait(false);
            return;
        }

        if (end.Cid.Codec is Multicodec.DagCbor or Multicodec.DagJson or Multicodec.Cbor or Multicodec.Json)
        {
            await WriteObjectAsync(end).ConfigureAwait(false);
            return;
        }

        var info = UnixFsExporter.Describe(end.Block);
        switch (info.Kind)
        {
            case UnixFsKind.File:
                await WriteFileAsync(end, info, request.Path.Segments is [.., var name] ? name : null).ConfigureAwait(false);
                break;
            case UnixFsKind.Symlink:
                var tag = $"\"{end.Cid}\"";
                Describe(end, tag, GatewayHeaders.Immutable);
                if (!NotModified(tag))
                {
                    context.Response.ContentType = "inode/symlink";
                    await WriteBytesAsync(Encoding.UTF8.GetBytes(info.Target ?? "")).ConfigureAwait(false);
                }

                break;
            case UnixFsKind.Directory or UnixFsKind.ShardedDirectory:
                await WriteDirectoryAsync(end).ConfigureAwait(false);
                break;
            default:
                await GatewayServer.RefuseAsync(context, 406, $"{end.Cid} is neither file nor folder: ask for ?format=raw or ?format=car").ConfigureAwait(false);
                break;
        }
    }

    private static Multicodec CodecOf(GatewayFormat format) => format switch
    {
        GatewayFormat.DagCbor => Multicodec.DagCbor,
        GatewayFormat.DagJson => Multicodec.DagJson,
        GatewayFormat.Cbor => Multicodec.Cbor,
        _ => Multicodec.Json,
    };

    private static string NameOf(Multicodec codec) => codec switch
    {
        Multicodec.DagCbor => "dag-cbor",
        Multicodec.DagJson => "dag-json",
        Multicodec.DagPb => "dag-pb",
        Multicodec.Cbor => "cbor",
        Multicodec.Json => "json",
        Multicodec.Raw => "raw",
        _ => $"of codec 0x{(ulong)codec:x}",
    };

    private async Task WriteObjectAsync(PathEnd end)
    {
        var name = NameOf(end.Cid.Codec);
        var tag = $"\"{end.Cid}.{name}\"";
        Describe(end, tag, GatewayHeaders.Immutable);
        if (NotModified(tag))
        {
            return;
        }

        context.Response.ContentType = end.Cid.Codec is Multicodec.Json or Multicodec.Cbor ? $"application/{name}" : $"application/vnd.ipld.{name}";
        var isText = end.Cid.Codec is Multicodec.Json or Multicodec.DagJson;
        GatewayHeaders.Disposition(headers, request.Download || !isText, request.FileName ?? $"{end.Cid}.{(isText ? "json" : "cbor")}");
        await WriteBytesAsync(end.Block.Data).ConfigureAwait(false);
    }

    private async Task WriteFileAsync(PathEnd end, UnixFsInfo info, string? name)
    {
        // A file found by index.html keeps the directory's tag: it is the answer for the directory's URL.
        var tag = $"\"{end.Roots[^1]}\"";
        Describe(end, tag, GatewayHeaders.Immutable);
        headers.AcceptRanges = "bytes";
        if (NotModified(tag))
        {
            return;
        }

        context.Response.ContentType = await ContentTypes.OfAsync(request.FileName ?? name, source, info, Stop).ConfigureAwait(false);
        if (request.FileName is not null || request.Download)
        {
            GatewayHeaders.Disposition(headers, request.Download, request.FileName ?? name ?? end.Cid.ToString());
        }

        var (first, count) = (0L, info.FileBytes);
        switch (RangeRequest.Parse(RangeHeader(), info.FileBytes, out first, out count))
        {
            case RangeVerdict.Unsatisfiable:
                headers.ContentRange = $"bytes */{info.FileBytes}";
                context.Response.StatusCode = 416;
                return;
            case RangeVerdict.Part:
                headers.ContentRange = $"bytes {first}-{first + count - 1}/{info.FileBytes}";
                context.Response.StatusCode = 206;
                break;
        }

        if (IsHead)
        {
            context.Response.ContentLength = count;
            return;
        }

        await using var pieces = UnixFsExporter.ReadAsync(source, info.Cid, new ByteRange(first, count), null, Stop).GetAsyncEnumerator(Stop);

        // The first piece is read before the status goes out, so that a missing first block is still a clean error.
        var more = await pieces.MoveNextAsync().ConfigureAwait(false);
        context.Response.ContentLength = count;
        while (more)
        {
            await context.Response.Body.WriteAsync(pieces.Current, Stop).ConfigureAwait(false);
            more = await pieces.MoveNextAsync().ConfigureAwait(false);
        }
    }

    private async Task WriteDirectoryAsync(PathEnd end)
    {
        var url = GatewayHeaders.Encode(request.Path, trailingSlash: true);
        if (!request.TrailingSlash)
        {
            // Relative links on the page need the slash.
            context.Response.StatusCode = 301;
            context.Response.Headers.Location = $"{url[target.Prefix.Length..]}{context.Request.QueryString}";
            return;
        }

        if (await DirectoryReader.FindAsync(source, end.Cid, IndexFile, Stop).ConfigureAwait(false) is { } index)
        {
            var info = await UnixFsExporter.StatAsync(source, index.Cid, Stop).ConfigureAwait(false);
            if (info.Kind == UnixFsKind.File)
            {
                await WriteFileAsync(end, info, IndexFile).ConfigureAwait(false);
                return;
            }
        }

        var tag = $"\"DirIndex-{DirectoryPage.Version}_CID-{end.Cid}\"";
        Describe(end, tag, GatewayHeaders.Listing);
        if (NotModified(tag))
        {
            return;
        }

        context.Response.ContentType = "text/html; charset=utf-8";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        if (IsHead)
        {
            return;
        }

        await DirectoryPage.WriteAsync(context.Response.Body, source, request.Path, end.Cid, target.Prefix, options.ListingEntriesMax, Stop).ConfigureAwait(false);
    }
}
