using System.Text.RegularExpressions;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>Reads the words of an expected reason as the faults and reasons that they speak of.</summary>
internal static class ExpectedReasons
{
    private static readonly (Regex Words, string[] Names)[] Table =
    [
        (Words("debug"), [nameof(ReasonCode.DebugEnabled)]),
        (Words("vmpl"), [nameof(ReasonCode.VmplTooHigh)]),
        (Words("migrat"), [nameof(ReasonCode.MigrationAgent)]),
        (Words("expired|lives|has passed|nextUpdate|stale"), [nameof(QuoteFault.CertificateExpired), nameof(QuoteFault.CrlExpired), nameof(QuoteFault.CollateralExpired)]),
        (Words("on the CRL|revoked|revocation date"), [nameof(QuoteFault.CertificateRevoked)]),
        (Words("future|not yet|before notBefore"), [nameof(QuoteFault.CertificateNotYetValid), nameof(QuoteFault.CollateralNotYetValid), nameof(QuoteFault.CrlNotYetValid), nameof(QuoteFault.TimeInFuture)]),
        (Words("not issued by|chain.*broken"), [nameof(QuoteFault.ChainBroken), nameof(QuoteFault.ChainMissing)]),
        (Words("chip.?id|hwid"), [nameof(QuoteFault.ChipIdMismatch)]),
        (Words("TCB differ|reported_tcb"), [nameof(QuoteFault.LeafTcbMismatch)]),
        (Words("wrong product|other product|product mismatch"), [nameof(QuoteFault.ProductMismatch), nameof(QuoteFault.ChainBroken)]),
        (Words("signature (over|of) (tcbInfo|qeIdentity)"), [nameof(QuoteFault.CollateralSignature)]),
        (Words("signature.*(fails|not verify|invalid|wrong|does not)"), [nameof(QuoteFault.QuoteSignature), nameof(QuoteFault.CollateralSignature), nameof(QuoteFault.QeReportSignature)]),
        (Words("another FMSPC|FMSPC mismatch|instead of TDX|instead of SGX"), [nameof(QuoteFault.CollateralMismatch)]),
        (Words("no TCB level|level not supported|not supported|OutOfDate|ConfigurationNeeded|ConfigurationAndSWHardeningNeeded|converged status|SWHardening"), [nameof(ReasonCode.TcbStatusNotAccepted)]),
        (Words("certification data"), [nameof(QuoteFault.CertificationData)]),
        (Words("not the .*root|root pinning|untrusted root|root is not"), [nameof(QuoteFault.RootNotTrusted), nameof(QuoteFault.ChainMissing)]),
        (Words("forged|restricted|attributes demanded"), [nameof(QuoteFault.AttestationKeyAttributes)]),
        (Words("magic|TPM_GENERATED|not a quote"), [nameof(QuoteFault.NotATpmQuote)]),
        (Words("truncat|too short"), [nameof(QuoteFault.Truncated), nameof(QuoteFault.Malformed)]),
        (Words("trailing"), [nameof(QuoteFault.TrailingBytes)]),
        (Words("reserved"), [nameof(QuoteFault.ReservedNotZero)]),
        (Words("duplicate"), [nameof(QuoteFault.Malformed)]),
        (Words("version"), [nameof(QuoteFault.UnsupportedVersion)]),
        (Words("PCR (digest|values).*(differ|mismatch|not)"), [nameof(QuoteFault.PcrDigestMismatch)]),
        (Words("nonce.*(differ|mismatch|other|wrong)|report_data.*(differ|mismatch|other|wrong)"), [nameof(ReasonCode.ChallengeMismatch), nameof(ReasonCode.ReportDataMismatch)]),
        (Words("runtime data"), [nameof(QuoteFault.RuntimeDataMismatch)]),
        (Words("QE identity.*(differ|mismatch|match)|mrsigner"), [nameof(QuoteFault.QeIdentityMismatch)]),
        (Words("TDX module|mrseam|mrsignerseam"), [nameof(QuoteFault.TdxModuleMismatch), nameof(ReasonCode.TcbStatusNotAccepted)]),
    ];

    /// <summary>Names of which at least one must be among a refusal's reasons; empty where the words are not understood.</summary>
    public static IReadOnlySet<string> Of(string words) => Table.Where(row => row.Words.IsMatch(words)).SelectMany(row => row.Names).ToHashSet(StringComparer.Ordinal);

    private static Regex Words(string pattern) => new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromMinutes(1));
}
