using System.Collections.Concurrent;
using Sojourn.Content;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Devnet;

/// <summary>Counts the bytes of each block that a gateway hands out: what left the node that stores it.</summary>
/// <param name="store">The node's own store.</param>
public sealed class CountingSource(IBlockSource store) : IBlockSource
{
    private readonly ConcurrentDictionary<Cid, long> _bytes = new();

    /// <summary>Bytes handed out, by block.</summary>
    public IReadOnlyDictionary<Cid, long> Served => _bytes;

    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        var block = await store.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        if (block is not null)
        {
            _bytes.AddOrUpdate(cid, block.Data.Length, (_, before) => before + block.Data.Length);
        }

        return block;
    }
}
