using Sojourn.Primitives;

namespace Sojourn.Content.Dag;

/// <summary>Verifies every block of a source that cannot be trusted to have done so.</summary>
/// <param name="inner">The source.</param>
public sealed class VerifyingSource(IBlockSource inner) : IBlockSource
{
    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        var block = await inner.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        if (block is null)
        {
            return null;
        }

        var fault = BlockVerifier.Verify(cid, block.Data.Span);
        return fault == BlockFault.None ? block.Cid == cid ? block : new Block(cid, block.Data) : throw ContentException.Refused(cid, fault);
    }
}

/// <summary>Getting a block that must be there.</summary>
public static class BlockSourceExtensions
{
    /// <summary>Fetches a block; identity CIDs are answered without asking the source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="cid">The block.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">The source does not have it, or its identifier cannot be accepted.</exception>
    public static async ValueTask<Block> GetRequiredAsync(this IBlockSource source, Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        var fault = BlockVerifier.CheckIdentifier(cid);
        if (fault != BlockFault.None)
        {
            throw ContentException.Refused(cid, fault);
        }

        return await source.GetAsync(cid, cancellationToken).ConfigureAwait(false) ?? throw ContentException.Missing(cid);
    }
}
