using System.Security.Cryptography;

namespace Sojourn.Cryptography.Sealing;

/// <summary>Reads a sealed body from its beginning, gives plaintext. No byte leaves before its chunk was authenticated.</summary>
internal sealed class OpeningStream : ForwardStream
{
    private readonly Stream body;
    private readonly ChunkCipher cipher;
    private readonly long chunks;
    private readonly long bodySize;
    private readonly byte[] input;
    private byte[] plain;
    private byte[]? spare;
    private long plainLeft;
    private long bodyRead;
    private long nextChunk;
    private int inputFilled;
    private int plainAt;
    private int plainEnd;
    private SealedContentException? failure;

    public OpeningStream(OpenedContent content, Stream body, ChunkCipher cipher)
    {
        this.body = body;
        this.cipher = cipher;
        chunks = content.Header.Chunks;
        bodySize = SealedLayout.BodySize(content.Header.Size, cipher.ChunkSize);
        plainLeft = content.Metadata.Length;
        var batch = (int)Math.Min(cipher.Batch, chunks);
        input = GC.AllocateUninitializedArray<byte>(batch * cipher.ChunkSize);
        plain = GC.AllocateUninitializedArray<byte>(batch * cipher.PlainSize, pinned: true);
    }

    protected override bool AtEnd => nextChunk == chunks;

    protected override bool HasBuffered => plainAt < plainEnd;

    protected override int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, plainEnd - plainAt);
        plain.AsSpan(plainAt, count).CopyTo(buffer);
        plainAt += count;
        return count;
    }

    protected override ReadOnlyMemory<byte> Detach()
    {
        var batch = plain.AsMemory(plainAt, plainEnd - plainAt);
        (plain, spare) = (spare ?? GC.AllocateUninitializedArray<byte>(plain.Length, pinned: true), plain);
        plainAt = plainEnd = 0;
        return batch;
    }

    protected override void Fill()
    {
        Begin();
        var want = Want();
        while (inputFilled < want)
        {
            if (!Account(body.Read(input, inputFilled, want - inputFilled)))
            {
                break;
            }
        }

        OpenBatch(want);
        if (AtEnd && body.Read(input, 0, 1) != 0)
        {
            Fail(SealedFault.TrailingData, chunks);
        }
    }

    protected override async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        Begin();
        var want = Want();
        while (inputFilled < want)
        {
            if (!Account(await body.ReadAsync(input.AsMemory(inputFilled, want - inputFilled), cancellationToken).ConfigureAwait(false)))
            {
                break;
            }
        }

        OpenBatch(want);
        if (AtEnd && await body.ReadAsync(input.AsMemory(0, 1), cancellationToken).ConfigureAwait(false) != 0)
        {
            Fail(SealedFault.TrailingData, chunks);
        }
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(plain);
        CryptographicOperations.ZeroMemory(spare);
        cipher.Dispose();
        base.Dispose(disposing);
    }

    private void Begin()
    {
        // A stream that failed stays failed: a retry must not skip what was refused.
        if (failure is not null)
        {
            throw new SealedContentException(failure.Fault, failure.Chunk);
        }

        inputFilled = 0;
        plainAt = plainEnd = 0;
    }

    private int Want() => (int)Math.Min(input.Length, bodySize - bodyRead);

    private bool Account(int read)
    {
        inputFilled += read;
        bodyRead += read;
        return read > 0;
    }

    private void OpenBatch(int want)
    {
        if (inputFilled < want)
        {
            Fail(SealedFault.Truncated, nextChunk + (inputFilled / cipher.ChunkSize));
        }

        var count = Math.Max(1, (want + cipher.ChunkSize - 1) / cipher.ChunkSize);
        var ends = nextChunk + count == chunks;
        var fault = cipher.Open(nextChunk, ends, input.AsMemory(0, want), plain, out var written, out var faulty);
        if (fault != SealedFault.None)
        {
            Fail(fault, faulty);
        }

        nextChunk += count;
        var content = (int)Math.Min(written, plainLeft);
        if (plain.AsSpan(content, written - content).ContainsAnyExcept((byte)0))
        {
            Fail(SealedFault.PaddingNotZero, nextChunk - 1);
        }

        plainLeft -= content;
        plainEnd = content;
    }

    private void Fail(SealedFault fault, long chunk)
    {
        CryptographicOperations.ZeroMemory(plain);
        plainAt = plainEnd = 0;
        failure = new SealedContentException(fault, chunk);
        throw failure;
    }
}
