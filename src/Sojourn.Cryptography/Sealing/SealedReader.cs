using System.Security.Cryptography;

namespace Sojourn.Cryptography.Sealing;

/// <summary>Reads any range of sealed content and touches only the chunks that hold it.</summary>
/// <remarks>Keeps the chunk read last, in pinned memory that is wiped on disposal. Not for concurrent use.</remarks>
public sealed class SealedReader : IDisposable
{
    private readonly OpenedContent content;
    private readonly ISealedBody body;
    private readonly ChunkCipher cipher;
    private readonly byte[] plain;
    private long heldChunk = -1;
    private int heldLength;

    internal SealedReader(OpenedContent content, ISealedBody body, ChunkCipher cipher)
    {
        this.content = content;
        this.body = body;
        this.cipher = cipher;
        plain = GC.AllocateUninitializedArray<byte>(cipher.PlainSize, pinned: true);
    }

    /// <summary>Bytes of plaintext, without padding.</summary>
    public long Length => content.Metadata.Length;

    /// <summary>Reads from an offset.</summary>
    /// <param name="offset">Where, in plaintext.</param>
    /// <param name="buffer">Filled as far as the content reaches.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <returns>Bytes read; fewer than asked only at the end.</returns>
    /// <exception cref="SealedContentException">A chunk is not authentic.</exception>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var wanted = (int)Math.Max(0, Math.Min(buffer.Length, Length - offset));
        var done = 0;
        while (done < wanted)
        {
            var chunk = (offset + done) / cipher.PlainSize;
            await HoldAsync(chunk, cancellationToken).ConfigureAwait(false);
            var within = (int)(offset + done - (chunk * cipher.PlainSize));
            var count = Math.Min(wanted - done, heldLength - within);
            plain.AsSpan(within, count).CopyTo(buffer.Span[done..]);
            done += count;
        }

        return done;
    }

    /// <summary>A seekable stream over a part of the content.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">How long it is; cut at the content's end.</param>
    public Stream OpenRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var start = Math.Min(offset, Length);
        return new RangeStream(this, start, Math.Min(length, Length - start));
    }

    /// <summary>Wipes the chunk that is held.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(plain);
        cipher.Dispose();
    }

    private async ValueTask HoldAsync(long chunk, CancellationToken cancellationToken)
    {
        if (chunk == heldChunk)
        {
            return;
        }

        heldChunk = -1;
        var last = chunk == content.Header.Chunks - 1;
        var length = last ? (int)(SealedLayout.BodySize(content.Header.Size, cipher.ChunkSize) - (chunk * cipher.ChunkSize)) : cipher.ChunkSize;
        var bytes = await body.ReadChunkAsync(chunk, length, cancellationToken).ConfigureAwait(false);
        SealedContentException.ThrowIf(bytes.Length < length ? SealedFault.Truncated : bytes.Length > length ? SealedFault.TrailingData : SealedFault.None, chunk);
        var fault = cipher.Open(chunk, last, bytes, plain, out var written, out _);
        SealedContentException.ThrowIf(fault, chunk);
        var inContent = (int)Math.Clamp(Length - (chunk * cipher.PlainSize), 0, written);
        SealedContentException.ThrowIf(plain.AsSpan(inContent, written - inContent).ContainsAnyExcept((byte)0) ? SealedFault.PaddingNotZero : SealedFault.None, chunk);
        heldChunk = chunk;
        heldLength = written;
    }

    private sealed class RangeStream(SealedReader reader, long start, long length) : Stream
    {
        private long position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => position;
            set => position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value));
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Max(0, Math.Min(buffer.Length, length - position));
            var read = await reader.ReadAsync(start + position, buffer[..count], cancellationToken).ConfigureAwait(false);
            position += read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        // The body may be remote; callers that cannot wait get the wait here, off any context.
        public override int Read(byte[] buffer, int offset, int count) =>
            Task.Run(() => ReadAsync(buffer.AsMemory(offset, count)).AsTask()).GetAwaiter().GetResult();

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
