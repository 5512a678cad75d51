namespace Sojourn.Cryptography.Sealing;

/// <summary>Gives the chunks of a sealed body by index; each is one leaf block of ordinary content.</summary>
public interface ISealedBody
{
    /// <summary>Reads one chunk.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="length">How many bytes the chunk has.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>That many bytes, or fewer where the body ends early. Untrusted.</returns>
    ValueTask<ReadOnlyMemory<byte>> ReadChunkAsync(long index, int length, CancellationToken cancellationToken);
}
