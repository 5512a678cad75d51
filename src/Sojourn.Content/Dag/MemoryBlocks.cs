using System.Collections.Concurrent;
using Sojourn.Primitives;

namespace Sojourn.Content.Dag;

/// <summary>Blocks in memory, by digest: for small DAGs and for tests.</summary>
public sealed class MemoryBlocks : IBlockSource, IBlockSink
{
    private readonly ConcurrentDictionary<Multihash, ReadOnlyMemory<byte>> _blocks = new();

    /// <summary>How many blocks are held.</summary>
    public int Count => _blocks.Count;

    /// <inheritdoc/>
    public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_blocks.TryGetValue(cid.Multihash, out var data) ? new Block(cid, data) : null);

    /// <inheritdoc/>
    public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        if (!_blocks.ContainsKey(block.Cid.Multihash))
        {
            _blocks.TryAdd(block.Cid.Multihash, block.Data.ToArray());
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Forgets a block.</summary>
    /// <param name="cid">Which.</param>
    public bool Remove(Cid cid) => _blocks.TryRemove(cid.Multihash, out _);
}
