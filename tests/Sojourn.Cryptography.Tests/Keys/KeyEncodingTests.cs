using System.Security.Cryptography;
using System.Formats.Asn1;
using System.Diagnostics;
using System.Text;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Keys;
using Sojourn.Cryptography.Secrets;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Keys;

public sealed class KeyEncodingTests
{
    /// <summary>A file that asks for billions of rounds would keep a reader busy for an hour: it is refused before the first.</summary>
    [Theory]
    [InlineData("1.2.840.113549.1.5.13")]
    [InlineData("1.2.840.113549.1.12.1.3")]
    public async Task A_file_that_asks_for_endless_work_is_refused(string scheme)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(scheme);
                using (writer.PushSequence())
                {
                    if (scheme.EndsWith(".13", StringComparison.Ordinal))
                    {
                        WritePbkdf2(writer);
                    }
                    else
                    {
                        writer.WriteOctetString(new byte[8]);
                        writer.WriteInteger(int.MaxValue);
                    }
                }
            }

            writer.WriteOctetString(new byte[160]);
        }

        using var passphrase = SecretKey.CopyOf("p"u8);
        var pem = PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", writer.Encode());
        Assert.False(await Task.Run(() => KeyEncoding.TryParsePrivate(pem, passphrase, out _)).WaitAsync(TimeSpan.FromMinutes(1)));
    }

    private static void WritePbkdf2(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
            using (writer.PushSequence())
            {
                writer.WriteOctetString(new byte[16]);
                writer.WriteInteger(int.MaxValue);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.2.9");
                    writer.WriteNull();
                }
            }
        }

        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
            writer.WriteOctetString(new byte[16]);
        }
    }

    [Theory]
    [InlineData(HpkeKem.P256)]
    [InlineData(HpkeKem.P384)]
    [InlineData(HpkeKem.P521)]
    public void Every_form_survives(HpkeKem kem)
    {
        using var key = HpkePrivateKey.Generate(kem);
        Assert.True(KeyEncoding.TryParsePublic(key.Public.ToPem(), out var fromPem));
        Assert.True(KeyEncoding.TryParsePublic(key.Public.ToJwk(), out var fromJwk));
        Assert.True(KeyEncoding.TryParsePublic(Hex.Of(key.Public.Bytes.Span), out var fromHex));
        Assert.True(KeyEncoding.TryImportSpki(key.Public.ToSpki(), out var fromSpki));
        Assert.All(new[] { fromPem, fromJwk, fromHex, fromSpki }, other => Assert.Equal(key.Public, other));

        using var jwk = key.ExportJwk();
        using (var lease = jwk.Lend())
        {
            Assert.True(KeyEncoding.TryParsePrivate(Encoding.UTF8.GetString(lease.Span), null, out var read));
            Assert.Equal(key.Public, read.Public);
        }

        using var passphrase = SecretKey.CopyOf("pass"u8);
        using var wrong = SecretKey.CopyOf("word"u8);
        var pem = key.ToEncryptedPem(passphrase, rounds: 1000);
        Assert.True(KeyEncoding.TryParsePrivate(pem, passphrase, out var opened));
        Assert.Equal(key.Public, opened.Public);
        Assert.False(KeyEncoding.TryParsePrivate(pem, wrong, out _));
        Assert.False(KeyEncoding.TryParsePrivate(pem, null, out _));

        using var pkcs8 = key.ExportPkcs8();
        using var der = pkcs8.Lend();
        var plain = System.Security.Cryptography.PemEncoding.WriteString("PRIVATE KEY", der.Span);
        Assert.True(KeyEncoding.TryParsePrivate(plain, null, out var unencrypted));
        Assert.Equal(key.Public, unencrypted.Public);
    }

    [Theory]
    [InlineData("")]
    [InlineData("zz")]
    [InlineData("04")]
    [InlineData("{}")]
    [InlineData("""{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}""")]
    [InlineData("""{"kty":"RSA"}""")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    public void Other_texts_are_no_keys(string text)
    {
        Assert.False(KeyEncoding.TryParsePublic(text, out _));
        Assert.False(KeyEncoding.TryParsePrivate(text, null, out _));
    }

    [ToolFact("openssl")]
    public void Openssl_reads_our_key_files()
    {
        using var key = HpkePrivateKey.Generate();
        using var passphrase = SecretKey.CopyOf("secret"u8);
        using var process = Process.Start(new ProcessStartInfo("openssl", ["pkey", "-passin", "pass:secret", "-pubout"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.StandardInput.Write(key.ToEncryptedPem(passphrase, rounds: 1000));
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.True(KeyEncoding.TryParsePublic(output, out var read));
        Assert.Equal(key.Public, read);
    }
}
