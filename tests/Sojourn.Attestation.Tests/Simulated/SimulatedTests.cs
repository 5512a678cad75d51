using Sojourn.Attestation.Simulated;

namespace Sojourn.Attestation.Tests.Simulated;

public sealed class SimulatedTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task IsGenuineAndAcceptedOnADevelopmentLedgerOnly()
    {
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await Make(data);
        var quote = Verifier.Verify(evidence, Collateral.Empty, Now).Quote;
        Assert.NotNull(quote);
        Assert.Equal(TrustLevel.Simulated, quote.Level);

        Assert.True(Appraiser.Appraise(quote, AppraisalPolicy.Development, data, Now).Accepted);
        Assert.True(Appraiser.Appraise(quote, AppraisalPolicy.Development with { DevelopmentLedger = false }, data, Now).Has(ReasonCode.SimulatedNotAllowed));
        Assert.True(Appraiser.Appraise(quote, AppraisalPolicy.Development with { Kinds = [] }, data, Now).Has(ReasonCode.SimulatedNotAllowed));
        var strict = Appraiser.Appraise(quote, new AppraisalPolicy(), data, Now);
        Assert.False(strict.Accepted);
        Assert.True(strict.Has(ReasonCode.LevelTooLow));
        Assert.True(strict.Has(ReasonCode.NoReferenceValues));
    }

    [Fact]
    public async Task EveryBitFlipIsRefused()
    {
        var data = ReportData.ForChallenge("a challenge of this test"u8);
        var bytes = (await Make(data))[EvidencePart.Report].ToArray();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(QuoteOutcome.Genuine, Verifier.Verify(new Evidence(EvidenceKind.Simulated, bytes.ToArray()), Collateral.Empty, Now).Outcome);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public async Task TheEncodingRoundTripsAndIsUnique()
    {
        var evidence = await Make(ReportData.Compute(Bindings.Sample()));
        var bytes = evidence.Encode();
        Assert.True(Evidence.TryDecode(bytes, out var read));
        Assert.Equal(bytes, read!.Encode());
        Assert.False(Evidence.TryDecode(bytes.AsMemory(1), out _));
        Assert.False(Evidence.TryDecode((byte[])[.. bytes, 0], out _));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(Evidence.TryDecode(bytes.AsMemory(0, length), out _));
        }
    }

    private static async Task<Evidence> Make(ReportData data)
    {
        using var attester = new SimulatedAttester(new byte[32], Enumerable.Repeat((byte)7, 32).ToArray(), new FixedClock(Now));
        return await attester.AttestAsync(data, CancellationToken.None);
    }
}
