using System.Collections.Immutable;
using Sojourn.Attestation.SevSnp;

namespace Sojourn.Attestation.Tests.Appraisal;

/// <summary>What a genuine report says can still be refused, each by its own reason.</summary>
public sealed class SnpPolicyTests
{
    private static readonly AppraisalPolicy Policy = AppraisalPolicy.Development with { MinimumLevel = TrustLevel.Tee };

    [Fact]
    public void TheReportItselfIsAccepted() => Assert.Empty(Appraise(new SignedReport(), Policy).Reasons);

    [Fact]
    public void AMigrationAgentIsRefusedUnlessAllowed()
    {
        var report = new SignedReport { Policy = 0x30000 | (1UL << 18) };
        Assert.Equal(ReasonCode.MigrationAgent, Only(report, Policy));
        Assert.True(Appraise(report, Policy with { AllowMigrationAgent = true }).Accepted);
    }

    [Fact]
    public void DebugIsRefusedUnlessAllowed()
    {
        var report = new SignedReport { Policy = 0x30000 | (1UL << 19) };
        Assert.Equal(ReasonCode.DebugEnabled, Only(report, Policy));
        Assert.True(Appraise(report, Policy with { AllowDebug = true }).Accepted);
    }

    [Fact]
    public void ALowerPrivilegeLevelIsRefusedUnlessAllowed()
    {
        var report = new SignedReport { Vmpl = 2 };
        Assert.Equal(ReasonCode.VmplTooHigh, Only(report, Policy));
        Assert.True(Appraise(report, Policy with { VmplMaximum = 2 }).Accepted);
    }

    [Theory]
    [InlineData(4, 0, 8, 115)]
    [InlineData(3, 1, 8, 115)]
    [InlineData(3, 0, 9, 115)]
    [InlineData(3, 0, 8, 116)]
    public void EveryComponentOfTheTcbFloorCounts(int bootLoader, int tee, int snp, int microcode) =>
        Assert.Equal(ReasonCode.TcbTooOld, Only(new SignedReport(), Floor(new SnpTcbFloor(bootLoader, tee, snp, microcode))));

    [Fact]
    public void TheFloorHoldsForTheTimeOfLaunchToo()
    {
        var floor = Floor(new SnpTcbFloor(3, 0, 8, 115));
        Assert.True(Appraise(new SignedReport(), floor).Accepted);
        Assert.Equal(ReasonCode.TcbTooOld, Only(new SignedReport { LaunchTcb = [3, 0, 0, 0, 0, 0, 7, 115] }, floor));
    }

    [Fact]
    public void FloorsForOtherProductsAloneRefuseThisOne() =>
        Assert.Equal(ReasonCode.TcbTooOld, Only(new SignedReport(), Policy with { SnpMinimum = ImmutableSortedDictionary<string, SnpTcbFloor>.Empty.Add("milan", new SnpTcbFloor(0, 0, 0, 0)) }));

    /// <summary>A pinned key with a certificate that the key never signed: its dates and limits are nobody's word.</summary>
    [Fact]
    public void ARootCertificateThatItsKeyDidNotSignIsRefused()
    {
        var (forged, root) = new SignedReport().SignUnderDamagedRoot();
        Assert.Equal(QuoteFault.ChainBroken, Verifier.Verify(forged, root, SignedReport.Now).Fault);
    }

    /// <summary>A VLEK names a cloud, and the report still names the chip, signed: a chip that is revoked does not come back under another key.</summary>
    [Fact]
    public void ARevokedChipIsRevokedUnderACloudsKeyToo()
    {
        var report = new SignedReport { Vlek = true };
        var (evidence, collateral) = report.Sign();
        var quote = Verifier.Verify(evidence, collateral, SignedReport.Now).Quote!;
        Assert.True(quote.Chip.IsNone);
        Assert.Equal(QuoteFault.ChipRevoked, Verifier.Verify(evidence, collateral.RevokeChips([ChipIdentity.Of("amd", report.ChipId)]), SignedReport.Now).Fault);
        Assert.Equal(ReasonCode.ChipHidden, Only(report, Policy with { RequireChip = true }));

        // Where the platform masks the number there is nothing to compare.
        var (masked, roots) = new SignedReport { Vlek = true, ChipId = new byte[64] }.Sign();
        Assert.Equal(QuoteFault.None, Verifier.Verify(masked, roots.RevokeChips([ChipIdentity.Of("amd", new byte[64])]), SignedReport.Now).Fault);
    }

