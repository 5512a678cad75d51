using System.Security.Cryptography;
using Sojourn.Attestation.Results;
using Sojourn.Attestation.Simulated;

namespace Sojourn.Attestation.Tests;

public sealed class ResultTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task BothFormsRoundTripAndAreCheckedWithOnePublicKey()
    {
        using var signer = new ResultSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        foreach (var policy in new[] { AppraisalPolicy.Development, new AppraisalPolicy() })
        {
            var (result, data) = await Sample(policy);
            var claims = ResultClaims.From(result, "verifier.example", data, TimeSpan.FromMinutes(10));
            Assert.Equal(ResultFault.None, ResultVerifier.VerifyJwt(signer.SignJwt(claims), signer.PublicKey.Span, Now, out var jwt));
            Assert.Equal(ResultFault.None, ResultVerifier.VerifyCwt(signer.SignCwt(claims), signer.PublicKey.Span, Now, out var cwt));
            foreach (var read in new[] { jwt!, cwt! })
            {
                Assert.Equal(claims.Accepted, read.Accepted);
                Assert.Equal(claims.Vector, read.Vector);
                Assert.Equal(claims.Reasons.ToArray(), read.Reasons.ToArray());
                Assert.Equal(claims.EvidenceDigest.ToArray(), read.EvidenceDigest.ToArray());
                Assert.Equal(claims.PolicyDigest.ToArray(), read.PolicyDigest.ToArray());
                Assert.Equal(claims.Nonce.ToArray(), read.Nonce.ToArray());
                Assert.Equal(claims.Chip, read.Chip);
                Assert.Equal(claims.Status, read.Status);
            }

            Assert.Equal(ResultFault.Expired, ResultVerifier.VerifyJwt(signer.SignJwt(claims), signer.PublicKey.Span, Now.AddMinutes(10), out _));
            Assert.Equal(ResultFault.NotYetValid, ResultVerifier.VerifyCwt(signer.SignCwt(claims), signer.PublicKey.Span, Now.AddHours(-1), out _));
        }
    }

    [Fact]
    public async Task OtherKeysAlgorithmsAndDamageAreRefused()
    {
        using var signer = new ResultSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        using var other = new ResultSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var (result, data) = await Sample(AppraisalPolicy.Development);
        var claims = ResultClaims.From(result, "verifier.example", data, TimeSpan.FromMinutes(10));
        var jwt = signer.SignJwt(claims);
        Assert.Equal(ResultFault.Signature, ResultVerifier.VerifyJwt(jwt, other.PublicKey.Span, Now, out _));
        Assert.Equal(ResultFault.Signature, ResultVerifier.VerifyCwt(signer.SignCwt(claims), other.PublicKey.Span, Now, out _));
        var none = System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"none"}"""u8) + jwt[jwt.IndexOf('.')..];
        Assert.Equal(ResultFault.Algorithm, ResultVerifier.VerifyJwt(none, signer.PublicKey.Span, Now, out _));
        Assert.Equal(ResultFault.Malformed, ResultVerifier.VerifyJwt("a.b", signer.PublicKey.Span, Now, out _));

        var cwt = signer.SignCwt(claims);
        for (var i = 0; i < cwt.Length; i++)
        {
            var damaged = cwt.ToArray();
            damaged[i] ^= 0x10;
            Assert.NotEqual(ResultFault.None, ResultVerifier.VerifyCwt(damaged, signer.PublicKey.Span, Now, out _));
        }
    }

    [Fact]
    public void ARefusalIsContraindicatedAndSaysSoInWords()
    {
        var evidence = new Evidence(EvidenceKind.SevSnp, new byte[1184]);
        var result = Appraiser.Appraise(Verifier.Verify(evidence, Collateral.Empty, Now), evidence, new AppraisalPolicy(), ReportData.ForChallenge("x"u8), Now);
        Assert.False(result.Accepted);
        Assert.Equal("contraindicated", ResultClaims.From(result, "v", ReportData.ForChallenge("x"u8), TimeSpan.FromMinutes(1)).Status);
        Assert.Contains("REFUSED", Explanation.Of(result), StringComparison.Ordinal);
    }

    [Fact]
    public void ThePolicyTextRoundTripsAndUnknownMembersAreRefused()
    {
        var policy = AppraisalPolicy.Development with
        {
            ReferenceValues = [ReferenceSet.Of("release 1", ("launch", new string('a', 96)), ("pcr/sha256/7", new string('b', 64)))],
            SnpMinimum = AppraisalPolicy.Development.SnpMinimum.Add("Milan", new SnpTcbFloor(3, 0, 8, 115)),
            Chips = [new ChipIdentity("amd", "0102")],
            KnownFiles = ["00ff"],
        };
        Assert.True(AppraisalPolicy.TryParse(policy.ToJson(), out var read, out var problem), problem);
        Assert.Equal(policy.ToJson(), read!.ToJson());
        Assert.Equal(policy.Digest(), read.Digest());
        Assert.False(AppraisalPolicy.TryParse("""{"allowDebugg":true}"""u8.ToArray(), out _, out problem));
        Assert.Contains("allowDebugg", problem, StringComparison.Ordinal);
        Assert.True(AppraisalPolicy.TryParse("{}"u8.ToArray(), out var strict, out _));
        Assert.Equal(new AppraisalPolicy().ToJson(), strict!.ToJson());
        Assert.Equal(TrustLevel.Tee, strict.MinimumLevel);
    }

    private static async Task<(AttestationResult Result, ReportData Data)> Sample(AppraisalPolicy policy)
    {
        var data = ReportData.Compute(Bindings.Sample());
        using var attester = new SimulatedAttester(new byte[32], new byte[32], new FixedClock(Now));
        var evidence = await attester.AttestAsync(data, default);
        return (Appraiser.Appraise(Verifier.Verify(evidence, Collateral.Empty, Now), evidence, policy, data, Now), data);
    }
}
