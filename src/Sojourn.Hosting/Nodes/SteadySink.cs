using Sojourn.Content;

namespace Sojourn.Hosting.Nodes;

/// <summary>Writes blocks to a gateway that may be away for a while.</summary>
/// <param name="sink">The gateway.</param>
internal sealed class SteadySink(IBlockSink sink) : IBlockSink
{
    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (HttpRequestException e) when (attempt == Attempts)
            {
                throw new IOException($"a gateway did not take a block of the output: {e.Message}", e);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
