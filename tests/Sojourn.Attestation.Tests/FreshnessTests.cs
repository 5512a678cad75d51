using Sojourn.Attestation.Simulated;

namespace Sojourn.Attestation.Tests;

public sealed class FreshnessTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<ReasonCode> Changes => new(
        ReasonCode.GenesisMismatch, ReasonCode.BeaconMismatch, ReasonCode.JobMismatch, ReasonCode.ExecutorMismatch,
        ReasonCode.RoundMismatch, ReasonCode.PolicyMismatch, ReasonCode.EnclaveKeyMismatch, ReasonCode.ReceiptKeyMismatch);

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task EachOtherCircumstanceIsRefusedByItsOwnReason(ReasonCode code)
    {
        var sample = Bindings.Sample();
        var other = Bindings.Named("another");
        var changed = code switch
        {
            ReasonCode.GenesisMismatch => sample with { Genesis = other },
            ReasonCode.BeaconMismatch => sample with { Beacon = other },
            ReasonCode.JobMismatch => sample with { JobId = other },
            ReasonCode.ExecutorMismatch => sample with { Executor = other.AsMemory(0, 20) },
            ReasonCode.RoundMismatch => sample with { Round = 1 },
            ReasonCode.PolicyMismatch => sample with { PolicyCids = [other] },
            ReasonCode.EnclaveKeyMismatch => sample with { HpkeKey = other },
            _ => sample with { ReceiptKey = other },
        };
        var result = await Appraise(ReportData.Compute(changed), ReportData.Compute(sample));
        Assert.False(result.Accepted);
        Assert.Equal(code, Assert.Single(result.Reasons).Code);
    }

    [Fact]
    public async Task AnotherChallengeAndUnexplainedDataAreRefused()
    {
        Assert.True((await Appraise(ReportData.ForChallenge("one"u8), ReportData.ForChallenge("two"u8))).Has(ReasonCode.ChallengeMismatch));
        Assert.True((await Appraise(ReportData.ForChallenge("one"u8), ReportData.Compute(Bindings.Sample()))).Has(ReasonCode.ReportDataMismatch));
        Assert.True((await Appraise(ReportData.Compute(Bindings.Sample()), ReportData.Compute(Bindings.Sample()))).Accepted);
    }

    [Fact]
    public async Task ABindingThatIsNotTheReportDatasPreimageExplainsNothing()
    {
        using var attester = Attester(Now);
        var evidence = await attester.AttestAsync(ReportData.ForChallenge("one"u8), default);
        var lying = evidence.With(EvidencePart.Binding, Bindings.Sample().Encode());
        var quote = Verifier.Verify(lying, Collateral.Empty, Now).Quote!;
        Assert.Equal(ReasonCode.ReportDataMismatch, Assert.Single(Appraiser.Appraise(quote, AppraisalPolicy.Development, ReportData.Compute(Bindings.Sample()), Now).Reasons).Code);
    }

    [Fact]
    public async Task FutureAndOldStatementsAreRefused()
    {
        using var attester = Attester(Now.AddHours(3));
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await attester.AttestAsync(data, default);
        Assert.Equal(QuoteFault.TimeInFuture, Verifier.Verify(evidence, Collateral.Empty, Now).Fault);
        var late = Now.AddHours(5);
        Assert.True(Appraiser.Appraise(Verifier.Verify(evidence, Collateral.Empty, late).Quote!, AppraisalPolicy.Development, data, late).Has(ReasonCode.TooOld));
    }

    [Fact]
    public async Task ARevokedChipIsRefused()
    {
        using var attester = Attester(Now);
        var evidence = await attester.AttestAsync(ReportData.Compute(Bindings.Sample()), default);
        var chip = Verifier.Verify(evidence, Collateral.Empty, Now).Quote!.Chip;
        Assert.Equal(QuoteFault.ChipRevoked, Verifier.Verify(evidence, Collateral.Empty.RevokeChips([chip]), Now).Fault);
    }

    [Fact]
    public void TheBindingsEncodingIsOneToOne()
    {
        var sample = Bindings.Sample();
        Assert.True(JobBinding.TryDecode(sample.Encode(), out var read));
        Assert.Equal(sample.Encode(), read!.Encode());
        Assert.Equal((sample with { PolicyCids = [.. sample.PolicyCids.Reverse()] }).Encode(), sample.Encode());
        Assert.NotEqual((sample with { Genesis = Array.Empty<byte>(), Beacon = (byte[])[.. sample.Genesis.Span, .. sample.Beacon.Span] }).Encode(), sample.Encode());
        Assert.False(JobBinding.TryDecode(sample.Encode().AsMemory(1), out _));
        Assert.False(JobBinding.TryDecode((byte[])[.. sample.Encode(), 0], out _));
    }

    private static SimulatedAttester Attester(DateTimeOffset at) => new(new byte[32], new byte[32], new FixedClock(at));

    private static async Task<AttestationResult> Appraise(ReportData made, ReportData expected)
    {
        using var attester = Attester(Now);
        var evidence = await attester.AttestAsync(made, default);
        return Appraiser.Appraise(Verifier.Verify(evidence, Collateral.Empty, Now).Quote!, AppraisalPolicy.Development, expected, Now);
    }
}