    [Fact]
    public void WhatThePlatformSaysOfItselfCanBeAskedForAndForbidden()
    {
        Assert.Equal(ReasonCode.PlatformFeatureMissing, Only(new SignedReport { Platform = 0x05 }, Policy with { SnpPlatformRequired = new AppraisalPolicy().SnpPlatformRequired }));
        Assert.True(Appraise(new SignedReport(), Policy with { SnpPlatformRequired = new AppraisalPolicy().SnpPlatformRequired }).Accepted);
        Assert.Equal(ReasonCode.PlatformFeatureForbidden, Only(new SignedReport(), Policy with { SnpPlatformForbidden = [SnpPlatformFeature.SmtEnabled] }));
        foreach (var feature in Enum.GetValues<SnpPlatformFeature>())
        {
            Assert.True(Appraise(new SignedReport { Platform = 1UL << (int)feature }, Policy with { SnpPlatformRequired = [feature] }).Accepted);
            Assert.Equal(ReasonCode.PlatformFeatureMissing, Only(new SignedReport { Platform = ~(1UL << (int)feature) }, Policy with { SnpPlatformRequired = [feature] }));
        }
    }

    [Fact]
    public void AnotherChipIsRefusedWhereThePolicyNamesSome()
    {
        var report = new SignedReport();
        Assert.Equal(ReasonCode.ChipNotAllowed, Only(report, Policy with { Chips = [new ChipIdentity("amd", "0102")] }));
        Assert.True(Appraise(report, Policy with { Chips = [ChipIdentity.Of("amd", report.ChipId)] }).Accepted);
    }

    [Fact]
    public void AKindThatIsNotListedIsRefused() => Assert.Equal(ReasonCode.KindNotAllowed, Only(new SignedReport(), Policy with { Kinds = [EvidenceKind.Tdx] }));

    [Fact]
    public void WithoutRevocationListsAStrictPolicyRefuses() => Assert.Equal(ReasonCode.RevocationNotChecked, Only(new SignedReport(), Policy with { RequireRevocation = true }));

    [Fact]
    public void AVerdictThatHasRunOutIsRefused()
    {
        var (evidence, collateral) = new SignedReport().Sign();
        var quote = Verifier.Verify(evidence, collateral, SignedReport.Now).Quote!;
        var late = quote.ValidUntil.AddSeconds(1);
        Assert.Equal(ReasonCode.Stale, Assert.Single(Appraiser.Appraise(quote, Policy, new SignedReport().Data, late).Reasons).Code);
    }

    [Fact]
    public void AChangedPolicyBitBreaksTheSignature()
    {
        var (evidence, collateral) = new SignedReport { Policy = 0x30000 | (1UL << 18) }.Sign();
        var bytes = evidence[EvidencePart.Report].ToArray();
        bytes[0x0A] &= 0xFB;
        Assert.Equal(QuoteFault.QuoteSignature, Verifier.Verify(evidence.With(EvidencePart.Report, bytes), collateral, SignedReport.Now).Fault);
    }

    private static AppraisalPolicy Floor(SnpTcbFloor floor) => Policy with { SnpMinimum = ImmutableSortedDictionary<string, SnpTcbFloor>.Empty.Add("Milan", floor) };

    private static ReasonCode Only(SignedReport report, AppraisalPolicy policy) => Assert.Single(Appraise(report, policy).Reasons).Code;

    private static AttestationResult Appraise(SignedReport report, AppraisalPolicy policy)
    {
        var (evidence, collateral) = report.Sign();
        var verdict = Verifier.Verify(evidence, collateral, SignedReport.Now);
        Assert.True(verdict.Quote is not null, string.Join("; ", verdict.Findings.Select(finding => finding.Detail)));
        return Appraiser.Appraise(verdict.Quote, policy, report.Data, SignedReport.Now);
    }
}
