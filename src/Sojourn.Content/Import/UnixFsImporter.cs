using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;

namespace Sojourn.Content.Import;

/// <summary>Turns bytes into UnixFS blocks: chunks are hashed on all cores, the tree grows as leaves come in order, and memory stays flat.</summary>
/// <remarks>UnixFS specification; IPIP-499 for the profiles. The same bytes and profile give the same CID as the JS and Go implementations.</remarks>
public static class UnixFsImporter
{
    private const int BatchBytes = 1 << 20;

    /// <summary>Imports a stream from where it stands to its end.</summary>
    /// <param name="content">The bytes. A <see cref="FileStream"/> that can seek is read by several threads at once.</param>
    /// <param name="sink">Where blocks go, children before parents; null to compute the CID alone.</param>
    /// <param name="options">Profile and metadata.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<ImportResult> ImportAsync(Stream content, IBlockSink? sink, ImportOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= ImportOptions.Default;
        var profile = options.Profile;
        profile.Validate();

        // Small files, which directories are full of, take one buffer of their size and no other thread.
        // A length of 0 proves nothing: files of /proc have content all the same.
        var whole = content.CanSeek && content.Length - content.Position is > 0 and var known ? known : long.MaxValue;
        var capacity = (int)Math.Min(BatchSize(profile), whole);
        var first = new LeafBatch(profile, capacity);
        if (content is FileStream { CanSeek: true } file && whole > capacity && whole < long.MaxValue)
        {
            return await ImportFileAsync(file, whole, sink, options, cancellationToken).ConfigureAwait(false);
        }

