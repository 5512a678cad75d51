using Sojourn.Primitives;

namespace Sojourn.Content;

/// <summary>Where blocks come from: a store, a gateway, a peer, a CAR.</summary>
public interface IBlockSource
{
    /// <summary>Fetches one block.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The verified block, or null where the source does not have it.</returns>
    ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default);

    /// <summary>Says that nobody reads a block's bytes any more, so that their memory may be used again. Nobody needs to say so.</summary>
    /// <param name="block">A block that this source gave.</param>
    void Release(Block block)
    {
    }
}

/// <summary>Where blocks go: a store, a CAR, nowhere.</summary>
public interface IBlockSink
{
    /// <summary>Whether blocks must come one at a time and in order (a CAR). Else several calls may run at once, from several threads.</summary>
    bool IsSequential => false;

    /// <summary>Takes one block. When the task ends, the sink owns its own copy of the bytes or is done with them.</summary>
    /// <param name="block">A verified block.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask PutAsync(Block block, CancellationToken cancellationToken = default);

    /// <summary>Takes one block whose bytes the caller leaves alone until it is told: a sink that writes later need not copy them.</summary>
    /// <param name="block">A verified block.</param>
    /// <param name="release">Called once, from any thread, when the sink is done with the bytes, whether it stored them or failed. Where this call throws, it was called already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    async ValueTask LendAsync(Block block, Action release, CancellationToken cancellationToken = default)
    {
        try
        {
            await PutAsync(block, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            release();
        }
    }
}
