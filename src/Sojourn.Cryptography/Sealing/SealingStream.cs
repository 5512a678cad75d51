using System.Security.Cryptography;

namespace Sojourn.Cryptography.Sealing;

/// <summary>Reads plaintext, gives sealed chunks. One batch ahead, since a chunk must know whether it is the last.</summary>
internal sealed class SealingStream : ForwardStream
{
    private readonly Stream source;
    private readonly ChunkCipher cipher;
    private readonly SizePadding padding;
    private readonly Func<long?> manifest;
    private readonly byte[] plain;
    private byte[] output;
    private byte[]? spare;
    private int plainFilled;
    private int outputAt;
    private int outputEnd;
    private long nextChunk;
    private long zerosLeft;
    private bool sourceEnded;

    public SealingStream(Stream source, ChunkCipher cipher, SizePadding padding, SealedKind kind, Func<long?> manifest)
    {
        this.source = source;
        this.cipher = cipher;
        this.padding = padding;
        this.manifest = manifest;
        Kind = kind;
        plain = GC.AllocateUninitializedArray<byte>((cipher.Batch + 1) * cipher.PlainSize, pinned: true);
        output = GC.AllocateUninitializedArray<byte>((cipher.Batch + 1) * cipher.ChunkSize);
    }

    public SealedKind Kind { get; }

    public long PlainLength { get; private set; }

    public long PaddedLength { get; private set; }

    public long? Manifest { get; private set; }

    /// <summary>Whether the last chunk was read out.</summary>
    public bool IsComplete { get; private set; }

    protected override int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, outputEnd - outputAt);
        output.AsSpan(outputAt, count).CopyTo(buffer);
        outputAt += count;
        return count;
    }

    protected override ReadOnlyMemory<byte> Detach()
    {
        var batch = output.AsMemory(outputAt, outputEnd - outputAt);
        (output, spare) = (spare ?? GC.AllocateUninitializedArray<byte>(output.Length), output);
        outputAt = outputEnd = 0;
        return batch;
    }

    protected override bool HasBuffered => outputAt < outputEnd;

    protected override bool AtEnd => IsComplete;

    protected override void Fill()
    {
        while (plainFilled < plain.Length && !sourceEnded)
        {
            Account(source.Read(plain, plainFilled, plain.Length - plainFilled));
        }

        SealBatch();
    }

    protected override async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        while (plainFilled < plain.Length && !sourceEnded)
        {
            Account(await source.ReadAsync(plain.AsMemory(plainFilled), cancellationToken).ConfigureAwait(false));
        }

        SealBatch();
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(plain);
        cipher.Dispose();
        base.Dispose(disposing);
    }

    private void Account(int read)
    {
        if (read > 0)
        {
            plainFilled += read;
            PlainLength += read;
            return;
        }

        sourceEnded = true;
        PaddedLength = SealedLayout.PaddedSize(PlainLength, padding);
        zerosLeft = PaddedLength - PlainLength;
        Manifest = manifest();
    }

    private void SealBatch()
    {
        if (sourceEnded && zerosLeft > 0)
        {
            var zeros = (int)Math.Min(zerosLeft, plain.Length - plainFilled);
            plain.AsSpan(plainFilled, zeros).Clear();
            plainFilled += zeros;
            zerosLeft -= zeros;
        }

        // All that is left, or whole chunks with at least a byte held back.
        var ends = sourceEnded && zerosLeft == 0;
        var take = ends ? plainFilled : cipher.Batch * cipher.PlainSize;
        outputEnd = cipher.Seal(nextChunk, ends, plain.AsMemory(0, take), output);
        outputAt = 0;
        nextChunk += Math.Max(1, (take + cipher.PlainSize - 1) / cipher.PlainSize);
        plain.AsSpan(take, plainFilled - take).CopyTo(plain);
        plainFilled -= take;
        if (ends)
        {
            IsComplete = true;
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
