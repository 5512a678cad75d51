using Sojourn.Content.Dag;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>CAR answers.</summary>
internal sealed partial class GatewayAnswer
{
    private async Task WriteCarAsync()
    {
        // The path is resolved first, so that a wrong one is a plain 404 and not a stream that breaks off.
        var end = await ResolveAsync().ConfigureAwait(false);
        var car = request.Car;
        var key = $"{car.Scope}-{car.Bytes}-{(car.Duplicates ? "y" : "n")}".ToLowerInvariant();

        // Weak: another server may pack the same blocks in another way.
        var tag = $"W/\"{end.Cid}.car.{Cid.ForRaw(System.Text.Encoding.UTF8.GetBytes($"{request.Path}|{key}")).ToString()[^12..]}\"";
        Describe(end, tag, GatewayHeaders.Immutable);
        headers.AcceptRanges = "none";
        if (NotModified(tag))
        {
            return;
        }

        context.Response.ContentType = $"application/vnd.ipld.car; version=1; order=dfs; dups={(car.Duplicates ? "y" : "n")}";
        GatewayHeaders.Disposition(headers, attachment: true, request.FileName ?? $"{end.Cid}.car");
        if (IsHead)
        {
            return;
        }

        var body = await CarBody.StartAsync(context.Response, source, request.Path.Root, Stop).ConfigureAwait(false);
        await foreach (var block in DagWalker.WalkAsync(body, car, Stop).ConfigureAwait(false))
        {
            await body.SendAsync(block, Stop).ConfigureAwait(false);
        }

        await body.FinishAsync(Stop).ConfigureAwait(false);
    }
}
