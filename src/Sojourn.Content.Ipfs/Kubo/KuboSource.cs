using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Kubo;

/// <summary>An existing Kubo node as a place to read blocks from and to put them.</summary>
/// <param name="client">The node.</param>
/// <param name="offline">Whether only its own store is asked. Otherwise it searches its network, for as long as the caller's token allows.</param>
/// <param name="absentAfter">How long the node may look before a block counts as absent; null to wait for its own answer. js-ipfs needs it: it looks in its network even when offline.</param>
public sealed class KuboSource(KuboClient client, bool offline = true, TimeSpan? absentAfter = null) : IBlockSource, IBlockSink
{
    /// <inheritdoc/>
    /// <exception cref="KuboException">The node failed, or sent wrong bytes.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        => BlockVerifier.TryGetIdentity(cid, out var inline)
            ? inline
            : await client.BlockGetAsync(cid, offline, absentAfter, cancellationToken).ConfigureAwait(false);

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
