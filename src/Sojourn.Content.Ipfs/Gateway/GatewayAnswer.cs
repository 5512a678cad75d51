using Microsoft.AspNetCore.Http;
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

    /// <summary>Sends bytes that are in memory, or the part of them that was asked for.</summary>
    private async Task WriteBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        headers.AcceptRanges = "bytes";
        switch (ByteRange.Parse(Range(), bytes.Length, out var first, out var count))
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
    private string? Range()
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

    /// <summary>Where a path leads, and the roots of its segments.</summary>
    private sealed record PathEnd(Cid Cid, Block Block, IReadOnlyList<Cid> Roots);
}
