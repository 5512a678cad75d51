using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>The opening side of a context.</summary>
public sealed class HpkeReceiver : HpkeContext
{
    private HpkeReceiver(HpkeSuite suite, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info, HpkePsk? psk, bool authenticated)
        : base(suite, sharedSecret, info, psk, authenticated)
    {
    }

    /// <summary>Opens a context from an encapsulated key.</summary>
    /// <param name="suite">Mechanisms; the KEM must be the key's.</param>
    /// <param name="recipient">The private key.</param>
    /// <param name="encapsulation">As <see cref="HpkeSender.Encapsulation"/>; untrusted.</param>
    /// <param name="info">As the sender's.</param>
    /// <param name="receiver">The context, unless there is a fault.</param>
    /// <param name="sender">The sender's public key in auth modes.</param>
    /// <param name="psk">The shared key in psk modes.</param>
    /// <returns>What is wrong with the encapsulated key.</returns>
    public static HpkeFault TryCreate(
        HpkeSuite suite,
        HpkePrivateKey recipient,
        ReadOnlySpan<byte> encapsulation,
        ReadOnlySpan<byte> info,
        out HpkeReceiver? receiver,
        HpkePublicKey? sender = null,
        HpkePsk? psk = null)
    {
        ArgumentNullException.ThrowIfNull(suite);
        HpkeSharedSecret.Check(suite, recipient.Public.Kem);
        receiver = null;
        if (!HpkePublicKey.TryImport(suite.Kem, encapsulation, out var ephemeral))
        {
            return HpkeFault.InvalidEncapsulation;
        }

        Span<byte> shared = stackalloc byte[64];
        shared = shared[..recipient.Parameters.Hash.Size];
        try
        {
            HpkeSharedSecret.Decapsulate(recipient, sender, ephemeral, shared);
            receiver = new HpkeReceiver(suite, shared, info, psk, sender is not null);
            return HpkeFault.None;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(shared);
        }
    }

    /// <summary>Decrypts the next message. The counter moves only when it is authentic (RFC 9180, 5.2).</summary>
    /// <param name="aad">Authenticated beside it.</param>
    /// <param name="ciphertext">Message and tag; untrusted.</param>
    /// <param name="plaintext">Ciphertext length less 16 bytes; zeroed where there is a fault.</param>
    public HpkeFault TryOpen(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        if (!CanEncrypt)
        {
            return HpkeFault.ExportOnly;
        }

        if (ciphertext.Length < TagSize)
        {
            return HpkeFault.TooShort;
        }

        if (Sequence == ulong.MaxValue)
        {
            return HpkeFault.MessageLimit;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(plaintext.Length, ciphertext.Length - TagSize, nameof(plaintext));
        if (!Decrypt(aad, ciphertext, plaintext))
        {
            return HpkeFault.NotAuthentic;
        }

        Sequence++;
        return HpkeFault.None;
    }
}
