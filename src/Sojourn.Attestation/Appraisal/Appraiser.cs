using System.Collections.Immutable;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation;

/// <summary>Decides whether evidence is acceptable: the second step after <see cref="Verifier"/>.</summary>
public static partial class Appraiser
{
    /// <summary>Appraises a quote that is known to be genuine.</summary>
    /// <param name="quote">The verified quote.</param>
    /// <param name="policy">What is acceptable.</param>
    /// <param name="expected">The report data or challenge that the evidence must carry.</param>
    /// <param name="now">The time of the decision.</param>
    /// <returns>The result, with every reason against.</returns>
    public static AttestationResult Appraise(VerifiedQuote quote, AppraisalPolicy policy, ReportData expected, DateTimeOffset now)
    {
        var reasons = ImmutableArray.CreateBuilder<Reason>();
        CheckKind(quote, policy, reasons);
        CheckFreshness(quote, policy, expected, now, reasons);
        CheckPlatform(quote, policy, reasons);
        KindChecks(quote, policy, now, reasons);
        var reference = CheckMeasurements(quote.Claims, policy, reasons);
        CheckCustody(quote, policy, reasons);
        var all = reasons.ToImmutable();
        return new AttestationResult
        {
            Accepted = all.IsEmpty,
            Genuine = true,
            Kind = quote.Kind,
            Claims = quote.Claims,
            Reasons = all,
            PolicyName = policy.Name,
            PolicyDigest = policy.Digest(),
            AppraisedAt = now,
            Level = quote.Level,
            Chip = quote.Chip,
            Custody = quote.Custody,
            CustodyEndorser = quote.CustodyEndorser,
            Anchor = quote.Anchor,
            AnchorName = quote.AnchorName,
            Tcb = quote.Tcb,
            Advisories = quote.Advisories,
            Vector = Vectors.For(quote, all, reference),
            Reference = reference,
            EvidenceDigest = quote.EvidenceDigest,
            CollateralDigest = quote.CollateralDigest,
            ValidUntil = quote.ValidUntil,
        };
    }

    /// <summary>Gives a result for any verdict: a refusal, with every reason, where the evidence is not genuine.</summary>
    /// <param name="verdict">The verifier's answer.</param>
    /// <param name="evidence">The evidence that it is about.</param>
    /// <param name="policy">What is acceptable.</param>
    /// <param name="expected">The report data or challenge that the evidence must carry.</param>
    /// <param name="now">The time of the decision.</param>
    public static AttestationResult Appraise(QuoteVerdict verdict, Evidence evidence, AppraisalPolicy policy, ReportData expected, DateTimeOffset now)
    {
        if (verdict.Quote is { } quote)
        {
            return Appraise(quote, policy, expected, now);
        }

        var reasons = ImmutableArray.CreateBuilder<Reason>();
        foreach (var finding in verdict.Findings)
        {
            var code = verdict.Outcome == QuoteOutcome.Inconclusive ? ReasonCode.Inconclusive : ReasonCode.NotGenuine;
            reasons.Add(new Reason(code, finding.Fault, finding.Detail, Remedies.For(finding.Fault)));
        }

        if (verdict.UnverifiedClaims is { } claims)
        {
            // Nothing here is proved; it tells a person all that is wrong at once.
            var assumed = new VerifiedQuote(evidence.Kind, claims) { Binding = Verifier.BindingOf(evidence), VerifiedAt = now, Tcb = verdict.UnverifiedTcb, Advisories = verdict.UnverifiedAdvisories };
            CheckTcb(assumed, policy, reasons);
            CheckFreshness(assumed, policy, expected, now, reasons);
            KindChecks(assumed, policy, now, reasons);
            CheckMeasurements(claims, policy, reasons);
        }

        return new AttestationResult
        {
            Kind = evidence.Kind,
            Claims = verdict.UnverifiedClaims,
            Reasons = reasons.ToImmutable(),
            PolicyName = policy.Name,
            PolicyDigest = policy.Digest(),
            AppraisedAt = now,
            Vector = Vectors.Unverified,
            EvidenceDigest = evidence.Digest(),
            ValidUntil = now,
        };
    }

