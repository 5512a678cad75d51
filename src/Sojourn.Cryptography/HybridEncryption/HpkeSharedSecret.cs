using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>DHKEM: Encap, Decap and their authenticated forms (RFC 9180, 4.1).</summary>
internal static class HpkeSharedSecret
{
    public static void Check(HpkeSuite suite, HpkeKem kem)
    {
        if (suite.Kem != kem)
        {
            throw new ArgumentException($"The suite's KEM is {suite.Kem}, the key's is {kem}.", nameof(suite));
        }
    }

    public static void Encapsulate(HpkePublicKey recipient, HpkePrivateKey? sender, HpkePrivateKey ephemeral, Span<byte> shared)
    {
        var size = recipient.Parameters.ScalarSize;
        Span<byte> dh = stackalloc byte[2 * 66];
        dh = dh[..(sender is null ? size : 2 * size)];
        try
        {
            ephemeral.Agree(recipient, dh);
            sender?.Agree(recipient, dh[size..]);
            ExtractAndExpand(recipient.Parameters, dh, ephemeral.Public, recipient, sender?.Public, shared);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dh);
        }
    }

    public static void Decapsulate(HpkePrivateKey recipient, HpkePublicKey? sender, HpkePublicKey ephemeral, Span<byte> shared)
    {
        var size = recipient.Parameters.ScalarSize;
        Span<byte> dh = stackalloc byte[2 * 66];
        dh = dh[..(sender is null ? size : 2 * size)];
        try
        {
            recipient.Agree(ephemeral, dh);
            if (sender is not null)
            {
                recipient.Agree(sender, dh[size..]);
            }

            ExtractAndExpand(recipient.Parameters, dh, ephemeral, recipient.Public, sender, shared);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dh);
        }
    }

    private static void ExtractAndExpand(HpkeKemParameters kem, ReadOnlySpan<byte> dh, HpkePublicKey ephemeral, HpkePublicKey recipient, HpkePublicKey? sender, Span<byte> shared)
    {
        var size = kem.PublicSize;
        Span<byte> context = stackalloc byte[3 * 133];
        ephemeral.Bytes.Span.CopyTo(context);
        recipient.Bytes.Span.CopyTo(context[size..]);
        sender?.Bytes.Span.CopyTo(context[(2 * size)..]);
        context = context[..((sender is null ? 2 : 3) * size)];

        Span<byte> prk = stackalloc byte[64];
        try
        {
            kem.Hash.Extract(kem.SuiteId, default, "eae_prk"u8, dh, prk);
            kem.Hash.Expand(kem.SuiteId, prk, "shared_secret"u8, context, shared);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(prk);
        }
    }
}
