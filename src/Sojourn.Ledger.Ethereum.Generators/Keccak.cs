using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Sojourn.Ledger.Ethereum.Generators;

/// <summary>Keccak-256 over short texts: the generator cannot load the product's own libraries into the compiler.</summary>
internal static class Keccak
{
    private const int Rate = 136;

    public static byte[] Hash(string text)
    {
        var message = Encoding.UTF8.GetBytes(text);
        var padded = new byte[((message.Length / Rate) + 1) * Rate];
        message.CopyTo(padded, 0);
        padded[message.Length] = 1;
        padded[^1] |= 0x80;
        var state = new ulong[25];
        for (var at = 0; at < padded.Length; at += Rate)
        {
            for (var i = 0; i < Rate / 8; i++)
            {
                state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(padded.AsSpan(at + (8 * i)));
            }

            Permute(state);
        }

        var digest = new byte[32];
        for (var i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest.AsSpan(8 * i), state[i]);
        }

        return digest;
    }

    private static void Permute(ulong[] a)
    {
        byte lfsr = 1;
        var c = new ulong[5];
        for (var round = 0; round < 24; round++)
        {
            for (var x = 0; x < 5; x++)
            {
                c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
            }

            for (var i = 0; i < 25; i++)
            {
                a[i] ^= c[(i + 4) % 5] ^ BitOperations.RotateLeft(c[(i + 1) % 5], 1);
            }

            var (at, current) = (1, a[1]);
            for (var t = 0; t < 24; t++)
            {
                var next = (at / 5) + (5 * (((2 * (at % 5)) + (3 * (at / 5))) % 5));
                (a[next], current) = (BitOperations.RotateLeft(current, (t + 1) * (t + 2) / 2), a[next]);
                at = next;
            }

            for (var y = 0; y < 25; y += 5)
            {
                a.AsSpan(y, 5).CopyTo(c);
                for (var x = 0; x < 5; x++)
                {
                    a[y + x] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
                }
            }

            for (var bit = 0; bit < 7; bit++)
            {
                if ((lfsr & 1) != 0)
                {
                    a[0] ^= 1UL << ((1 << bit) - 1);
                }

                lfsr = (byte)((lfsr << 1) ^ ((lfsr >> 7) * 0x71));
            }
        }
    }
}
