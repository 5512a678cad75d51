using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary>Says, where a block is nowhere to be had, which places were asked for it.</summary>
/// <param name="inner">The places.</param>
/// <param name="places">Their names, for a person.</param>
/// <param name="canFetch">Whether any of them is beyond this machine.</param>
internal sealed class AskedSource(IBlockSource inner, string places, bool canFetch) : IBlockSource
{
    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        => await inner.GetAsync(cid, cancellationToken).ConfigureAwait(false)
           ?? throw new CliException(
               ExitCode.NotFound,
               $"block {cid} was not found in {places}",
               canFetch ? "Check the CID, or name another gateway with --from." : "Name where to fetch it from: --from https://gateway, --router URL or --kubo URL.");

    /// <inheritdoc/>
    public void Release(Block block) => inner.Release(block);
}
