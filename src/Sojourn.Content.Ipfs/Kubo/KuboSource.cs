using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Kubo;

/// <summary>An existing Kubo node as a place to read blocks from and to put them.</summary>
/// <param name="client">The node.</param>
/// <param name="offline">Whether only its own store is asked. Otherwise it searches its network, for as long as the caller's token allows.</param>
public sealed class KuboSource(KuboClient client, bool offline = true) : IBlockSource, IBlockSink
{
    /// <inheritdoc/>
    /// <exception cref="KuboException">The node failed, or sent wrong bytes.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        => BlockVerifier.TryGetIdentity(cid, out var inline)
            ? inline
            : await client.BlockGetAsync(cid, offline, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    /// <exception cref="KuboException">The node failed.</exception>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        if (!BlockVerifier.TryGetIdentity(block.Cid, out _))
        {
            await client.BlockPutAsync(block, pin: false, cancellationToken).ConfigureAwait(false);
        }
    }
}
