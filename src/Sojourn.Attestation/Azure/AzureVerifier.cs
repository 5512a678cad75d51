using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Azure;

/// <summary>Checks Azure's evidence: hardware report → digest of the runtime data → vTPM attestation key → quote → registers.</summary>
internal static class AzureVerifier
{
    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        foreach (var part in (ReadOnlySpan<EvidencePart>)[EvidencePart.Report, EvidencePart.TpmQuote, EvidencePart.TpmSignature, EvidencePart.PcrValues])
        {
            findings.Check(evidence.Has(part), QuoteFault.PartMissing, $"the part {part} is absent");
        }

        if (findings.Any || HclReport.TryParse(evidence[EvidencePart.Report], findings) is not { } report)
        {
            return null;
        }

        var tdx = evidence.Kind == EvidenceKind.AzureTdx;
        if (report.IsTdx != tdx)
        {
            findings.Add(QuoteFault.UnsupportedKind, $"the HCL report is over {(report.IsTdx ? "TDX" : "SNP")}, the evidence says {(tdx ? "TDX" : "SNP")}");
            return null;
        }

        QuoteClaims? hardwareClaims;
        VerifiedQuote? hardware;
        if (tdx)
        {
            if (!evidence.Has(EvidencePart.TdQuote))
            {
                findings.Add(QuoteFault.PartMissing, $"the part {EvidencePart.TdQuote} is absent");
                return null;
            }

            hardware = DcapVerifier.Verify(true, evidence[EvidencePart.TdQuote], evidence[EvidencePart.Certificates], collateral, now, findings, out hardwareClaims);
        }
        else
        {
            hardware = SnpVerifier.Verify(report.Hardware, evidence[EvidencePart.Certificates], collateral, now, findings, out hardwareClaims);
        }

        if (hardwareClaims is null)
        {
            return null;
        }

        var bound = hardwareClaims.BoundData.Span;
        findings.Check(
            bound[..32].SequenceEqual(SHA256.HashData(report.RuntimeData.Span)) && QuoteClaims.IsZero(bound[32..]),
            QuoteFault.RuntimeDataMismatch, "the hardware's report data is not the digest of the runtime data");
        var attest = CheckQuote(evidence, report, findings, out var pcrs);
        if (attest is null)
        {
            return null;
        }

        var stated = new AzureClaims
        {
            Hardware = hardwareClaims,
            VmId = report.VmId,
            SecureBoot = report.SecureBoot,
            BoundData = attest.ExtraData,
            Measurements = [.. hardwareClaims.Measurements, .. pcrs.Select(p => p.ToMeasurement())],
        };
        claims = stated;
        return findings.Any || hardware is null ? null : new VerifiedQuote(evidence.Kind, stated)
        {
            Level = TrustLevel.TeeTpm,
            Chip = hardware.Chip,
            Aliases = hardware.Aliases,
            Custody = hardware.Custody,
            CustodyEndorser = hardware.CustodyEndorser,
            Anchor = hardware.Anchor,
            AnchorName = hardware.AnchorName,
            Tcb = hardware.Tcb,
            Advisories = hardware.Advisories,
            RevocationChecked = hardware.RevocationChecked,
            ValidUntil = hardware.ValidUntil,
        };
    }

    private static TpmAttest? CheckQuote(Evidence evidence, HclReport report, Findings findings, out ImmutableArray<QuotedPcr> pcrs)
    {
        pcrs = [];
        TpmPublic? area = null;
        if (evidence.Has(EvidencePart.TpmKey))
        {
            area = TpmPublic.TryParse(evidence[EvidencePart.TpmKey].Span);
            if (area?.Key is null)
            {
                findings.Add(QuoteFault.Malformed, "the attestation key's public area cannot be read");
                return null;
            }

            findings.Check(area.Key.SameKey(report.AttestationKey), QuoteFault.AttestationKeyMismatch, "the runtime data names another attestation key");
            findings.Check(area.IsRestrictedSigner, QuoteFault.AttestationKeyAttributes, "the attestation key is not a restricted signing key");
        }

        return TpmQuoteCheck.Check(evidence[EvidencePart.TpmQuote].Span, evidence[EvidencePart.TpmSignature].Span, report.AttestationKey, area, evidence[EvidencePart.PcrValues], findings, out pcrs);
    }
}
