using System.Security.Cryptography;
using Sojourn.Cryptography.Identity;
using Xunit;

namespace Sojourn.Cryptography.Tests.Identity;

public sealed class Secp256k1Tests
{
    /// <summary>The generator's own address, as every wallet shows it for the private key 1.</summary>
    [Fact]
    public void The_key_one_has_its_known_address()
    {
        var one = new byte[32];
        one[31] = 1;
        using var identity = Secp256k1Identity.Import(one);
        Assert.Equal("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf", identity.Address.ToString());
    }

    [Fact]
    public void The_platform_accepts_what_we_sign_and_we_what_it_signs()
    {
        using var identity = Secp256k1Identity.Generate();
        var encoded = identity.Public.ToUncompressed();
        using var platform = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.CreateFromValue("1.3.132.0.10"),
            Q = new ECPoint { X = encoded[1..33], Y = encoded[33..] },
        });
        for (var i = 0; i < 20; i++)
        {
            var digest = RandomNumberGenerator.GetBytes(32);
            var signature = identity.Sign(digest);
            Assert.True(platform.VerifyHash(digest, signature.ToBytes().AsSpan(0, 64)));
            digest[i] ^= 1;
            Assert.Equal(SignatureFault.Mismatch, identity.Public.Verify(digest, signature));
            Assert.True(Secp256k1PublicKey.TryRecover(digest, signature, out var other) != SignatureFault.None || !other!.Equals(identity.Public));
        }

        using var theirs = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        var q = theirs.ExportParameters(false).Q;
        Assert.True(Secp256k1PublicKey.TryImport([4, .. q.X!, .. q.Y!], out var key));
        var accepted = 0;
        for (var i = 0; i < 40; i++)
        {
            var digest = RandomNumberGenerator.GetBytes(32);
            var bytes = theirs.SignHash(digest);
            var fault = RecoverableSignature.TryCreate(bytes.AsSpan(0, 32), bytes.AsSpan(32), 0, out var signature);
            Assert.True(fault is SignatureFault.None or SignatureFault.HighS);
            if (fault == SignatureFault.None)
            {
                Assert.Equal(SignatureFault.None, key.Verify(digest, signature!));
                accepted++;
            }
        }

        Assert.InRange(accepted, 1, 40);
    }

    [Fact]
    public void Edges_of_the_scalar_range()
    {
        Assert.Throws<CryptographicException>(() => Secp256k1Identity.Import(new byte[32]));
        Assert.Throws<CryptographicException>(() => Secp256k1Identity.Import(Hex.Bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")));
        using var last = Secp256k1Identity.Import(Hex.Bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"));
        var digest = new byte[32];
        digest.AsSpan().Fill(0xFF);
        Assert.Equal(SignatureFault.None, last.Public.Verify(digest, last.Sign(digest)));
        Assert.Equal(SignatureFault.None, last.Public.Verify(new byte[32], last.Sign(new byte[32])));
    }

    [Fact]
    public void Signatures_out_of_range_are_named()
    {
        using var identity = Secp256k1Identity.Generate();
        var digest = RandomNumberGenerator.GetBytes(32);
        var good = identity.Sign(digest).ToBytes();
        Assert.Equal(SignatureFault.None, RecoverableSignature.TryDecode(good, out _));
        Assert.Equal(SignatureFault.Malformed, RecoverableSignature.TryDecode(good.AsSpan(1), out _));

        var bad = (byte[])good.Clone();
        bad[64] = 26;
        Assert.Equal(SignatureFault.Malformed, RecoverableSignature.TryDecode(bad, out _));
        bad = (byte[])good.Clone();
        bad.AsSpan(0, 32).Clear();
        Assert.Equal(SignatureFault.OutOfRange, RecoverableSignature.TryDecode(bad, out _));
        bad = (byte[])good.Clone();
        bad.AsSpan(32, 32).Fill(0xFF);
        Assert.Equal(SignatureFault.OutOfRange, RecoverableSignature.TryDecode(bad, out _));

        var n = new System.Numerics.BigInteger(Hex.Bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"), isUnsigned: true, isBigEndian: true);
        var high = (n - new System.Numerics.BigInteger(good.AsSpan(32, 32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
        bad = (byte[])good.Clone();
        bad.AsSpan(32, 32).Clear();
        high.CopyTo(bad.AsSpan(64 - high.Length));
        Assert.Equal(SignatureFault.HighS, RecoverableSignature.TryDecode(bad, out _));
    }
}
