namespace Sojourn.Attestation.Tests.Appraisal;

/// <summary>What a quote and Intel's documents can be that no real ones at hand are.</summary>
public sealed class TdxPolicyTests
{
    private static readonly AppraisalPolicy Policy = AppraisalPolicy.Development with { MinimumLevel = TrustLevel.Tee };

    [Fact]
    public void TheQuoteItselfIsAccepted()
    {
        using var quote = new SignedQuote();
        Assert.Empty(Appraise(quote, Good(quote)).Reasons);
    }

    [Fact]
    public void AMigratableDomainIsRefusedUnlessAllowed()
    {
        using var quote = new SignedQuote { Attributes = (1UL << 28) | (1UL << 29) };
        Assert.Equal(ReasonCode.MigrationAgent, Assert.Single(Appraise(quote, Good(quote)).Reasons).Code);
        Assert.True(Appraise(quote, Good(quote), Policy with { AllowMigrationAgent = true }).Accepted);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void EveryUntrustedAttributeIsDebug(int bit)
    {
        using var quote = new SignedQuote { Attributes = (1UL << 28) | (1UL << bit) };
        Assert.Equal(ReasonCode.DebugEnabled, Assert.Single(Appraise(quote, Good(quote)).Reasons).Code);
    }

    /// <summary>Several documents may hold at once; the latest evaluation speaks, wherever it stands.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheLatestEvaluationSpeaks(bool newestFirst)
    {
        using var quote = new SignedQuote();
        var collateral = quote.AddQe(quote.Bare);
        collateral = newestFirst
            ? quote.AddTcb(quote.AddTcb(collateral, evaluation: 18, status: "OutOfDate"), evaluation: 17)
            : quote.AddTcb(quote.AddTcb(collateral, evaluation: 17), evaluation: 18, status: "OutOfDate");
        Assert.Equal(ReasonCode.TcbStatusNotAccepted, Assert.Single(Appraise(quote, collateral).Reasons).Code);
        Assert.Equal(18, ((Sojourn.Attestation.Dcap.TdxClaims)Verifier.Verify(quote.Quote(), collateral, SignedQuote.Now).Quote!.Claims).TcbEvaluation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OfOneEvaluationTheLatestIssueSpeaks(bool newestFirst)
    {
        using var quote = new SignedQuote();
        var collateral = newestFirst
            ? quote.AddTcb(quote.AddTcb(quote.AddQe(quote.Bare), status: "Revoked", issuedDaysAgo: 1), issuedDaysAgo: 9)
            : quote.AddTcb(quote.AddTcb(quote.AddQe(quote.Bare), issuedDaysAgo: 9), status: "Revoked", issuedDaysAgo: 1);
        Assert.Equal(TcbStatus.Revoked, Verifier.Verify(quote.Quote(), collateral, SignedQuote.Now).Quote!.Tcb);
    }

    [Fact]
    public void ALaterEvaluationThatHasRunOutDoesNotStandInTheWay()
    {
        using var quote = new SignedQuote();
        var collateral = quote.AddTcb(quote.AddTcb(quote.AddQe(quote.Bare), evaluation: 18, status: "OutOfDate", issuedDaysAgo: 40, validDays: 30), evaluation: 17);
        Assert.True(Appraise(quote, collateral).Accepted);
        Assert.Equal(ReasonCode.TcbEvaluationTooOld, Assert.Single(Appraise(quote, collateral, Policy with { TcbEvaluationMinimum = 18 }).Reasons).Code);
    }

    /// <summary>A platform's own key chains to the same root: it must not vouch for its own state.</summary>
    [Fact]
    public void ADocumentThatThePlatformItselfSignedIsRefused()
    {
        using var quote = new SignedQuote();
        var own = quote.AddTcb(quote.AddQe(quote.Bare), chain: quote.PckChain(), byPlatform: true);
        Assert.Equal(QuoteFault.CertificateMisused, Verifier.Verify(quote.Quote(), own, SignedQuote.Now).Fault);
        var posing = quote.AddTcb(quote.AddQe(quote.Bare), chain: quote.SignerChain(platform: true));
        Assert.Equal(QuoteFault.CertificateMisused, Verifier.Verify(quote.Quote(), posing, SignedQuote.Now).Fault);
        var other = quote.AddTcb(quote.AddQe(quote.Bare), chain: quote.SignerChain("CN=Intel SGX Something Else"));
        Assert.Equal(QuoteFault.CertificateMisused, Verifier.Verify(quote.Quote(), other, SignedQuote.Now).Fault);
        using var stranger = new SignedQuote();
        var foreign = stranger.AddTcb(quote.AddQe(quote.Bare));
        Assert.Contains(Verifier.Verify(quote.Quote(), foreign, SignedQuote.Now).Findings, finding => finding.Fault is QuoteFault.RootNotTrusted or QuoteFault.ChainBroken);
    }

    [Fact]
    public void AnOutOfDateQuotingEnclaveMakesTheWholeSo()
    {
        using var quote = new SignedQuote();
        Assert.Equal(TcbStatus.OutOfDate, Verifier.Verify(quote.Quote(), quote.AddTcb(quote.AddQe(quote.Bare, status: "OutOfDate")), SignedQuote.Now).Quote!.Tcb);
    }

    [Fact]
    public void APlatformIsRevokedByEitherOfItsNames()
    {
        using var quote = new SignedQuote();
        Assert.Equal(ChipIdentity.Of("intel", SignedQuote.Instance), Verifier.Verify(quote.Quote(), Good(quote), SignedQuote.Now).Quote!.Chip);
        foreach (var name in new[] { SignedQuote.Instance, SignedQuote.Ppid })
        {
            Assert.Equal(QuoteFault.ChipRevoked, Verifier.Verify(quote.Quote(), Good(quote).RevokeChips([ChipIdentity.Of("intel", name)]), SignedQuote.Now).Fault);
        }
    }

    private static Collateral Good(SignedQuote quote) => quote.AddTcb(quote.AddQe(quote.Bare));

    private static AttestationResult Appraise(SignedQuote quote, Collateral collateral, AppraisalPolicy? policy = null)
    {
        var evidence = quote.Quote();
        return Appraiser.Appraise(Verifier.Verify(evidence, collateral, SignedQuote.Now), evidence, policy ?? Policy, quote.Data, SignedQuote.Now);
    }
}
