using System.Threading.Channels;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>CAR answers.</summary>
internal sealed partial class GatewayAnswer
{
    private const int BlocksAhead = 2;

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

        var body = context.Response.BodyWriter.AsStream();
        var writer = await CarWriter.CreateAsync(body, [request.Path.Root], null, Stop).ConfigureAwait(false);
        await foreach (var block in AheadAsync(DagWalker.WalkAsync(source, car, Stop)).ConfigureAwait(false))
        {
            await writer.PutAsync(block, Stop).ConfigureAwait(false);
        }

        await writer.FinishAsync(Stop).ConfigureAwait(false);
    }

    /// <summary>Reads and verifies the next blocks while the one before is sent.</summary>
    private async IAsyncEnumerable<Block> AheadAsync(IAsyncEnumerable<Block> walk)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var ahead = Channel.CreateBounded<Block>(new BoundedChannelOptions(BlocksAhead) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(async () =>
        {
            Exception? failure = null;
            try
            {
                await foreach (var block in walk.WithCancellation(abandoned.Token).ConfigureAwait(false))
                {
                    await ahead.Writer.WriteAsync(block, abandoned.Token).ConfigureAwait(false);
                }
            }
#pragma warning disable CA1031 // Handed to the reader of the channel.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
            finally
            {
                ahead.Writer.Complete(failure);
            }
        });
        try
        {
            await foreach (var block in ahead.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return block;
            }
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
    }
}
