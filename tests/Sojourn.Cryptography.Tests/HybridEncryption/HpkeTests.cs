using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Xunit;

namespace Sojourn.Cryptography.Tests.HybridEncryption;

public sealed class HpkeTests
{
    [Theory]
    [InlineData(HpkeKem.P256)]
    [InlineData(HpkeKem.P384)]
    [InlineData(HpkeKem.P521)]
    public void A_key_survives_the_way(HpkeKem kem)
    {
        using var recipient = HpkePrivateKey.Generate(kem);
        using var sender = HpkePrivateKey.Generate(kem);
        using var secret = SecretKey.Random();
        var message = Hpke.SealKey(recipient.Public, "info"u8, "aad"u8, secret, sender);
        Assert.Equal(secret.Length + Hpke.Overhead(kem), message.Length);
        Assert.Equal(HpkeFault.None, Hpke.OpenKey(recipient, "info"u8, "aad"u8, message, out var opened, sender.Public));
        using (opened)
        {
            Assert.True(secret.FixedTimeEquals(opened!));
        }
    }

    [Fact]
    public void Every_flipped_byte_is_noticed()
    {
        using var recipient = HpkePrivateKey.Generate();
        var message = Hpke.Seal(recipient.Public, "info"u8, "aad"u8, "message"u8);
        for (var i = 0; i < message.Length; i++)
        {
            var bad = (byte[])message.Clone();
            bad[i] ^= 1;
            var fault = Hpke.Open(recipient, "info"u8, "aad"u8, bad, out var plaintext);
            Assert.Equal(i < 65 ? HpkeFault.InvalidEncapsulation : HpkeFault.NotAuthentic, fault);
            Assert.Empty(plaintext);
        }
    }

    [Fact]
    public void Wrong_info_aad_sender_or_length_is_named()
    {
        using var recipient = HpkePrivateKey.Generate();
        using var sender = HpkePrivateKey.Generate();
        var message = Hpke.Seal(recipient.Public, "info"u8, "aad"u8, "message"u8, sender);
        Assert.Equal(HpkeFault.None, Hpke.Open(recipient, "info"u8, "aad"u8, message, out var plaintext, sender.Public));
        Assert.Equal("message"u8.ToArray(), plaintext);
        Assert.Equal(HpkeFault.NotAuthentic, Hpke.Open(recipient, "other"u8, "aad"u8, message, out _, sender.Public));
        Assert.Equal(HpkeFault.NotAuthentic, Hpke.Open(recipient, "info"u8, "other"u8, message, out _, sender.Public));
        Assert.Equal(HpkeFault.NotAuthentic, Hpke.Open(recipient, "info"u8, "aad"u8, message, out _, recipient.Public));
        Assert.Equal(HpkeFault.NotAuthentic, Hpke.Open(recipient, "info"u8, "aad"u8, message, out _));
        Assert.Equal(HpkeFault.TooShort, Hpke.Open(recipient, "info"u8, "aad"u8, message.AsSpan(0, 80), out _, sender.Public));
    }

    [Theory]
    [InlineData(HpkeKem.P256, 32)]
    [InlineData(HpkeKem.P384, 48)]
    [InlineData(HpkeKem.P521, 66)]
    public void Scalars_outside_the_group_are_refused(HpkeKem kem, int size)
    {
        Assert.Throws<CryptographicException>(() => HpkePrivateKey.Import(kem, new byte[size]));
        var high = new byte[size];
        high.AsSpan().Fill(0xFF);
        Assert.Throws<CryptographicException>(() => HpkePrivateKey.Import(kem, high));
        Assert.Throws<CryptographicException>(() => HpkePrivateKey.Import(kem, new byte[size - 1]));
        Assert.Throws<CryptographicException>(() => HpkePrivateKey.Import(kem, HpkeKemParameters.Of(kem).Order));
        var one = new byte[size];
        one[^1] = 1;
        using var key = HpkePrivateKey.Import(kem, one);
        var last = (byte[])HpkeKemParameters.Of(kem).Order.Clone();
        last[^1]--;
        using var lastKey = HpkePrivateKey.Import(kem, last);
        Assert.Equal(key.Public.Bytes.Span[1..(1 + size)].ToArray(), lastKey.Public.Bytes.Span[1..(1 + size)].ToArray());
    }

    [Fact]
    public void Points_off_the_curve_are_refused()
    {
        using var key = HpkePrivateKey.Generate();
        var bytes = key.Public.Bytes.ToArray();
        bytes[64] ^= 1;
        Assert.False(HpkePublicKey.TryImport(HpkeKem.P256, bytes, out _));
        Assert.False(HpkePublicKey.TryImport(HpkeKem.P256, bytes.AsSpan(0, 64), out _));
        Assert.False(HpkePublicKey.TryImport(HpkeKem.P521, bytes, out _));
        bytes[0] = 2;
        Assert.False(HpkePublicKey.TryImport(HpkeKem.P256, bytes, out _));
    }

    [Fact]
    public void An_export_only_context_never_encrypts()
    {
        using var recipient = HpkePrivateKey.Generate();
        var suite = HpkeSuite.Default with { Aead = HpkeAead.ExportOnly };
        using var sender = HpkeSender.Create(suite, recipient.Public, default);
        Assert.Throws<InvalidOperationException>(() => sender.Seal(default, default));
        Assert.Equal(HpkeFault.None, HpkeReceiver.TryCreate(suite, recipient, sender.Encapsulation.Span, default, out var receiver));
        using (receiver)
        {
            Assert.Equal(HpkeFault.ExportOnly, receiver!.TryOpen(default, new byte[16], default));
        }
    }
}
