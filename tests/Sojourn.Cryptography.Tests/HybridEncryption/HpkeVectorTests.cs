using System.Text.Json;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.HybridEncryption;

/// <summary>The official vectors of RFC 9180: every mode, both curves, every AEAD.</summary>
public sealed class HpkeVectorTests
{
    [VectorTheory("hpke/rfc9180-p256-p521-base-auth.json")]
    [InlineData("hpke/rfc9180-p256-p521-base-auth.json")]
    [InlineData("hpke/rfc9180-p256-p521-psk-authpsk.json")]
    public void All_vectors_pass(string file)
    {
        using var document = Hex.Load(file);
        var count = 0;
        foreach (var vector in document.RootElement.EnumerateArray())
        {
            Check(vector);
            count++;
        }

        Assert.Equal(32, count);
    }

    private static void Check(JsonElement vector)
    {
        var mode = vector.GetProperty("mode").GetInt32();
        var suite = new HpkeSuite(
            (HpkeKem)vector.GetProperty("kem_id").GetInt32(),
            (HpkeKdf)vector.GetProperty("kdf_id").GetInt32(),
            (HpkeAead)vector.GetProperty("aead_id").GetInt32());
        var info = vector.Bytes("info");

        using var recipient = HpkePrivateKey.Derive(suite.Kem, vector.Bytes("ikmR"));
        using var ephemeral = HpkePrivateKey.Derive(suite.Kem, vector.Bytes("ikmE"));
        using var sender = mode is 2 or 3 ? HpkePrivateKey.Derive(suite.Kem, vector.Bytes("ikmS")) : null;
        using var pskKey = mode is 1 or 3 ? SecretKey.CopyOf(vector.Bytes("psk")) : null;
        var psk = pskKey is null ? null : new HpkePsk(pskKey, vector.Bytes("psk_id"));

        Assert.Equal(vector.Bytes("pkRm"), recipient.Public.Bytes.ToArray());
        Assert.Equal(vector.Bytes("skRm"), Scalar(recipient));
        Assert.Equal(vector.Bytes("pkEm"), ephemeral.Public.Bytes.ToArray());
        using (var imported = HpkePrivateKey.Import(suite.Kem, vector.Bytes("skRm")))
        {
            Assert.Equal(recipient.Public, imported.Public);
        }

        using var sending = HpkeSender.Create(suite, recipient.Public, info, sender, psk, ephemeral);
        Assert.Equal(vector.Bytes("enc"), sending.Encapsulation.ToArray());
        Assert.Equal(HpkeFault.None, HpkeReceiver.TryCreate(suite, recipient, vector.Bytes("enc"), info, out var receiving, sender?.Public, psk));

        using (receiving)
        {
            foreach (var export in vector.GetProperty("exports").EnumerateArray())
            {
                var context = export.Bytes("exporter_context");
                var expected = export.Bytes("exported_value");
                Assert.Equal(expected, Bytes(sending.Export(context, expected.Length)));
                Assert.Equal(expected, Bytes(receiving!.Export(context, expected.Length)));
            }

            foreach (var encryption in vector.GetProperty("encryptions").EnumerateArray())
            {
                var sequence = (ulong)encryption.GetProperty("seq").GetInt64();
                var aad = encryption.Bytes("aad");
                var plaintext = encryption.Bytes("pt");
                var ciphertext = encryption.Bytes("ct");
                Skip(sending, receiving!, sequence);
                Assert.Equal(ciphertext, sending.Seal(aad, plaintext));
                var opened = new byte[plaintext.Length];
                Assert.Equal(HpkeFault.NotAuthentic, receiving!.TryOpen([.. aad, 0], ciphertext, opened));
                Assert.Equal(HpkeFault.None, receiving!.TryOpen(aad, ciphertext, opened));
                Assert.Equal(plaintext, opened);
            }
        }
    }

    /// <summary>The vectors leave out messages in between; both sides count them.</summary>
    private static void Skip(HpkeSender sending, HpkeReceiver receiving, ulong sequence)
    {
        while (sending.Sequence < sequence)
        {
            Assert.Equal(HpkeFault.None, receiving.TryOpen(default, sending.Seal(default, default), default));
        }
    }

    private static byte[] Scalar(HpkePrivateKey key) => Bytes(key.ExportScalar());

    private static byte[] Bytes(SecretKey key)
    {
        using (key)
        {
            using var lease = key.Lend();
            return lease.Span.ToArray();
        }
    }
}
