using Sojourn.Content;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Devnet;

/// <summary>Several sources, asked in order: the own store first.</summary>
/// <param name="sources">The sources.</param>
public sealed class LayeredSource(params IReadOnlyList<IBlockSource> sources) : IBlockSource
{
    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        foreach (var source in sources)
        {
            if (await source.GetAsync(cid, cancellationToken).ConfigureAwait(false) is { } block)
            {
                return block;
            }
        }

        return null;
    }
}
