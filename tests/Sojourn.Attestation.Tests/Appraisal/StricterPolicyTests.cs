using Sojourn.Attestation.Azure;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.Tests.VectorCases;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests.Appraisal;

/// <summary>Real evidence that the baseline accepts, under a policy that asks for one thing more: refused by that thing's reason, and by no other.</summary>
public sealed class StricterPolicyTests
{
    private static readonly (ReasonCode Reason, Func<AppraisalPolicy, AppraisalPolicy> Stricter, Func<QuoteClaims, VerifiedQuote, bool> Concerns)[] Rules =
    [
        (ReasonCode.SeptVeNotDisabled, policy => policy with { AllowSeptVe = false }, (claims, _) => claims is TdxClaims { SeptVeDisabled: false }),
        (ReasonCode.TcbEvaluationTooOld, policy => policy with { TcbEvaluationMinimum = 10_000 }, (claims, _) => claims is TdxClaims or SgxClaims),
        (ReasonCode.ChipHidden, policy => policy with { RequireChip = true }, (_, quote) => quote.Chip.IsNone),
        (ReasonCode.ChipNotAllowed, policy => policy with { Chips = [new ChipIdentity("amd", "00")] }, (_, quote) => !quote.Chip.IsNone),
        (ReasonCode.PcrNotQuoted, policy => policy with { RequiredPcrs = [23] }, (claims, _) => claims is TpmClaims or AzureClaims && claims.Measurements.All(m => !m.Name.EndsWith("/23", StringComparison.Ordinal))),
        (ReasonCode.WeakPcrBank, policy => policy with { AllowSha1Pcrs = false }, (claims, _) => claims is TpmClaims or AzureClaims && claims.Measurements.Any(m => m.Name.StartsWith("pcr/sha1/", StringComparison.Ordinal))),
        (ReasonCode.EventLogMissing, policy => policy with { RequireEventLog = true }, (claims, _) => claims is TpmClaims { HasEventLog: false }),
        (ReasonCode.SecureBootOff, policy => policy with { RequireSecureBoot = true }, (claims, _) => claims is AzureClaims { SecureBoot: false } || (claims is TpmClaims { HasEventLog: true } tpm && (tpm.SecureBoot != true || tpm.Pcrs.All(pcr => pcr.Register != 7)))),
        (ReasonCode.WrapKeyMissing, policy => policy with { RequireWrapKey = true }, (claims, _) => claims is TpmClaims { HasWrapKey: false }),
        (ReasonCode.CustodyTooLow, policy => policy with { MinimumCustody = CustodyClass.EndorsedDataCentre }, (_, quote) => quote.Custody < CustodyClass.EndorsedDataCentre),
        (ReasonCode.PlatformFeatureMissing, policy => policy with { SnpPlatformRequired = [SnpPlatformFeature.CiphertextHiding] }, (claims, _) => Snp(claims) is { } snp && !snp.Has(SnpPlatformFeature.CiphertextHiding)),
        (ReasonCode.PlatformFeatureMissing, policy => policy with { SnpPlatformRequired = new AppraisalPolicy().SnpPlatformRequired }, (claims, _) => Snp(claims) is { } snp && !snp.Has(SnpPlatformFeature.AliasCheckComplete)),
        (ReasonCode.PlatformFeatureForbidden, policy => policy with { SnpPlatformForbidden = [SnpPlatformFeature.SmtEnabled] }, (claims, _) => Snp(claims) is { } snp && snp.Has(SnpPlatformFeature.SmtEnabled)),
        (ReasonCode.NoReferenceValues, policy => policy with { AnyMeasurement = false }, (_, _) => true),
        (ReasonCode.MeasurementUnknown, policy => policy with { AnyMeasurement = false, ReferenceValues = [ReferenceSet.Of("another release", ("launch", new string('a', 96)))] }, (_, _) => true),
        (ReasonCode.KindNotAllowed, policy => policy with { Kinds = [EvidenceKind.Simulated] }, (_, _) => true),
    ];

    public static TheoryData<string> Accepted => new(VectorSet.Accepted.Where(item => item.Kind != "tpm-quote-software").Select(item => item.Id));

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void OneRuleMoreIsOneReasonMore(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            var quote = Verifier.Verify(input.Evidence, input.Collateral, input.Now).Quote!;
            var already = Appraiser.Appraise(quote, input.Policy, input.Expected, input.Now).Reasons.Select(reason => reason.Code).ToHashSet();
            foreach (var (reason, stricter, concerns) in Rules)
            {
                var before = Appraiser.Appraise(quote, input.Policy, input.Expected, input.Now).Accepted;
                var result = Appraiser.Appraise(quote, stricter(input.Policy), input.Expected, input.Now);
                var added = result.Reasons.Select(each => each.Code).Where(code => !already.Contains(code)).Distinct().ToList();
                if (concerns(quote.Claims, quote) && !(already.Contains(reason)))
                {
                    Assert.True(added.Count == 1 && added[0] == reason, $"{id}: {reason} expected, {string.Join(", ", added)} found");
                    Assert.All(result.Reasons, each => Assert.NotEmpty(each.Remedy));
                }
                else
                {
                    Assert.Empty(added);
                    Assert.Equal(before, result.Accepted);
                }
            }
        }
    }

    private static SnpClaims? Snp(QuoteClaims claims) => (claims as AzureClaims)?.Hardware as SnpClaims ?? claims as SnpClaims;
}
