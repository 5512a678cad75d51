using System.Security.Cryptography;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>Deterministic nonces with HMAC-SHA-256 (RFC 6979, 3.2), for a group order of 256 bits.</summary>
internal ref struct Rfc6979
{
    private readonly Modulus256 order;
    private readonly Span<byte> k;
    private readonly Span<byte> v;
    private bool again;

    /// <summary>Steps b to g.</summary>
    /// <param name="order">The group order q.</param>
    /// <param name="secret">int2octets(x), 32 bytes.</param>
    /// <param name="digest">h1, 32 bytes.</param>
    /// <param name="state">64 bytes of the caller's, which it wipes.</param>
    public Rfc6979(Modulus256 order, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> digest, Span<byte> state)
    {
        this.order = order;
        v = state[..32];
        k = state[32..64];
        v.Fill(1);
        k.Clear();

        Span<byte> seed = stackalloc byte[97];
        secret.CopyTo(seed[33..]);
        order.Reduce(UInt256.Read(digest)).Write(seed[65..]);
        for (byte round = 0; round < 2; round++)
        {
            v.CopyTo(seed);
            seed[32] = round;
            HMACSHA256.HashData(k, seed, k);
            HMACSHA256.HashData(k, v, v);
        }

        CryptographicOperations.ZeroMemory(seed);
    }

    /// <summary>Step h: the next candidate that lies between 1 and q − 1. That one was rejected tells nothing about the one returned.</summary>
    public void Next(Span<byte> nonce)
    {
        Span<byte> update = stackalloc byte[33];
        while (true)
        {
            if (again)
            {
                v.CopyTo(update);
                update[32] = 0;
                HMACSHA256.HashData(k, update, k);
                HMACSHA256.HashData(k, v, v);
            }

            again = true;
            HMACSHA256.HashData(k, v, v);
            var candidate = UInt256.Read(v);
            if (!candidate.IsZero && order.IsReduced(candidate))
            {
                v.CopyTo(nonce);
                CryptographicOperations.ZeroMemory(update);
                return;
            }
        }
    }
}
