using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Sojourn.Primitives.Cose;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Primitives.Tests.Cose;

public sealed class CoseSign1Tests
{
    /// <summary>The working group's examples; a reason stands beside each that must fail.</summary>
    [VectorFact("cose/cose-wg-sign1-es256-384-512.json")]
    public void Working_group_examples()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf("cose/cose-wg-sign1-es256-384-512.json")));
        var failing = new Dictionary<string, CoseFault>(StringComparer.Ordinal)
        {
            ["sign1-tests/sign-fail-01.json"] = CoseFault.WrongTag,
            ["sign1-tests/sign-fail-02.json"] = CoseFault.SignatureMismatch,
            ["sign1-tests/sign-fail-03.json"] = CoseFault.UnknownAlgorithm,
            ["sign1-tests/sign-fail-04.json"] = CoseFault.UnknownAlgorithm,
            ["sign1-tests/sign-fail-06.json"] = CoseFault.SignatureMismatch,
            ["sign1-tests/sign-fail-07.json"] = CoseFault.SignatureMismatch,
        };
        var passed = 0;
        foreach (var vector in document.RootElement.EnumerateArray())
        {
            var sign = vector.GetProperty("input").GetProperty("sign0");
            var external = sign.TryGetProperty("external", out var e) ? Convert.FromHexString(e.GetString()!) : [];
            using var key = Key(sign.GetProperty("key"));
            var fault = CoseSign1.TryDecode(Convert.FromHexString(vector.GetProperty("output").GetProperty("cbor").GetString()!), out var message);
            if (fault == CoseFault.None)
            {
                fault = message!.Verify(key, external);
            }

            if (failing.Remove(vector.GetProperty("_file").GetString()!, out var expected))
            {
                Assert.Equal(expected, fault);
                continue;
            }

            Assert.Equal(CoseFault.None, fault);
            Assert.Equal(vector.GetProperty("intermediates").GetProperty("ToBeSign_hex").GetString(), Convert.ToHexString(message!.SignatureStructure(external)));
            passed++;
        }

        Assert.Empty(failing);
        Assert.Equal(7, passed);
    }

    [Theory]
    [InlineData(CoseAlgorithm.ES256, false)]
    [InlineData(CoseAlgorithm.ES384, true)]
    [InlineData(CoseAlgorithm.ES512, false)]
    public void Signs_and_checks(CoseAlgorithm algorithm, bool detached)
    {
        using var key = ECDsa.Create(algorithm switch
        {
            CoseAlgorithm.ES256 => ECCurve.NamedCurves.nistP256,
            CoseAlgorithm.ES384 => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        });
        var payload = "payload"u8.ToArray();
        var headers = CoseMap.Empty.With(CoseHeader.KeyId, [1, 2]).With(CoseHeader.ContentType, "application/eat+cwt");
        var encoded = CoseSign1.Sign(key, algorithm, payload, headers, externalAad: "aad"u8, detached: detached).Encode();
        Assert.Equal(CoseFault.None, CoseSign1.TryDecode(encoded, out var message));
        Assert.True(message!.AlgorithmIsProtected);
        Assert.Equal([1, 2], message.KeyId);
        var apart = detached ? payload : default(ReadOnlyMemory<byte>?);
        Assert.Equal(CoseFault.None, message.Verify(key, "aad"u8, apart));
        Assert.Equal(CoseFault.SignatureMismatch, message.Verify(key, "other"u8, apart));
        Assert.Equal(CoseFault.DetachedPayload, message.Verify(key, "aad"u8, detached ? default(ReadOnlyMemory<byte>?) : payload));
        using var other = ECDsa.Create(key.ExportParameters(false).Curve);
        Assert.Equal(CoseFault.SignatureMismatch, message.Verify(other, "aad"u8, apart));
        Assert.Equal(encoded, message.Encode());
    }

    [Fact]
    public void Every_flipped_byte_is_noticed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var unprotected = CoseMap.Empty.With(CoseHeader.KeyId, [9]);
        var encoded = CoseSign1.Sign(key, CoseAlgorithm.ES256, "payload"u8, unprotectedHeaders: unprotected).Encode();
        var silent = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var bad = (byte[])encoded.Clone();
            bad[i] ^= 1;
            var fault = CoseSign1.TryDecode(bad, out var message);
            if (fault == CoseFault.None && message!.Verify(key) == CoseFault.None)
            {
                silent++;
            }
        }

        // The key identifier's label and value are unprotected, and are all that may change.
        Assert.InRange(silent, 1, 3);
    }

    [Theory]
    [InlineData("", CoseFault.Malformed)]
    [InlineData("84", CoseFault.Malformed)]
    [InlineData("D18440A0F640", CoseFault.WrongTag)]
    [InlineData("D28440A0F640", CoseFault.None)]
    [InlineData("D28440A0F64000", CoseFault.Malformed)]
    [InlineData("D28343A10126A040", CoseFault.Malformed)]
    [InlineData("D28443A10126A10126F640", CoseFault.DuplicateHeader)]
    [InlineData("D28445A201260126A0F640", CoseFault.DuplicateHeader)]
    [InlineData("D28447A201260281182AA0F640", CoseFault.CriticalHeader)]
    [InlineData("D28443A1F626A0F640", CoseFault.Malformed)]
    [InlineData("D2844380A126A0F640", CoseFault.Malformed)]
    [InlineData("9F40A0F640FF", CoseFault.None)]
    public void Malformed_messages_are_named(string hex, CoseFault expected) =>
        Assert.Equal(expected, CoseSign1.TryDecode(Convert.FromHexString(hex), out _));

    [Fact]
    public void Random_damage_never_throws()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encoded = CoseSign1.Sign(key, CoseAlgorithm.ES256, "payload"u8, CoseMap.Empty.With(CoseHeader.KeyId, [1])).Encode();
        var random = new Random(18);
        for (var i = 0; i < 20_000; i++)
        {
            var bad = (byte[])encoded.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bad[random.Next(Math.Min(bad.Length, 24))] = (byte)random.Next(256);
            }

            if (CoseSign1.TryDecode(bad.AsSpan(0, random.Next(bad.Length + 1)), out var message) == CoseFault.None && i % 50 == 0)
            {
                _ = message!.Verify(key);
            }
        }
    }

    [Fact]
    public void Claims_survive_the_way()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        var claims = CwtClaims.Empty
            .With(CwtClaim.Issuer, "issuer")
            .With(CwtClaim.Subject, "subject")
            .With(CwtClaim.Expiration, now)
            .With(CwtClaim.NotBefore, now.AddHours(-1))
            .With(CwtClaim.EatNonce, new byte[16])
            .With("ours", writer => writer.BeginArray().WriteInteger(1).EndArray())
            .With(-70_001, 5);
        Assert.Equal(CoseFault.None, CwtClaims.TryDecode(claims.Encode(), out var read));
        Assert.Equal("issuer", read.Issuer);
        Assert.Equal(now, read.Expiration);
        Assert.Equal(5, read.Map.GetInteger(-70_001));
        Assert.Equal([0x81, 0x01], read.Map["ours"]!.Value.ToArray());
        Assert.True(read.HoldsAt(now.AddSeconds(-1)));
        Assert.False(read.HoldsAt(now));
        Assert.False(read.HoldsAt(now.AddHours(-2)));
        Assert.Equal(CoseFault.Malformed, CwtClaims.TryDecode([0x81, 0x01], out _));
        Assert.Equal(CoseFault.DuplicateHeader, CwtClaims.TryDecode([0xA2, 0x01, 0x60, 0x01, 0x60], out _));
    }

    private static ECDsa Key(JsonElement key)
    {
        var curve = key.GetProperty("crv").GetString() switch
        {
            "P-256" => ECCurve.NamedCurves.nistP256,
            "P-384" => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        };
        return ECDsa.Create(new ECParameters
        {
            Curve = curve,
            Q = new ECPoint
            {
                X = Base64Url.DecodeFromChars(key.GetProperty("x").GetString()),
                Y = Base64Url.DecodeFromChars(key.GetProperty("y").GetString()),
            },
        });
    }
}
