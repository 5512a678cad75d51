using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>The sealing side of a context.</summary>
public sealed class HpkeSender : HpkeContext
{
    private HpkeSender(HpkeSuite suite, byte[] encapsulation, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info, HpkePsk? psk, bool authenticated)
        : base(suite, sharedSecret, info, psk, authenticated) => Encapsulation = encapsulation;

    /// <summary>What the recipient needs beside the ciphertexts: the ephemeral public key.</summary>
    public ReadOnlyMemory<byte> Encapsulation { get; }

    /// <summary>Opens a context towards a recipient: base, psk, auth or auth_psk mode, by which of the last two are given.</summary>
    /// <param name="suite">Mechanisms; the KEM must be the key's.</param>
    /// <param name="recipient">Who shall read.</param>
    /// <param name="info">What the context is for; both sides must agree.</param>
    /// <param name="sender">Proves who sent, to the recipient alone.</param>
    /// <param name="psk">A key shared beforehand.</param>
    public static HpkeSender Create(HpkeSuite suite, HpkePublicKey recipient, ReadOnlySpan<byte> info, HpkePrivateKey? sender = null, HpkePsk? psk = null)
    {
        ArgumentNullException.ThrowIfNull(suite);
        using var ephemeral = HpkePrivateKey.Generate(suite.Kem);
        return Create(suite, recipient, info, sender, psk, ephemeral);
    }

    /// <summary>With an ephemeral key of the caller's: for the specification's vectors only, since reuse breaks secrecy.</summary>
    internal static HpkeSender Create(HpkeSuite suite, HpkePublicKey recipient, ReadOnlySpan<byte> info, HpkePrivateKey? sender, HpkePsk? psk, HpkePrivateKey ephemeral)
    {
        HpkeSharedSecret.Check(suite, recipient.Kem);
        Span<byte> shared = stackalloc byte[64];
        shared = shared[..recipient.Parameters.Hash.Size];
        try
        {
            HpkeSharedSecret.Encapsulate(recipient, sender, ephemeral, shared);
            return new HpkeSender(suite, ephemeral.Public.Bytes.ToArray(), shared, info, psk, sender is not null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(shared);
        }
    }

    /// <summary>Encrypts the next message.</summary>
    /// <param name="aad">Authenticated beside it.</param>
    /// <param name="plaintext">The message.</param>
    /// <param name="output">Plaintext length plus 16 bytes.</param>
    /// <exception cref="InvalidOperationException">An export-only context, or one that has sent 2^64 − 1 messages.</exception>
    public void Seal(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        if (!CanEncrypt || Sequence == ulong.MaxValue)
        {
            throw new InvalidOperationException(CanEncrypt ? "The context's message limit is reached." : "An export-only context cannot encrypt.");
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, plaintext.Length + TagSize, nameof(output));
        Encrypt(aad, plaintext, output);
        Sequence++;
    }

    /// <summary>Encrypts the next message into an array of its own.</summary>
    /// <param name="aad">Authenticated beside it.</param>
    /// <param name="plaintext">The message.</param>
    public byte[] Seal(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext)
    {
        var output = new byte[plaintext.Length + TagSize];
        Seal(aad, plaintext, output);
        return output;
    }
}
