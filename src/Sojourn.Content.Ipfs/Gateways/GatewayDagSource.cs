using System.Net.Http;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>Fetches the blocks of one graph as one CAR stream, and what a broken or cut stream lacks block by block from the other gateways.</summary>
/// <remarks>
/// The walk that asks decides what belongs to the graph (<see cref="DagWalker"/> or the exporter with
/// <see cref="Export.ExportOptions.Streaming"/>); every block is verified. One reader at a time.
/// </remarks>
public sealed class GatewayDagSource : IBlockSource, IAsyncDisposable
{
    private readonly GatewaySource gateways;
    private readonly DagRequest request;
    private readonly CancellationTokenSource stop = new();
    private HttpResponseMessage? response;
    private HealthRecord? health;
    private Uri? address;
    private CarBlockSource? car;
    private bool tried;
    private long fromStream;

    internal GatewayDagSource(GatewaySource gateways, DagRequest request)
    {
        this.gateways = gateways;
        this.request = request;
    }

    /// <summary>Blocks that came out of the stream.</summary>
    public long StreamedBlocks => fromStream;

    /// <summary>Blocks that had to be fetched alone.</summary>
    public long SingleBlocks { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="GatewayException">No gateway gave the block.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        if (!tried)
        {
            tried = true;
            await OpenAsync(cancellationToken).ConfigureAwait(false);
        }

        if (car is not null)
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop.Token);
            GatewayFailure failure;
            try
            {
                if (await car.GetAsync(cid, both.Token).ConfigureAwait(false) is { } block)
                {
                    fromStream++;
                    return block;
                }

                failure = new GatewayFailure(address!, GatewayFault.Incomplete, $"its CAR ended without {cid}");
            }
            catch (ContentException e)
            {
                failure = new GatewayFailure(address!, e.Fault switch
                {
                    ContentFault.HashMismatch => GatewayFault.WrongBytes,
                    ContentFault.CarTruncated => GatewayFault.Incomplete,
                    _ => GatewayFault.BadStream,
                }, e.Message);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                failure = new GatewayFailure(address!, GatewayFault.Incomplete, $"its CAR broke off: {e.Message}");
            }

            health!.Failed(failure);
            LastFailure = failure;
            Close();
        }

        var single = await gateways.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        SingleBlocks += single is null ? 0 : 1;
        return single;
    }

    /// <inheritdoc/>
    public void Release(Block block) => car?.Release(block);

    /// <summary>What was wrong with the stream; null where nothing was.</summary>
    public GatewayFailure? LastFailure { get; private set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        Close();
        stop.Dispose();
    }

    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        foreach (var (client, record) in gateways.BestFirst())
        {
            var answer = await client.OpenCarAsync(PathAndQuery(), cancellationToken).ConfigureAwait(false);
            if (answer.Failure is { } failure)
            {
                record.Failed(failure);
                LastFailure = failure;
            }

            if (answer.Response is null)
            {
                continue;
            }

            (response, health, address) = (answer.Response, record, client.Address);
            try
            {
                car = await CarBlockSource.OpenAsync(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), null, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is ContentException or IOException or HttpRequestException)
            {
                LastFailure = new GatewayFailure(address, GatewayFault.BadStream, e.Message);
                health.Failed(LastFailure);
                Close();
            }
        }
    }

    private string PathAndQuery()
    {
        var path = string.Concat(request.Path.Segments.Select(segment => "/" + Gateway.GatewayHeaders.Escape(segment)));
        var scope = request.Scope switch { DagScope.Block => "block", DagScope.Entity => "entity", _ => "all" };
        var bytes = request.Bytes is { } range ? $"&entity-bytes={range}" : "";
        return $"ipfs/{request.Path.Root}{path}?format=car&dag-scope={scope}{bytes}&car-order=dfs&car-dups={(request.Duplicates ? "y" : "n")}";
    }

    private void Close()
    {
        car = null;
        response?.Dispose();
        response = null;
    }
}
