using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs;

/// <summary>Asks several sources in order: the local store, then gateways, then whoever else was named. A damaged or failing one does not stop the next.</summary>
/// <param name="layers">The sources, nearest first.</param>
public sealed class LayeredSource(params IReadOnlyList<IBlockSource> layers) : IBlockSource
{
    /// <inheritdoc/>
    /// <exception cref="IpfsException">No source has the block, and at least one failed: the first failure.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        IpfsException? failure = null;
        foreach (var layer in layers)
        {
            try
            {
                if (await layer.GetAsync(cid, cancellationToken).ConfigureAwait(false) is { } block)
                {
                    return block;
                }
            }
            catch (IpfsException e)
            {
                failure ??= e;
            }
        }

        return failure is null ? null : throw failure;
    }

    /// <inheritdoc/>
    public void Release(Block block)
    {
        // A layer passes over what it did not give.
        foreach (var layer in layers)
        {
            layer.Release(block);
        }
    }
}

/// <summary>Reads what is held, and stores what had to be fetched: used where somebody asked for the content to be kept.</summary>
/// <param name="held">What is held already.</param>
/// <param name="remote">Where the rest comes from.</param>
/// <param name="sink">Where the rest goes.</param>
/// <param name="onFetched">Told the size of each block that was fetched, or null.</param>
public sealed class KeepingSource(IBlockSource held, IBlockSource remote, IBlockSink sink, Action<long>? onFetched = null) : IBlockSource
{
    // What was just put may still be on its way to the disk when it is asked for again.
    private Block? last;

    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (Volatile.Read(ref last) is { } recent && recent.Cid == cid)
        {
            return recent;
        }

        if (await held.GetAsync(cid, cancellationToken).ConfigureAwait(false) is { } block)
        {
            return block;
        }

        var fetched = await remote.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        if (fetched is not null)
        {
            await sink.PutAsync(fetched, cancellationToken).ConfigureAwait(false);
            onFetched?.Invoke(fetched.Data.Length);
            Volatile.Write(ref last, fetched);
        }

        return fetched;
    }
}
