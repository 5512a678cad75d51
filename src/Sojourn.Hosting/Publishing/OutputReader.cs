using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Content.Export;
using Sojourn.Content.UnixFs;
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
        if (root.Codec == Multicodec.DagPb)
        {
            // A public output was sealed to nobody.
            return await PlainAsync(root, cancel).ConfigureAwait(false);
        }

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

    private async Task<ImmutableSortedDictionary<string, byte[]>> PlainAsync(Cid root, CancellationToken cancel)
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        await WalkAsync(root, "", files, 0, cancel).ConfigureAwait(false);
        return files.ToImmutable();
    }

    private async Task WalkAsync(Cid cid, string path, ImmutableSortedDictionary<string, byte[]>.Builder files, int depth, CancellationToken cancel)
    {
        var block = await source.GetAsync(cid, cancel).ConfigureAwait(false) ?? throw new FileNotFoundException($"The block {cid} of the output is not to be had.");
        if (cid.Codec == Multicodec.DagPb && DagPb.TryDecode(block.Data, out var node, out _) && node.Data is { } bytes
            && UnixFsData.TryDecode(bytes, out var data, out _) && data.Type == UnixFsType.Directory)
        {
            foreach (var link in node.Links)
            {
                // The names become paths of the reader's own disk.
                if (link.Name.Length == 0 || link.Name is "." or ".." || link.Name.Contains('/', StringComparison.Ordinal) || link.Name.Contains('\0', StringComparison.Ordinal) || depth > 32 || files.Count > 100_000)
                {
                    throw new InvalidDataException($"The output {cid} holds a name that no file can have, or too much.");
                }

                await WalkAsync(link.Cid, path.Length == 0 ? link.Name : $"{path}/{link.Name}", files, depth + 1, cancel).ConfigureAwait(false);
            }

            return;
        }

        using var content = new MemoryStream();
        await UnixFsExporter.CopyToAsync(source, cid, content, default, null, cancel).ConfigureAwait(false);
        files[path] = content.Length <= BytesMax ? content.ToArray() : throw new InvalidDataException($"The output's file {path} is larger than {BytesMax} bytes.");
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
