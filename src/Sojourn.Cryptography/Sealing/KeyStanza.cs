using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Sealing;

/// <summary>The content key, sealed to one recipient.</summary>
public sealed record KeyStanza
{
    internal KeyStanza(HpkeKem kem, ReadOnlyMemory<byte> keyId, ReadOnlyMemory<byte> sealedKey)
    {
        Kem = kem;
        KeyId = keyId;
        SealedKey = sealedKey;
    }

    /// <summary>Bytes of a key identifier.</summary>
    public const int KeyIdSize = 8;

    /// <summary>The recipient's mechanism.</summary>
    public HpkeKem Kem { get; }

    /// <summary>The first 8 bytes of SHA-256 over the recipient's public key; empty where recipients are hidden.</summary>
    public ReadOnlyMemory<byte> KeyId { get; }

    /// <summary>HPKE encapsulated key, ciphertext and tag.</summary>
    public ReadOnlyMemory<byte> SealedKey { get; }

    /// <summary>The identifier of a public key.</summary>
    /// <param name="key">The key.</param>
    public static byte[] IdOf(HpkePublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return SHA256.HashData(key.Bytes.Span)[..KeyIdSize];
    }

    internal static KeyStanza Seal(HpkePublicKey recipient, SecretKey contentKey, ReadOnlySpan<byte> salt, Cid? policy, bool hideRecipient) => new(
        recipient.Kem,
        hideRecipient ? default : new ReadOnlyMemory<byte>(IdOf(recipient)),
        Hpke.SealKey(recipient, SealedKeySchedule.StanzaInfo, AdditionalData(salt, policy), contentKey));

    internal SealedFault TryOpen(HpkePrivateKey recipient, ReadOnlySpan<byte> salt, Cid? policy, out SecretKey? contentKey)
    {
        contentKey = null;
        if (Hpke.OpenKey(recipient, SealedKeySchedule.StanzaInfo, AdditionalData(salt, policy), SealedKey.Span, out var opened) != HpkeFault.None)
        {
            return SealedFault.StanzaNotAuthentic;
        }

        if (opened!.Length != 32)
        {
            opened.Dispose();
            return SealedFault.StanzaNotAuthentic;
        }

        contentKey = opened;
        return SealedFault.None;
    }

    internal bool MayBeFor(HpkePublicKey key) => Kem == key.Kem && (KeyId.IsEmpty || KeyId.Span.SequenceEqual(IdOf(key)));

    /// <summary>salt ‖ policy CID: a stanza cannot be moved to other content, nor under another policy.</summary>
    private static byte[] AdditionalData(ReadOnlySpan<byte> salt, Cid? policy) => [.. salt, .. policy is null ? default : policy.Bytes];
}
