using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>What both sides hold after the key schedule (RFC 9180, 5.1 to 5.3).</summary>
public abstract class HpkeContext : IDisposable
{
    /// <summary>Bytes a message grows by.</summary>
    public const int TagSize = 16;

    private const int NonceSize = 12;

    private readonly HpkeHash hash;
    private readonly byte[] suiteId;
    private readonly SecretKey exporter;
    private readonly byte[] baseNonce = new byte[NonceSize];
    private readonly AesGcm? aes;
    private readonly ChaCha20Poly1305? chaCha;

    private protected HpkeContext(HpkeSuite suite, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info, HpkePsk? psk, bool authenticated)
    {
        Suite = suite;
        hash = HpkeHash.Of(suite.Kdf);
        suiteId = new byte[10];
        "HPKE"u8.CopyTo(suiteId);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(4), (ushort)suite.Kem);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(6), (ushort)suite.Kdf);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(8), (ushort)suite.Aead);

        var size = hash.Size;
        Span<byte> scheduleContext = stackalloc byte[1 + (2 * 64)];
        scheduleContext = scheduleContext[..(1 + (2 * size))];
        scheduleContext[0] = (byte)((psk is null ? 0 : 1) | (authenticated ? 2 : 0));
        hash.Extract(suiteId, default, "psk_id_hash"u8, psk is null ? default : psk.Id.Span, scheduleContext[1..]);
        hash.Extract(suiteId, default, "info_hash"u8, info, scheduleContext[(1 + size)..]);

        Span<byte> secret = stackalloc byte[64];
        Span<byte> key = stackalloc byte[32];
        try
        {
            if (psk is null)
            {
                hash.Extract(suiteId, sharedSecret, "secret"u8, default, secret);
            }
            else
            {
                using var lease = psk.Key.Lend();
                hash.Extract(suiteId, sharedSecret, "secret"u8, lease.Span, secret);
            }

            exporter = SecretKey.Create(size, new Schedule(this, secret, scheduleContext), static (bytes, state) =>
                state.Owner.hash.Expand(state.Owner.suiteId, state.Secret, "exp"u8, state.Context, bytes));
            if (suite.Aead != HpkeAead.ExportOnly)
            {
                key = key[..(suite.Aead == HpkeAead.Aes128Gcm ? 16 : 32)];
                hash.Expand(suiteId, secret, "key"u8, scheduleContext, key);
                hash.Expand(suiteId, secret, "base_nonce"u8, scheduleContext, baseNonce);
                switch (suite.Aead)
                {
                    case HpkeAead.Aes128Gcm or HpkeAead.Aes256Gcm:
                        aes = new AesGcm(key, TagSize);
                        break;
                    case HpkeAead.ChaCha20Poly1305:
                        chaCha = new ChaCha20Poly1305(key);
                        break;
                    default:
                        throw new ArgumentOutOfRangeException(nameof(suite), suite.Aead, "HPKE AEAD: 1, 2, 3 and 0xFFFF are known.");
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The mechanisms in use.</summary>
    public HpkeSuite Suite { get; }

    /// <summary>Messages sealed or opened so far.</summary>
    public ulong Sequence { get; private protected set; }

    /// <summary>A secret both sides can derive (RFC 9180, 5.3).</summary>
    /// <param name="exporterContext">What it is for.</param>
    /// <param name="length">1 to 255 times the hash's size.</param>
    public SecretKey Export(ReadOnlySpan<byte> exporterContext, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 255 * hash.Size);
        using var lease = exporter.Lend();
        return SecretKey.Create(length, new Schedule(this, lease.Span, exporterContext), static (bytes, state) =>
            state.Owner.hash.Expand(state.Owner.suiteId, state.Secret, "sec"u8, state.Context, bytes));
    }

    /// <summary>Wipes keys.</summary>
    public void Dispose()
    {
        exporter.Dispose();
        aes?.Dispose();
        chaCha?.Dispose();
        CryptographicOperations.ZeroMemory(baseNonce);
        GC.SuppressFinalize(this);
    }

    private protected bool CanEncrypt => Suite.Aead != HpkeAead.ExportOnly;

    private protected void Encrypt(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce);
        if (aes is not null)
        {
            aes.Encrypt(nonce, plaintext, output[..plaintext.Length], output.Slice(plaintext.Length, TagSize), aad);
        }
        else
        {
            chaCha!.Encrypt(nonce, plaintext, output[..plaintext.Length], output.Slice(plaintext.Length, TagSize), aad);
        }
    }

    private protected bool Decrypt(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, Span<byte> output)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce);
        try
        {
            if (aes is not null)
            {
                aes.Decrypt(nonce, ciphertext[..^TagSize], ciphertext[^TagSize..], output, aad);
            }
            else
            {
                chaCha!.Decrypt(nonce, ciphertext[..^TagSize], ciphertext[^TagSize..], output, aad);
            }

            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private void WriteNonce(Span<byte> nonce)
    {
        baseNonce.CopyTo(nonce);
        var low = nonce[4..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ Sequence);
    }

    private readonly ref struct Schedule(HpkeContext owner, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> context)
    {
        public readonly HpkeContext Owner = owner;
        public readonly ReadOnlySpan<byte> Secret = secret;
        public readonly ReadOnlySpan<byte> Context = context;
    }
}
