using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Keystores;

/// <summary>scrypt (RFC 7914), which the platform lacks and wallets' key files need.</summary>
/// <remarks>Its memory accesses depend on the passphrase by design; it runs on the owner's machine only.</remarks>
internal static class Scrypt
{
    /// <summary>Most memory that a foreign key file may ask for: 512 MiB.</summary>
    public const long MemoryMax = 512L << 20;

    public static bool AreParametersGood(long n, long r, long p) =>
        n is > 1 and <= 1 << 24 && BitOperations.IsPow2(n) && r is >= 1 and <= 1024 && p is >= 1 and <= 64 && 128 * n * r <= MemoryMax;

    public static unsafe void Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int n, int r, int p, Span<byte> output)
    {
        var blockSize = 128 * r;
        using var blocks = SecretKey.Create(blockSize * p, new Inputs(passphrase, salt), static (bytes, inputs) =>
            Rfc2898DeriveBytes.Pbkdf2(inputs.Passphrase, inputs.Salt, bytes, 1, HashAlgorithmName.SHA256));
        using var lease = blocks.Lend();
        var words = 32 * r;
        var table = (uint*)NativeMemory.AlignedAlloc((nuint)((long)n * blockSize), 64);
        var mixed = GC.AllocateUninitializedArray<byte>(blockSize * p, pinned: true);
        var x = GC.AllocateUninitializedArray<uint>(2 * words, pinned: true);
        try
        {
            for (var i = 0; i < p; i++)
            {
                for (var w = 0; w < words; w++)
                {
                    x[w] = BinaryPrimitives.ReadUInt32LittleEndian(lease.Span[((i * blockSize) + (4 * w))..]);
                }

                RoMix(table, x, words, n, r);
                for (var w = 0; w < words; w++)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(mixed.AsSpan((i * blockSize) + (4 * w)), x[w]);
                }
            }

            Rfc2898DeriveBytes.Pbkdf2(passphrase, mixed, output, 1, HashAlgorithmName.SHA256);
        }
        finally
        {
            NativeMemory.Clear(table, (nuint)((long)n * blockSize));
            NativeMemory.AlignedFree(table);
            CryptographicOperations.ZeroMemory(mixed);
            x.AsSpan().Clear();
        }
    }

    private static unsafe void RoMix(uint* table, uint[] buffer, int words, int n, int r)
    {
        fixed (uint* start = buffer)
        {
            uint* x = start, y = start + words;
            for (var i = 0; i < n; i++)
            {
                new ReadOnlySpan<uint>(x, words).CopyTo(new Span<uint>(table + ((long)i * words), words));
                BlockMix(x, y, r);
                var front = x;
                x = y;
                y = front;
            }

            for (var i = 0; i < n; i++)
            {
                var from = table + ((x[words - 16] & (uint)(n - 1)) * (long)words);
                for (var w = 0; w < words; w++)
                {
                    x[w] ^= from[w];
                }

                BlockMix(x, y, r);
                var front = x;
                x = y;
                y = front;
            }

            // n is even, so x is the array's front again.
        }
    }

    private static unsafe void BlockMix(uint* input, uint* output, int r)
    {
        var state = stackalloc uint[16];
        new ReadOnlySpan<uint>(input + (((2 * r) - 1) * 16), 16).CopyTo(new Span<uint>(state, 16));
        for (var i = 0; i < 2 * r; i++)
        {
            for (var w = 0; w < 16; w++)
            {
                state[w] ^= input[(16 * i) + w];
            }

            Salsa20Eight(state);

            // Even blocks to the front half, odd ones to the back.
            var to = output + (((i / 2) + (i % 2 == 0 ? 0 : r)) * 16);
            for (var w = 0; w < 16; w++)
            {
                to[w] = state[w];
            }
        }
    }

    private static unsafe void Salsa20Eight(uint* b)
    {
        uint x0 = b[0], x1 = b[1], x2 = b[2], x3 = b[3], x4 = b[4], x5 = b[5], x6 = b[6], x7 = b[7];
        uint x8 = b[8], x9 = b[9], x10 = b[10], x11 = b[11], x12 = b[12], x13 = b[13], x14 = b[14], x15 = b[15];
        for (var i = 0; i < 4; i++)
        {
            x4 ^= BitOperations.RotateLeft(x0 + x12, 7);
            x8 ^= BitOperations.RotateLeft(x4 + x0, 9);
            x12 ^= BitOperations.RotateLeft(x8 + x4, 13);
            x0 ^= BitOperations.RotateLeft(x12 + x8, 18);
            x9 ^= BitOperations.RotateLeft(x5 + x1, 7);
            x13 ^= BitOperations.RotateLeft(x9 + x5, 9);
            x1 ^= BitOperations.RotateLeft(x13 + x9, 13);
            x5 ^= BitOperations.RotateLeft(x1 + x13, 18);
            x14 ^= BitOperations.RotateLeft(x10 + x6, 7);
            x2 ^= BitOperations.RotateLeft(x14 + x10, 9);
            x6 ^= BitOperations.RotateLeft(x2 + x14, 13);
            x10 ^= BitOperations.RotateLeft(x6 + x2, 18);
            x3 ^= BitOperations.RotateLeft(x15 + x11, 7);
            x7 ^= BitOperations.RotateLeft(x3 + x15, 9);
            x11 ^= BitOperations.RotateLeft(x7 + x3, 13);
            x15 ^= BitOperations.RotateLeft(x11 + x7, 18);

            x1 ^= BitOperations.RotateLeft(x0 + x3, 7);
            x2 ^= BitOperations.RotateLeft(x1 + x0, 9);
            x3 ^= BitOperations.RotateLeft(x2 + x1, 13);
            x0 ^= BitOperations.RotateLeft(x3 + x2, 18);
            x6 ^= BitOperations.RotateLeft(x5 + x4, 7);
            x7 ^= BitOperations.RotateLeft(x6 + x5, 9);
            x4 ^= BitOperations.RotateLeft(x7 + x6, 13);
            x5 ^= BitOperations.RotateLeft(x4 + x7, 18);
            x11 ^= BitOperations.RotateLeft(x10 + x9, 7);
            x8 ^= BitOperations.RotateLeft(x11 + x10, 9);
            x9 ^= BitOperations.RotateLeft(x8 + x11, 13);
            x10 ^= BitOperations.RotateLeft(x9 + x8, 18);
            x12 ^= BitOperations.RotateLeft(x15 + x14, 7);
            x13 ^= BitOperations.RotateLeft(x12 + x15, 9);
            x14 ^= BitOperations.RotateLeft(x13 + x12, 13);
            x15 ^= BitOperations.RotateLeft(x14 + x13, 18);
        }

        b[0] += x0; b[1] += x1; b[2] += x2; b[3] += x3; b[4] += x4; b[5] += x5; b[6] += x6; b[7] += x7;
        b[8] += x8; b[9] += x9; b[10] += x10; b[11] += x11; b[12] += x12; b[13] += x13; b[14] += x14; b[15] += x15;
    }

    private readonly ref struct Inputs(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt)
    {
        public readonly ReadOnlySpan<byte> Passphrase = passphrase;
        public readonly ReadOnlySpan<byte> Salt = salt;
    }
}