    private static void CheckKind(VerifiedQuote quote, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (quote.Kind == EvidenceKind.Simulated)
        {
            if (!policy.Kinds.Contains(EvidenceKind.Simulated) || policy.MinimumLevel != TrustLevel.Simulated)
            {
                Add(reasons, ReasonCode.SimulatedNotAllowed, "the evidence is simulated: it proves nothing about hardware, and the policy does not name it");
            }

            if (!policy.DevelopmentLedger)
            {
                Add(reasons, ReasonCode.SimulatedNotAllowed, "the evidence is simulated, and the ledger's genesis does not say development");
            }
        }
        else if (!policy.Kinds.IsEmpty && !policy.Kinds.Contains(quote.Kind))
        {
            Add(reasons, ReasonCode.KindNotAllowed, $"evidence of kind {quote.Kind} is not on the policy's list ({string.Join(", ", policy.Kinds)})");
        }

        if (quote.Kind == EvidenceKind.Tpm && quote.Anchor == AnchorClass.None && (policy.MinimumLevel > TrustLevel.Simulated || !policy.DevelopmentLedger))
        {
            Add(reasons, ReasonCode.KeyNotEndorsed, "no chain binds the attestation key to a TPM vendor: the key may live in a software TPM");
        }

        if (quote.Anchor == AnchorClass.Development && !policy.DevelopmentLedger)
        {
            Add(reasons, ReasonCode.DevelopmentRoot, $"the chain ends in the development root \"{quote.AnchorName}\", and the ledger's genesis does not say development");
        }

        if (quote.Level < policy.MinimumLevel)
        {
            Add(reasons, ReasonCode.LevelTooLow, $"the evidence reaches level {quote.Level.Name()}, and the policy asks for {policy.MinimumLevel.Name()}");
        }
    }

    private static void CheckFreshness(VerifiedQuote quote, AppraisalPolicy policy, ReportData expected, DateTimeOffset now, ImmutableArray<Reason>.Builder reasons)
    {
        if (now > quote.ValidUntil)
        {
            Add(reasons, ReasonCode.Stale, $"certificates and collateral held until {quote.ValidUntil:u}");
        }

        if (quote.Claims.Carries(expected))
        {
            return;
        }

        if (expected.IsChallenge)
        {
            Add(reasons, ReasonCode.ChallengeMismatch, $"the evidence carries {Hex(quote.Claims.BoundData)}, and the challenge was {expected}");
            return;
        }

        var before = reasons.Count;
        if (expected.Binding is { } wanted && quote.Binding is { } stated && quote.Claims.Carries(ReportData.Compute(stated)))
        {
            Compare(stated.Genesis, wanted.Genesis, ReasonCode.GenesisMismatch, "ledger genesis", reasons);
            Compare(stated.Beacon, wanted.Beacon, ReasonCode.BeaconMismatch, "beacon", reasons);
            Compare(stated.JobId, wanted.JobId, ReasonCode.JobMismatch, "job", reasons);
            Compare(stated.Executor, wanted.Executor, ReasonCode.ExecutorMismatch, "executor", reasons);
            if (stated.Round != wanted.Round)
            {
                Add(reasons, ReasonCode.RoundMismatch, $"the evidence is for round {stated.Round}, expected {wanted.Round}");
            }

            if (!stated.SortedPolicies().SequenceEqual(wanted.SortedPolicies(), ByteArrayComparer.Instance))
            {
                Add(reasons, ReasonCode.PolicyMismatch, "the evidence was made under other policies");
            }

            Compare(stated.HpkeKey, wanted.HpkeKey, ReasonCode.EnclaveKeyMismatch, "enclave key", reasons);
            Compare(stated.ReceiptKey, wanted.ReceiptKey, ReasonCode.ReceiptKeyMismatch, "receipt key", reasons);
        }

        if (reasons.Count == before)
        {
            Add(reasons, ReasonCode.ReportDataMismatch, $"the evidence carries {Hex(quote.Claims.BoundData)}, expected {(quote.Kind == EvidenceKind.Tpm ? Convert.ToHexStringLower(expected.ForTpm()) : expected.ToString())}");
        }
    }

