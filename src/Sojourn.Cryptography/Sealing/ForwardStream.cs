namespace Sojourn.Cryptography.Sealing;

/// <summary>A stream that is only read forward, from a buffer that is filled batch by batch.</summary>
internal abstract class ForwardStream : Stream
{
    private bool ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the last batch was made; its bytes may still be in the buffer.</summary>
    protected abstract bool AtEnd { get; }

    protected abstract bool HasBuffered { get; }

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override int Read(Span<byte> buffer)
    {
        while (!HasBuffered)
        {
            if (ended || buffer.IsEmpty)
            {
                return 0;
            }

            Fill();
            ended = AtEnd;
        }

        return Take(buffer);
    }

    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!HasBuffered)
        {
            if (ended || buffer.IsEmpty)
            {
                return 0;
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
            ended = AtEnd;
        }

        return Take(buffer.Span);
    }

    /// <summary>Copies to the end, making the next batch while the last one is being written.</summary>
    public sealed override void CopyTo(Stream destination, int bufferSize)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var writing = Task.CompletedTask;
        try
        {
            while (HasBuffered || !ended)
            {
                if (!HasBuffered)
                {
                    Fill();
                    ended = AtEnd;
                    continue;
                }

                writing.GetAwaiter().GetResult();
                var batch = Detach();
                writing = Task.Run(() => destination.Write(batch.Span));
            }
        }
        finally
        {
            // The other buffer must not be wiped or reused under a write that still runs.
            writing.GetAwaiter().GetResult();
        }
    }

    public sealed override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var writing = Task.CompletedTask;
        try
        {
            while (HasBuffered || !ended)
            {
                if (!HasBuffered)
                {
                    await FillAsync(cancellationToken).ConfigureAwait(false);
                    ended = AtEnd;
                    continue;
                }

                await writing.ConfigureAwait(false);
                var batch = Detach();
                writing = Task.Run(async () => await destination.WriteAsync(batch, cancellationToken).ConfigureAwait(false), CancellationToken.None);
            }
        }
        finally
        {
            await writing.ConfigureAwait(false);
        }
    }

    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Makes the next batch; may leave the buffer empty.</summary>
    protected abstract void Fill();

    protected abstract ValueTask FillAsync(CancellationToken cancellationToken);

    protected abstract int Take(Span<byte> buffer);

    /// <summary>Gives all that is buffered and goes on in another buffer, so that the first can be written meanwhile.</summary>
    protected abstract ReadOnlyMemory<byte> Detach();
}
