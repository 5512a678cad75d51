using System.Text.Json;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.VerifiableRandomness;

/// <summary>RFC 9381's examples for suite 0x01, proofs that must fail, and hints for a contract.</summary>
/// <remarks>Rows of other suites in the same file (SSWU, Ed25519 TAI and ELL2) are out of scope: the file's nine others are counted, not run.</remarks>
public sealed class VrfVectorTests
{
    private const string Suite = "ECVRF-P256-SHA256-TAI";

    [VectorFact("vrf/rfc9381-ecvrf.json")]
    public void Official_examples_are_proved_bit_for_bit_and_verified()
    {
        using var document = Hex.Load("vrf/rfc9381-ecvrf.json");
        int run = 0, outOfScope = 0;
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            if (vector.GetProperty("suite").GetString() != Suite)
            {
                outOfScope++;
                continue;
            }

            run++;
            using var key = VrfPrivateKey.Import(vector.Bytes("sk"));
            var alpha = vector.Bytes("alpha");
            Assert.Equal(vector.Bytes("pk"), key.Public.Bytes.ToArray());
            Assert.True(Vrf.TryHashToCurve(key.Public, alpha, out var h, out var counter));
            Assert.Equal(vector.Bytes("h"), h.ToCompressed());
            Assert.Equal(vector.GetProperty("ctr").GetInt32(), counter);

            var proof = Vrf.Prove(key, alpha);
            Assert.Equal(vector.GetProperty("pi").GetString(), Hex.Of(proof));
            var beta = new byte[32];
            Assert.Equal(VrfFault.None, Vrf.Verify(key.Public, alpha, proof, beta));
            Assert.Equal(vector.GetProperty("beta").GetString(), Hex.Of(beta));
            Assert.Equal(VrfFault.None, Vrf.ProofToHash(proof, beta));
            Assert.Equal(vector.GetProperty("beta").GetString(), Hex.Of(beta));
        }

        Assert.Equal(3, run);
        Assert.Equal(9, outOfScope);
    }

    [VectorFact("vrf/p256-tai-negative.json")]
    public void Bad_proofs_and_keys_are_refused_by_name()
    {
        var expected = new Dictionary<string, VrfFault?>(StringComparer.Ordinal)
        {
            ["gamma sign flipped"] = VrfFault.WrongChallenge,
            ["challenge bit flipped"] = VrfFault.WrongChallenge,
            ["s bit flipped"] = VrfFault.WrongChallenge,
            ["s >= n"] = VrfFault.InvalidScalar,
            ["short proof"] = VrfFault.WrongLength,
            ["long proof"] = VrfFault.WrongLength,
            ["other alpha"] = VrfFault.WrongChallenge,
            ["other key"] = VrfFault.WrongChallenge,
            ["gamma not on curve"] = VrfFault.InvalidGamma,
            ["public key not on curve"] = null,
            ["gamma x >= p"] = VrfFault.InvalidGamma,
            ["uncompressed tag on gamma"] = VrfFault.InvalidGamma,
        };
        using var document = Hex.Load("vrf/p256-tai-negative.json");
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            Assert.True(expected.Remove(vector.GetProperty("name").GetString()!, out var fault));
            if (!VrfPublicKey.TryImport(vector.Bytes("pk"), out var key))
            {
                Assert.Null(fault);
                continue;
            }

            var beta = new byte[32];
            Assert.Equal(fault, Vrf.Verify(key, vector.Bytes("alpha"), vector.Bytes("pi"), beta));
            Assert.All(beta, b => Assert.Equal(0, b));
        }

        Assert.Empty(expected);
    }

    [VectorFact("vrf/p256-tai-onchain-hints.json")]
    public void Hints_are_those_the_contract_accepted()
    {
        using var document = Hex.Load("vrf/p256-tai-onchain-hints.json");
        var count = 0;
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            byte[] encoded = [4, .. vector.Bytes("yx"), .. vector.Bytes("yy")];
            Assert.True(VrfPublicKey.TryImport(encoded, out var key));
            Assert.Equal(VrfFault.None, VrfHints.TryCreate(key, vector.Bytes("alpha"), vector.Bytes("pi"), out var hints));
            var h = vector.GetProperty("hints");
            var pairs = new (string Name, ReadOnlyMemory<byte> Value)[]
            {
                ("gx", hints!.GammaX), ("gy", hints.GammaY), ("c", hints.C), ("s", hints.S), ("ux", hints.UX), ("uy", hints.UY),
                ("hy", hints.HY), ("p1x", hints.P1X), ("p1y", hints.P1Y), ("p2x", hints.P2X), ("p2y", hints.P2Y),
                ("cInv", hints.CInverse), ("sInv", hints.SInverse), ("l1", hints.SlopeBP1), ("l2", hints.SlopeBP2), ("lv", hints.SlopeV),
            };
            foreach (var (name, value) in pairs)
            {
                Assert.Equal(h.GetProperty(name).GetString(), "0x" + Hex.Of(value.Span));
            }

            var witnesses = h.GetProperty("nonRes").EnumerateArray().Select(w => w.GetString()).ToArray();
            Assert.Equal(witnesses, hints.NonResidues.Select(w => "0x" + Hex.Of(w.Span)).ToArray());
            count++;
        }

        Assert.Equal(3, count);
    }

    [Fact]
    public void Fresh_keys_prove_and_verify_and_every_flipped_bit_is_noticed()
    {
        var random = new Random(5);
        for (var round = 0; round < 8; round++)
        {
            using var key = VrfPrivateKey.Generate();
            var alpha = new byte[round * 7];
            random.NextBytes(alpha);
            var proof = Vrf.Prove(key, alpha);
            Assert.Equal(proof, Vrf.Prove(key, alpha));
            var beta = new byte[32];
            Assert.Equal(VrfFault.None, Vrf.Verify(key.Public, alpha, proof, beta));
            for (var i = 0; i < proof.Length; i++)
            {
                var bad = (byte[])proof.Clone();
                bad[i] ^= (byte)(1 << random.Next(8));
                Assert.NotEqual(VrfFault.None, Vrf.Verify(key.Public, alpha, bad, beta));
            }
        }
    }
}
