namespace Sojourn.Cryptography.Sealing;

/// <summary>Reads the files of a directory one after another, then the manifest that tells where each lies.</summary>
internal sealed class DirectoryStream : Stream
{
    private readonly SealedDirectorySource[] sources;
    private readonly List<SealedDirectoryEntry> entries = [];
    private Stream? current;
    private MemoryStream? manifest;
    private int next;
    private long position;
    private long fileStart;

    public DirectoryStream(IReadOnlyList<SealedDirectorySource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources.Count, SealedDirectory.EntriesMax, nameof(sources));
        this.sources = [.. sources];
        Array.Sort(this.sources, (a, b) => SealedDirectory.ComparePaths(a.Path, b.Path));
        for (var i = 0; i < this.sources.Length; i++)
        {
            var source = this.sources[i];
            if (!SealedDirectory.IsPath(source.Path) || (i > 0 && this.sources[i - 1].Path == source.Path))
            {
                throw new ArgumentException($"'{source.Path}' is no relative path, or occurs twice.", nameof(sources));
            }

            if ((source.Kind == SealedEntryKind.File) != source.Open is not null || (source.Kind == SealedEntryKind.Link) != source.Target is not null)
            {
                throw new ArgumentException($"'{source.Path}': a file has bytes, a link has a target, and nothing else has either.", nameof(sources));
            }
        }
    }

    /// <summary>Where the manifest begins, once the files were read.</summary>
    public long ManifestOffset { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        while (Source() is { } source)
        {
            var read = source.Read(buffer, offset, count);
            if (read > 0 || count == 0)
            {
                position += read;
                return read;
            }

            EndFile();
        }

        return 0;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (Source() is { } source)
        {
            var read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read > 0 || buffer.IsEmpty)
            {
                position += read;
                return read;
            }

            EndFile();
        }

        return 0;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        current?.Dispose();
        manifest?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>What is to be read now; null at the end.</summary>
    private Stream? Source()
    {
        while (current is null && next < sources.Length)
        {
            var source = sources[next];
            if (source.Open is not null)
            {
                fileStart = position;
                current = source.Open();
            }
            else
            {
                entries.Add(new SealedDirectoryEntry(source.Path, source.Kind, 0, 0, source.Mode, source.Modified, source.Target));
                next++;
            }
        }

        if (current is not null)
        {
            return current;
        }

        if (manifest is null)
        {
            ManifestOffset = position;
            manifest = new MemoryStream(SealedDirectory.Encode(entries), writable: false);
        }

        return manifest.Position < manifest.Length ? manifest : null;
    }

    private void EndFile()
    {
        if (current is null)
        {
            return;
        }

        current.Dispose();
        current = null;
        var source = sources[next++];
        entries.Add(new SealedDirectoryEntry(source.Path, source.Kind, fileStart, position - fileStart, source.Mode, source.Modified, source.Target));
    }
}
