using Sojourn.Attestation.Azure;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.Nitro;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.Simulated;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation;

/// <summary>Decides whether evidence is genuine: formats, signatures, chains, revocation, collateral. Pure: time and collateral are arguments, and nothing is downloaded.</summary>
public static class Verifier
{
    /// <summary>Checks evidence.</summary>
    /// <param name="evidence">What an attester handed over.</param>
    /// <param name="collateral">Roots, certificates, lists and the vendors' signed statements.</param>
    /// <param name="now">The UTC instant at which everything must hold.</param>
    /// <returns>A verified quote, or every fault that was found.</returns>
    public static QuoteVerdict Verify(Evidence evidence, Collateral collateral, DateTimeOffset now)
    {
        var findings = new Findings();
        QuoteClaims? claims = null;
        VerifiedQuote? quote = null;
        foreach (var (part, bytes) in evidence.Parts)
        {
            findings.Check(bytes.Length <= Evidence.PartBytesMax, QuoteFault.Malformed, $"the part {part} is larger than {Evidence.PartBytesMax} bytes");
        }

        if (!findings.Any)
        {
            quote = evidence.Kind switch
            {
                EvidenceKind.Simulated => SimulatedVerifier.Verify(evidence, collateral, now, findings, out claims),
                EvidenceKind.SevSnp => SnpVerifier.Verify(evidence, collateral, now, findings, out claims),
                EvidenceKind.Tdx or EvidenceKind.Sgx => DcapVerifier.Verify(evidence, collateral, now, findings, out claims),
                EvidenceKind.Nitro => NitroVerifier.Verify(evidence, collateral, now, findings, out claims),
                EvidenceKind.Tpm => TpmVerifier.Verify(evidence, collateral, now, findings, out claims),
                EvidenceKind.AzureSnp or EvidenceKind.AzureTdx => AzureVerifier.Verify(evidence, collateral, now, findings, out claims),
                _ => Unknown(evidence.Kind, findings),
            };
        }

        if (quote is not null)
        {
            // A chip is revoked under any name that the evidence shows: a VLEK names its cloud, and the report may still name the chip.
            foreach (var chip in quote.Aliases.Add(quote.Chip).Where(collateral.RevokedChips.Contains).Distinct())
            {
                findings.Add(QuoteFault.ChipRevoked, $"chip {chip} is on the list of revoked chips");
            }

            if (!findings.Any)
            {
                return new QuoteVerdict(QuoteOutcome.Genuine, Complete(quote, evidence, collateral, now), [], claims);
            }
        }

        if (!findings.Any)
        {
            findings.Add(QuoteFault.Malformed, "the evidence could not be verified");
        }

        return new QuoteVerdict(findings.OnlyMissing ? QuoteOutcome.Inconclusive : QuoteOutcome.Rejected, null, findings.ToImmutable(), claims, findings.Tcb, findings.Advisories);
    }

    internal static JobBinding? BindingOf(Evidence evidence) =>
        evidence.Has(EvidencePart.Binding) && JobBinding.TryDecode(evidence[EvidencePart.Binding], out var binding) ? binding : null;

    private static VerifiedQuote Complete(VerifiedQuote quote, Evidence evidence, Collateral collateral, DateTimeOffset now)
    {
        var endorsed = collateral.Custody.GetValueOrDefault(quote.Chip);
        var holds = endorsed is not null && !quote.Chip.IsNone && now <= endorsed.NotAfter && endorsed.Custody > quote.Custody;
        return new VerifiedQuote(quote.Kind, quote.Claims)
        {
            Level = quote.Level,
            Chip = quote.Chip,
            Aliases = quote.Aliases,
            Custody = holds ? endorsed!.Custody : quote.Custody,
            CustodyEndorser = holds ? endorsed!.Endorser : quote.CustodyEndorser,
            Anchor = quote.Anchor,
            AnchorName = quote.AnchorName,
            Tcb = quote.Tcb,
            Advisories = quote.Advisories,
            RevocationChecked = quote.RevocationChecked,
            ValidUntil = quote.ValidUntil,
            VerifiedAt = now,
            EvidenceDigest = evidence.Digest(),
            CollateralDigest = collateral.Digest(),
            Binding = BindingOf(evidence),
        };
    }

    private static VerifiedQuote? Unknown(EvidenceKind kind, Findings findings)
    {
        findings.Add(QuoteFault.UnsupportedKind, $"evidence of kind {kind} is not known to this verifier");
        return null;
    }
}
