using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>Single-shot HPKE (RFC 9180, 6): encapsulated key ‖ ciphertext ‖ tag in one array, in Sojourn's suite for the key's curve.</summary>
public static class Hpke
{
    /// <summary>The suite used with a curve: AES-256-GCM, and the hash of the KEM.</summary>
    /// <param name="kem">The key's mechanism.</param>
    public static HpkeSuite SuiteFor(HpkeKem kem) => kem switch
    {
        HpkeKem.P256 => HpkeSuite.Default,
        HpkeKem.P384 => new HpkeSuite(kem, HpkeKdf.HkdfSha384, HpkeAead.Aes256Gcm),
        _ => HpkeSuite.P521,
    };

    /// <summary>Bytes that sealing adds for a key of that mechanism.</summary>
    /// <param name="kem">The key's mechanism.</param>
    public static int Overhead(HpkeKem kem) => HpkeKemParameters.Of(kem).PublicSize + HpkeContext.TagSize;

    /// <summary>Seals one message to one recipient.</summary>
    /// <param name="recipient">Who shall read.</param>
    /// <param name="info">What it is for.</param>
    /// <param name="aad">Authenticated beside it.</param>
    /// <param name="plaintext">The message.</param>
    /// <param name="sender">Auth mode: proves who sent.</param>
    public static byte[] Seal(HpkePublicKey recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, HpkePrivateKey? sender = null)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        using var context = HpkeSender.Create(SuiteFor(recipient.Kem), recipient, info, sender);
        var enc = context.Encapsulation.Span;
        var output = new byte[enc.Length + plaintext.Length + HpkeContext.TagSize];
        enc.CopyTo(output);
        context.Seal(aad, plaintext, output.AsSpan(enc.Length));
        return output;
    }

    /// <summary>Opens what <see cref="Seal"/> made.</summary>
    /// <param name="recipient">The private key.</param>
    /// <param name="info">As the sender's.</param>
    /// <param name="aad">As the sender's.</param>
    /// <param name="message">Untrusted.</param>
    /// <param name="plaintext">The message, unless there is a fault.</param>
    /// <param name="sender">Auth mode: who must have sent.</param>
    public static HpkeFault Open(HpkePrivateKey recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> message, out byte[] plaintext, HpkePublicKey? sender = null)
    {
        plaintext = [];
        var fault = Begin(recipient, info, message, sender, out var context, out var ciphertext);
        if (fault != HpkeFault.None)
        {
            return fault;
        }

        using (context)
        {
            var output = new byte[ciphertext.Length - HpkeContext.TagSize];
            fault = context!.TryOpen(aad, ciphertext, output);
            plaintext = fault == HpkeFault.None ? output : [];
            return fault;
        }
    }

    /// <summary>Seals a secret key.</summary>
    /// <param name="recipient">Who shall hold it.</param>
    /// <param name="info">What it is for.</param>
    /// <param name="aad">Authenticated beside it.</param>
    /// <param name="secret">The key to pass on.</param>
    /// <param name="sender">Auth mode: proves who sent.</param>
    public static byte[] SealKey(HpkePublicKey recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> aad, SecretKey secret, HpkePrivateKey? sender = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        using var lease = secret.Lend();
        return Seal(recipient, info, aad, lease.Span, sender);
    }

    /// <summary>Opens a sealed secret key straight into wiped memory.</summary>
    /// <param name="recipient">The private key.</param>
    /// <param name="info">As the sender's.</param>
    /// <param name="aad">As the sender's.</param>
    /// <param name="message">Untrusted.</param>
    /// <param name="secret">The key, unless there is a fault.</param>
    /// <param name="sender">Auth mode: who must have sent.</param>
    public static HpkeFault OpenKey(HpkePrivateKey recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> message, out SecretKey? secret, HpkePublicKey? sender = null)
    {
        secret = null;
        var fault = Begin(recipient, info, message, sender, out var context, out var ciphertext);
        if (fault != HpkeFault.None)
        {
            return fault;
        }

        using (context)
        {
            var length = ciphertext.Length - HpkeContext.TagSize;
            if (length is 0 or > SecretKey.LengthMax)
            {
                return HpkeFault.TooShort;
            }

            var buffer = GC.AllocateUninitializedArray<byte>(length, pinned: true);
            try
            {
                fault = context!.TryOpen(aad, ciphertext, buffer);
                if (fault == HpkeFault.None)
                {
                    secret = SecretKey.CopyOf(buffer);
                }

                return fault;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(buffer);
            }
        }
    }

    private static HpkeFault Begin(HpkePrivateKey recipient, ReadOnlySpan<byte> info, ReadOnlySpan<byte> message, HpkePublicKey? sender, out HpkeReceiver? context, out ReadOnlySpan<byte> ciphertext)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        context = null;
        ciphertext = default;
        var size = recipient.Parameters.PublicSize;
        if (message.Length < size + HpkeContext.TagSize)
        {
            return HpkeFault.TooShort;
        }

        ciphertext = message[size..];
        return HpkeReceiver.TryCreate(SuiteFor(recipient.Public.Kem), recipient, message[..size], info, out context, sender);
    }
}
