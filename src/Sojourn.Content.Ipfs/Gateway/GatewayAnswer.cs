using Microsoft.AspNetCore.Http;
using Sojourn.Content.Dag;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Writes the answer to one request.</summary>
internal sealed partial class GatewayAnswer(HttpContext context, IBlockSource source, GatewayServerOptions options, GatewayTarget target, GatewayRequest request)
{
    private readonly IHeaderDictionary headers = context.Response.Headers;

    private bool IsHead => HttpMethods.IsHead(context.Request.Method);

    private CancellationToken Stop => context.RequestAborted;

    /// <summary>Writes it.</summary>
    public async Task WriteAsync()
    {
        headers["X-Content-Type-Options"] = "nosniff";
        headers.Vary = "Accept";
        switch (request.Format)
        {
            case GatewayFormat.Raw:
                await WriteRawAsync().ConfigureAwait(false);
                break;
            case GatewayFormat.Car:
                await WriteCarAsync().ConfigureAwait(false);
                break;
            default:
                await WriteContentAsync().ConfigureAwait(false);
                break;
        }
    }

    private async Task WriteRawAsync()
    {
        var end = await ResolveAsync().ConfigureAwait(false);
        var tag = $"\"{end.Cid}.raw\"";
        Describe(end, tag, GatewayHeaders.Immutable);
        if (NotModified(tag))
        {
            return;
        }

        context.Response.ContentType = "application/vnd.ipld.raw";
        GatewayHeaders.Disposition(headers, attachment: true, request.FileName ?? $"{end.Cid}.bin");
        await WriteBytesAsync(end.Block.Data).ConfigureAwait(false);
    }

    /// <summary>Follows the path name by name, so that the root of each name is known.</summary>
    private async Task<PathEnd> ResolveAsync()
    {
        var at = await PathResolver.ResolveAsync(source, ContentPath.Of(request.Path.Root), null, Stop).ConfigureAwait(false);
        var roots = new List<Cid> { at.Cid };
        foreach (var name in request.Path.Segments)
        {
            // A remainder leads into a block: the names up to the next link belong together.
            at = await PathResolver.ResolveAsync(source, ContentPath.Of(at.Cid, [.. at.Remainder, name]), null, Stop).ConfigureAwait(false);
            if (at.Remainder.Count == 0)
            {
                roots.Add(at.Cid);
            }
        }

        return new PathEnd(at.Cid, at.Block, roots, at.Remainder.Count > 0);
    }

    /// <summary>Sends bytes that are in memory, or the part of them that was asked for.</summary>
    private async Task WriteBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        headers.AcceptRanges = "bytes";
        switch (RangeRequest.Parse(RangeHeader(), bytes.Length, out var first, out var count))
        {
            case RangeVerdict.Unsatisfiable:
                headers.ContentRange = $"bytes */{bytes.Length}";
                context.Response.StatusCode = 416;
                return;
            case RangeVerdict.Part:
                headers.ContentRange = $"bytes {first}-{first + count - 1}/{bytes.Length}";
                context.Response.StatusCode = 206;
                bytes = bytes.Slice((int)first, (int)count);
                break;
        }

        context.Response.ContentLength = bytes.Length;
        if (!IsHead)
        {
            await context.Response.Body.WriteAsync(bytes, Stop).ConfigureAwait(false);
        }
    }

    // If-Range with another tag than ours asks for everything.
    private string? RangeHeader()
    {
        var header = context.Request.Headers.Range.ToString();
        var condition = context.Request.Headers.IfRange.ToString();
        return header.Length == 0 || (condition.Length > 0 && condition != headers.ETag.ToString()) ? null : header;
    }

    private void Describe(PathEnd end, string tag, string caching)
    {
        headers.ETag = tag;
        headers.CacheControl = caching;
        GatewayHeaders.Origin(headers, GatewayHeaders.Encode(request.Path, request.TrailingSlash), end.Roots);
    }

    private bool NotModified(string tag)
    {
        if (!EntityTag.Matches(context.Request.Headers.IfNoneMatch, tag))
        {
            return false;
        }

        context.Response.StatusCode = 304;
        return true;
    }

    /// <summary>Where a path leads, the roots of its names, and whether it ends inside the block.</summary>
    private sealed record PathEnd(Cid Cid, Block Block, IReadOnlyList<Cid> Roots, bool InsideBlock);
}
