using Sojourn.Content;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Node.Operating;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Nodes;

/// <summary>Blocks from others' gateways, counted, and slowed to what the operator gives. The set of gateways may change while it works.</summary>
/// <param name="usage">Counts what comes in.</param>
/// <param name="bytesPerSecond">The most that is fetched; 0 for no bound.</param>
internal sealed class PeerSource(NodeUsage usage, long bytesPerSecond) : IBlockSource, IDisposable
{
    private readonly List<GatewaySource> _all = [];
    private readonly Lock _lock = new();
    private HashSet<Uri> _addresses = [];
    private GatewaySource? _source;
    private long _freeAt;

    /// <summary>Asks these gateways from now on.</summary>
    public void Ask(IEnumerable<Uri> gateways)
    {
        lock (_lock)
        {
            var wanted = gateways.ToHashSet();
            if (wanted.SetEquals(_addresses))
            {
                return;
            }

            _addresses = wanted;
            _source = wanted.Count == 0 ? null : new GatewaySource(wanted);
            if (_source is not null)
            {
                _all.Add(_source);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        var source = _source;
        if (source is null)
        {
            return null;
        }

        var block = await source.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        if (block is null)
        {
            return null;
        }

        usage.Fetched(block.Data.Length);
        if (bytesPerSecond > 0)
        {
            await Task.Delay(Turn(block.Data.Length), cancellationToken).ConfigureAwait(false);
        }

        return block;
    }

    /// <inheritdoc/>
    public void Dispose() => _all.ForEach(source => source.Dispose());

    // Each block takes its share of time after those before it.
    private TimeSpan Turn(int bytes)
    {
        lock (_lock)
        {
            var now = Environment.TickCount64;
            _freeAt = Math.Max(_freeAt, now) + (bytes * 1000L / bytesPerSecond);
            return TimeSpan.FromMilliseconds(_freeAt - now);
        }
    }
}