    private static void Compare(ReadOnlyMemory<byte> stated, ReadOnlyMemory<byte> wanted, ReasonCode code, string what, ImmutableArray<Reason>.Builder reasons)
    {
        if (!stated.Span.SequenceEqual(wanted.Span))
        {
            Add(reasons, code, $"the evidence is for {what} {Hex(stated)}, expected {Hex(wanted)}");
        }
    }

    private static void CheckTcb(VerifiedQuote quote, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (quote.Tcb != TcbStatus.NotApplicable && !policy.TcbStatuses.Contains(quote.Tcb))
        {
            var advisories = quote.Advisories.IsEmpty ? "" : $" ({string.Join(", ", quote.Advisories)})";
            Add(reasons, ReasonCode.TcbStatusNotAccepted, $"the vendor's status of the platform is {quote.Tcb}{advisories}; the policy accepts {string.Join(", ", policy.TcbStatuses)}");
        }
    }

    private static void CheckPlatform(VerifiedQuote quote, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        CheckTcb(quote, policy, reasons);

        // A simulated statement and an unendorsed key have no chain, so nothing could be revoked: other reasons speak of them.
        if (policy.RequireRevocation && !quote.RevocationChecked && quote.Anchor != AnchorClass.None)
        {
            Add(reasons, ReasonCode.RevocationNotChecked, "no current revocation list was at hand for every certificate of the chain");
        }
    }

    private static string CheckMeasurements(QuoteClaims claims, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (policy.ReferenceValues.IsEmpty)
        {
            if (!policy.AnyMeasurement)
            {
                Add(reasons, ReasonCode.NoReferenceValues, "the policy holds no reference values");
            }

            return "";
        }

        var misses = new List<string>();
        var measured = claims is TpmClaims { ImaEntries.IsEmpty: false } tpm ? [.. tpm.Measurements, .. tpm.ImaMeasurements()] : claims.Measurements;
        foreach (var set in policy.ReferenceValues)
        {
            // An empty set would match anything.
            var miss = set.Values.IsEmpty ? "names no measurement" : set.FirstMismatch(measured);
            if (miss is null)
            {
                return set.Name;
            }

            misses.Add($"{set.Name}: {miss}");
        }

        if (!policy.AnyMeasurement)
        {
            Add(reasons, ReasonCode.MeasurementUnknown, $"no reference value matches ({string.Join("; ", misses.Take(4))})");
        }

        return "";
    }

    private static void CheckCustody(VerifiedQuote quote, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (quote.Custody < policy.MinimumCustody)
        {
            Add(reasons, ReasonCode.CustodyTooLow, $"custody of the machine is {quote.Custody}, and the policy asks for {policy.MinimumCustody}");
        }

        if (quote.Chip.IsNone && (policy.RequireChip || !policy.Chips.IsEmpty))
        {
            Add(reasons, ReasonCode.ChipHidden, "the platform does not show which chip it is");
        }
        else if (!policy.Chips.IsEmpty && !policy.Chips.Contains(quote.Chip))
        {
            Add(reasons, ReasonCode.ChipNotAllowed, $"chip {quote.Chip} is not one that the policy names");
        }
    }

    private static void Add(ImmutableArray<Reason>.Builder reasons, ReasonCode code, string words) =>
        reasons.Add(new Reason(code, QuoteFault.None, words, Remedies.For(code)));

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}

/// <summary>Compares byte arrays by content.</summary>
internal sealed class ByteArrayComparer : IEqualityComparer<byte[]>
{
    public static ByteArrayComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => obj.Length;
}
