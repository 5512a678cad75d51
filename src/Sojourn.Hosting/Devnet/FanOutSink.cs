using Sojourn.Content;

namespace Sojourn.Hosting.Devnet;

/// <summary>Writes each block to several stores.</summary>
/// <param name="sinks">The stores.</param>
public sealed class FanOutSink(IReadOnlyList<IBlockSink> sinks) : IBlockSink
{
    /// <inheritdoc/>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        foreach (var sink in sinks)
        {
            await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        }
    }
}
