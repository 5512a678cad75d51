using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Content.Export;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Publishing;

/// <summary>Opens a job's sealed output as its recipient.</summary>
/// <param name="source">Where blocks come from; each is verified.</param>
public sealed class OutputReader(IBlockSource source)
{
    private const long BytesMax = 1L << 30;

    /// <summary>Fetches and opens an output.</summary>
    /// <param name="root">The output's root.</param>
    /// <param name="key">The recipient's key.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>Files by path.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or not for this key.</exception>
    public async Task<ImmutableSortedDictionary<string, byte[]>> OpenAsync(Cid root, HpkePrivateKey key, CancellationToken cancel)
    {
        var block = await source.GetAsync(root, cancel).ConfigureAwait(false) ?? throw new FileNotFoundException($"The output {root} is not to be had.");
        var fault = SealedHeader.TryDecode(block.Data.Span, out var header);
        if (fault != SealedFault.None)
        {
            throw new InvalidDataException($"{root} is no sealed output ({fault}).");
        }

        fault = header!.TryOpenKey(key, out var contentKey);
        if (fault != SealedFault.None)
        {
            throw new InvalidDataException($"The output {root} does not open with this key ({fault}).");
        }

        using (contentKey)
        {
            fault = OpenedContent.TryCreate(header, contentKey!, out var opened);
            if (fault != SealedFault.None)
            {
                throw new InvalidDataException($"The output {root} is not authentic ({fault}).");
            }

            using (opened)
            {
                return await ReadAsync(opened!, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task<ImmutableSortedDictionary<string, byte[]>> ReadAsync(OpenedContent opened, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        if (opened.Header.Size > BytesMax)
        {
            throw new InvalidDataException($"The output has {opened.Header.Size} bytes; at most {BytesMax} are opened in memory.");
        }

        await UnixFsExporter.CopyToAsync(source, opened.Header.Body, body, default, null, cancel).ConfigureAwait(false);
        using var reader = opened.OpenReader(new MemoryBody(body.GetBuffer().AsMemory(0, (int)body.Length), opened.Header.ChunkSize));
        var files = ImmutableSortedDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        foreach (var entry in await SealedDirectory.ReadManifestAsync(opened, reader, cancel).ConfigureAwait(false))
        {
            if (entry.Kind != SealedEntryKind.File)
            {
                continue;
            }

            var bytes = new byte[entry.Length];
            await reader.ReadAsync(entry.Offset, bytes, cancel).ConfigureAwait(false);
            files[entry.Path] = bytes;
        }

        return files.ToImmutable();
    }

    private sealed class MemoryBody(ReadOnlyMemory<byte> body, int chunkSize) : ISealedBody
    {
        public ValueTask<ReadOnlyMemory<byte>> ReadChunkAsync(long index, int length, CancellationToken cancellationToken)
        {
            var offset = (int)Math.Min(body.Length, index * chunkSize);
            return new(body.Slice(offset, Math.Min(length, body.Length - offset)));
        }
    }
}
