using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Sealing;

/// <summary>Seals and opens the chunks of one content, several at a time on all cores.</summary>
/// <remarks>
/// STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as age uses it: nonce = 11-byte big-endian index ‖ last flag. The key is
/// fresh for each content, so a nonce never repeats. Each core has a cipher of its own, since the platform's may not be shared.
/// </remarks>
public sealed class ChunkCipher : IDisposable
{
    private readonly AesGcm[] ciphers;
    private readonly Lock users = new();

    internal ChunkCipher(SecretKey contentKey, ReadOnlySpan<byte> salt, int suite, int chunkSize)
    {
        ChunkSize = chunkSize;
        ciphers = new AesGcm[Math.Clamp(Environment.ProcessorCount, 1, 64)];
        using var key = SealedKeySchedule.Payload(contentKey, salt, suite, chunkSize);
        using var lease = key.Lend();
        for (var i = 0; i < ciphers.Length; i++)
        {
            ciphers[i] = new AesGcm(lease.Span, SealedLayout.TagSize);
        }
    }

    /// <summary>Bytes of a full sealed chunk.</summary>
    public int ChunkSize { get; }

    /// <summary>Bytes of plaintext in a full chunk.</summary>
    public int PlainSize => ChunkSize - SealedLayout.TagSize;

    /// <summary>Chunks that are worth handing over at once.</summary>
    public int Batch => Math.Max(1, ciphers.Length * Math.Max(2, (2 << 20) / ChunkSize));

    /// <summary>Seals consecutive chunks.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="endsContent">Whether the last of them is the content's last.</param>
    /// <param name="plain">Full chunks; the last may be short where the content ends.</param>
    /// <param name="output">Room for plain and a tag for each chunk.</param>
    /// <returns>Bytes written.</returns>
    public int Seal(long first, bool endsContent, ReadOnlyMemory<byte> plain, Memory<byte> output)
    {
        var count = CountOf(plain.Length, PlainSize);
        var total = plain.Length + (count * SealedLayout.TagSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(output.Length, total, nameof(output));
        Run(count, (cipher, i) =>
        {
            var from = plain.Span.Slice(i * PlainSize, Math.Min(PlainSize, plain.Length - (i * PlainSize)));
            var to = output.Span.Slice(i * ChunkSize, from.Length + SealedLayout.TagSize);
            Span<byte> nonce = stackalloc byte[12];
            WriteNonce(nonce, first + i, endsContent && i == count - 1);
            cipher.Encrypt(nonce, from, to[..from.Length], to[from.Length..]);
            return SealedFault.None;
        });
        return total;
    }

    /// <summary>Opens consecutive chunks. Nothing of a chunk is written unless it is authentic.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="endsContent">Whether the last of them must be the content's last.</param>
    /// <param name="body">Full chunks; the last may be short where the content ends. Untrusted.</param>
    /// <param name="output">Room for body less a tag for each chunk.</param>
    /// <param name="written">Bytes written.</param>
    /// <param name="faultyChunk">Index of the first bad chunk, where there is a fault.</param>
    public SealedFault Open(long first, bool endsContent, ReadOnlyMemory<byte> body, Memory<byte> output, out int written, out long faultyChunk)
    {
        var count = CountOf(body.Length, ChunkSize);
        written = 0;
        faultyChunk = first + count - 1;
        var lastLength = body.Length - ((count - 1) * ChunkSize);
        if (lastLength < SealedLayout.TagSize || (lastLength == SealedLayout.TagSize && faultyChunk > 0))
        {
            // An empty chunk stands for empty content only.
            return lastLength < SealedLayout.TagSize ? SealedFault.Truncated : SealedFault.ChunkNotAuthentic;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(output.Length, body.Length - (count * SealedLayout.TagSize), nameof(output));
        var bad = long.MaxValue;
        var fault = SealedFault.None;
        var gate = new Lock();
        Run(count, (cipher, i) =>
        {
            var from = body.Span.Slice(i * ChunkSize, Math.Min(ChunkSize, body.Length - (i * ChunkSize)));
            var to = output.Span.Slice(i * PlainSize, from.Length - SealedLayout.TagSize);
            var verdict = OpenOne(cipher, first + i, endsContent && i == count - 1, from, to);
            if (verdict != SealedFault.None)
            {
                lock (gate)
                {
                    if (first + i < bad)
                    {
                        bad = first + i;
                        fault = verdict;
                    }
                }
            }

            return verdict;
        });
        if (fault != SealedFault.None)
        {
            faultyChunk = bad;
            output.Span[..(body.Length - (count * SealedLayout.TagSize))].Clear();
            return fault;
        }

        written = body.Length - (count * SealedLayout.TagSize);
        faultyChunk = -1;
        return SealedFault.None;
    }

    /// <summary>Closes the ciphers; the platform wipes their keys.</summary>
    public void Dispose()
    {
        foreach (var cipher in ciphers)
        {
            cipher.Dispose();
        }
    }

    private static SealedFault OpenOne(AesGcm cipher, long index, bool last, ReadOnlySpan<byte> from, Span<byte> to)
    {
        Span<byte> nonce = stackalloc byte[12];
        WriteNonce(nonce, index, last);
        if (TryDecrypt(cipher, nonce, from, to))
        {
            return SealedFault.None;
        }

        // Told apart for the person who reads the message; the bytes are refused either way.
        WriteNonce(nonce, index, !last);
        var flagged = TryDecrypt(cipher, nonce, from, to);
        to.Clear();
        return flagged ? SealedFault.WrongLastFlag : SealedFault.ChunkNotAuthentic;
    }

    private static bool TryDecrypt(AesGcm cipher, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> from, Span<byte> to)
    {
        try
        {
            cipher.Decrypt(nonce, from[..to.Length], from[to.Length..], to);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static void WriteNonce(Span<byte> nonce, long index, bool last)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[3..], index);
        nonce[11] = last ? (byte)1 : (byte)0;
    }

    private static int CountOf(int length, int size) => Math.Max(1, (length + size - 1) / size);

    /// <summary>Shares chunks out: worker w takes w, w + workers, …, so each cipher has one user at a time.</summary>
    private void Run(int count, Func<AesGcm, int, SealedFault> work)
    {
        lock (users)
        {
            var workers = Math.Min(ciphers.Length, count);
            if (workers == 1)
            {
                for (var i = 0; i < count; i++)
                {
                    _ = work(ciphers[0], i);
                }

                return;
            }

            Parallel.For(0, workers, worker =>
            {
                for (var i = worker; i < count; i += workers)
                {
                    _ = work(ciphers[worker], i);
                }
            });
        }
    }
}