        await ReadAsync(content, first, 0, cancellationToken).ConfigureAwait(false);
        var probe = first.Length < first.Buffer.Length ? null : await TryReadAnotherAsync(content, first, profile, cancellationToken).ConfigureAwait(false);
        return probe is null
            ? await ImportSmallAsync(first, sink, options, cancellationToken).ConfigureAwait(false)
            : await ImportStreamAsync(content, first, probe, sink, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a symbolic link.</summary>
    /// <param name="target">Where it leads; UTF-8 of 1 to 4,096 bytes.</param>
    /// <param name="sink">Where its block goes; null to compute the CID alone.</param>
    /// <param name="options">Profile (for the CID's version) and metadata.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<ImportResult> ImportSymlinkAsync(string target, IBlockSink? sink, ImportOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= ImportOptions.Default;
        options.Profile.Validate();
        var bytes = System.Text.Encoding.UTF8.GetBytes(target);
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length, nameof(target));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 4096, nameof(target));
        var data = new UnixFsData { Type = UnixFsType.Symlink, Data = bytes, Mode = options.Mode, ModifiedAt = options.ModifiedAt };
        var block = FileNodes.ToBlock(DagPb.Encode(data.Encode(), []), options.Profile);
        if (sink is not null)
        {
            await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        }

        return new ImportResult(block.Cid, (ulong)bytes.Length, (ulong)block.Data.Length, 1);
    }

    private static async ValueTask<ImportResult> ImportSmallAsync(LeafBatch batch, IBlockSink? sink, ImportOptions options, CancellationToken cancellationToken)
    {
        var hasMetadata = options.Mode is not null || options.ModifiedAt is not null;
        if (hasMetadata && batch.Length <= options.Profile.ChunkBytes && options.Profile.Layout == FileLayout.Balanced)
        {
            return await ImportInlineAsync(batch, sink, options, cancellationToken).ConfigureAwait(false);
        }

        var assembly = new Assembly(sink, options, cancellationToken);
        await batch.HashAsync(sink, cancellationToken).ConfigureAwait(false);
        await assembly.AddAsync(batch).ConfigureAwait(false);
        return await assembly.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>A raw leaf cannot carry metadata, so a file of one chunk becomes one dag-pb node that holds both.</summary>
    private static async ValueTask<ImportResult> ImportInlineAsync(LeafBatch batch, IBlockSink? sink, ImportOptions options, CancellationToken cancellationToken)
    {
        var data = Metadata(options) with
        {
            Data = batch.Length == 0 ? null : batch.Buffer[..batch.Length],
            FileSize = (ulong)batch.Length,
        };
        var block = FileNodes.ToBlock(DagPb.Encode(data.Encode(), []), options.Profile);
        if (sink is not null)
        {
            await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        }

        options.Progress?.Invoke(batch.Length);
        return new ImportResult(block.Cid, (ulong)batch.Length, (ulong)block.Data.Length, 1);
    }

    private static async ValueTask<ImportResult> ImportStreamAsync(Stream content, LeafBatch first, LeafBatch second, IBlockSink? sink, ImportOptions options, CancellationToken cancellationToken)
    {
        var assembly = new Assembly(sink, options, cancellationToken);
        var spare = new Stack<LeafBatch>();
        var pipeline = new OrderedPipeline<LeafBatch, LeafBatch>(
            async batch =>
            {
                await batch.HashAsync(sink, cancellationToken).ConfigureAwait(false);
                return batch;
            },
            options.Degree);

        async ValueTask CompleteAsync(LeafBatch batch)
        {
            await assembly.AddAsync(batch).ConfigureAwait(false);
            spare.Push(batch);
        }

        try
        {
            await pipeline.AddAsync(first, CompleteAsync).ConfigureAwait(false);
            for (var batch = second; batch.Length > 0;)
            {
                var offset = batch.Offset + batch.Length;
                var last = batch.Length < batch.Buffer.Length;
                await pipeline.AddAsync(batch, CompleteAsync).ConfigureAwait(false);
                if (last)
                {
                    break;
                }

                batch = spare.Count > 0 ? spare.Pop() : new LeafBatch(options.Profile, first.Buffer.Length);
                await ReadAsync(content, batch, offset, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await pipeline.FinishAsync(CompleteAsync).ConfigureAwait(false);
        }

        return await assembly.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Reads and hashes in the same step on each core, so that a chunk is hashed while it is still in that core's cache.</summary>
    private static async ValueTask<ImportResult> ImportFileAsync(FileStream file, long length, IBlockSink? sink, ImportOptions options, CancellationToken cancellationToken)
    {
        if (sink is null)
        {
            return await HashFileAsync(file, length, options, cancellationToken).ConfigureAwait(false);
        }

        var assembly = new Assembly(sink, options, cancellationToken);
        var handle = file.SafeFileHandle;
        var start = file.Position;
        var size = BatchSize(options.Profile);
        var spare = new System.Collections.Concurrent.ConcurrentBag<LeafBatch>();
        var sequential = sink is { IsSequential: true };
        var pipeline = new OrderedPipeline<long, LeafBatch>(
            async offset =>
            {
                var batch = spare.TryTake(out var old) ? old : new LeafBatch(options.Profile, size);
                batch.Offset = offset;
                batch.Length = (int)Math.Min(size, length - offset);
                for (var at = 0; at < batch.Length;)
                {
                    var read = RandomAccess.Read(handle, batch.Buffer.Span[at..batch.Length], start + offset + at);
                    at += read > 0 ? read : throw new EndOfStreamException($"The file became shorter while it was read: {start + length} bytes were expected, it ends at {start + offset + at}.");
                }

                if (sequential)
                {
                    await batch.HashAsync(sink, cancellationToken).ConfigureAwait(false);
                    return batch;
                }

                // The batch goes back when its bytes are written, which may be before the leaves below are looked at.
                var result = new LeafBatch(options.Profile, 0) { Offset = offset, Length = batch.Length };
                await batch.HashAndLendAsync(sink, result.Leaves, () => spare.Add(batch), cancellationToken).ConfigureAwait(false);
                return result;
            },
            options.Degree);

        async ValueTask CompleteAsync(LeafBatch batch)
        {
            await assembly.AddAsync(batch).ConfigureAwait(false);
            if (sequential)
            {
                spare.Add(batch);
            }
        }

        try
        {
            for (long offset = 0; offset < length; offset += size)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await pipeline.AddAsync(offset, CompleteAsync).ConfigureAwait(false);
            }
        }
        finally
        {
            await pipeline.FinishAsync(CompleteAsync).ConfigureAwait(false);
        }

        file.Position = start + length;
        return await assembly.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Where no block is wanted, each core reads small pieces into a buffer that stays in its cache and hashes them as they come.</summary>
    private static async ValueTask<ImportResult> HashFileAsync(FileStream file, long length, ImportOptions options, CancellationToken cancellationToken)
    {
        var assembly = new Assembly(null, options, cancellationToken);
        var handle = file.SafeFileHandle;
        var start = file.Position;
        // No buffer is held between the steps, so each may be long: cores then rarely wait for one another.
        var size = 4 * BatchSize(options.Profile);
        var spare = new System.Collections.Concurrent.ConcurrentBag<LeafHasher>();
        var pipeline = new OrderedPipeline<long, LeafBatch>(
            offset =>
            {
                var hasher = spare.TryTake(out var old) ? old : new LeafHasher(options.Profile);
                var result = new LeafBatch(options.Profile, 0) { Offset = offset, Length = (int)Math.Min(size, length - offset) };
                hasher.Hash(handle, start + offset, result.Length, result.Leaves);
                spare.Add(hasher);
                return ValueTask.FromResult(result);
            },
            options.Degree);
        try
        {
            for (long offset = 0; offset < length; offset += size)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await pipeline.AddAsync(offset, assembly.AddAsync).ConfigureAwait(false);
            }
        }
        finally
        {
            await pipeline.FinishAsync(assembly.AddAsync).ConfigureAwait(false);
            foreach (var hasher in spare)
            {
                hasher.Dispose();
            }
        }

        file.Position = start + length;
        return await assembly.FinishAsync().ConfigureAwait(false);
    }

    private static int BatchSize(ImportProfile profile) => Math.Max(1, BatchBytes / profile.ChunkBytes) * profile.ChunkBytes;

    private static async ValueTask<LeafBatch?> TryReadAnotherAsync(Stream content, LeafBatch first, ImportProfile profile, CancellationToken cancellationToken)
    {
        // A buffer that was cut to the stream's length is full although the stream is at its end.
        var size = BatchSize(profile);
        if (first.Buffer.Length < size)
        {
            return null;
        }

        var second = new LeafBatch(profile, size);
        await ReadAsync(content, second, first.Length, cancellationToken).ConfigureAwait(false);
        return second.Length == 0 ? null : second;
    }

    private static async ValueTask ReadAsync(Stream content, LeafBatch batch, long offset, CancellationToken cancellationToken)
    {
        batch.Offset = offset;
        batch.Length = await content.ReadAtLeastAsync(batch.Buffer, batch.Buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
    }

    private static UnixFsData Metadata(ImportOptions options) => FileNodes.Plain with { Mode = options.Mode, ModifiedAt = options.ModifiedAt };

    /// <summary>The part that happens in order: leaves become a tree, finished nodes go to the sink.</summary>
    private sealed class Assembly(IBlockSink? sink, ImportOptions options, CancellationToken cancellationToken)
    {
        private readonly FileTree _tree = FileTree.Create(options.Profile);
        private long _blocks;
        private long _bytes;

        public async ValueTask AddAsync(LeafBatch batch)
        {
            if (sink is { IsSequential: true })
            {
                await batch.PutAsync(sink, cancellationToken).ConfigureAwait(false);
            }

            foreach (var leaf in batch.Leaves)
            {
                _tree.Add(leaf);
            }

            _blocks += batch.Leaves.Count;
            _bytes += batch.Length;
            await FlushAsync().ConfigureAwait(false);
            options.Progress?.Invoke(_bytes);
        }

        public async ValueTask<ImportResult> FinishAsync()
        {
            var root = _tree.Finish(Metadata(options));
            await FlushAsync().ConfigureAwait(false);
            return new ImportResult(root.Cid, root.FileBytes, root.DagBytes, _blocks);
        }

        private async ValueTask FlushAsync()
        {
            foreach (var block in _tree.Completed)
            {
                if (sink is not null)
                {
                    await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
                }

                _blocks++;
            }

            _tree.Completed.Clear();
        }
    }
}
