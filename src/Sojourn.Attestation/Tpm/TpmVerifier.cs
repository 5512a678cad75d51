using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>Checks a TPM quote: key attributes, signature, registers, the attestation key's certificate, the logs and the wrapping key.</summary>
internal static class TpmVerifier
{
    private const int ImaRegister = 10;

    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        foreach (var part in (ReadOnlySpan<EvidencePart>)[EvidencePart.TpmQuote, EvidencePart.TpmSignature, EvidencePart.TpmKey])
        {
            findings.Check(evidence.Has(part), QuoteFault.PartMissing, $"the part {part} is absent");
        }

        if (findings.Any)
        {
            return null;
        }

        var area = TpmPublic.TryParse(evidence[EvidencePart.TpmKey].Span);
        if (area?.Key is null)
        {
            findings.Add(QuoteFault.Malformed, "the attestation key's public area cannot be read");
            return null;
        }

        findings.Check(area.IsRestrictedSigner, QuoteFault.AttestationKeyAttributes,
            $"the attestation key's attributes (0x{(uint)area.Attributes:x}) must be restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin and not decrypt: any other key can sign bytes that only look like a quote");
        var attest = TpmQuoteCheck.Check(evidence[EvidencePart.TpmQuote].Span, evidence[EvidencePart.TpmSignature].Span, area.Key, area, evidence[EvidencePart.PcrValues], findings, out var pcrs);
        if (attest is null)
        {
            return null;
        }

        var log = CheckEventLog(evidence, pcrs, findings);
        var ima = CheckIma(evidence, pcrs, findings);
        var wrap = CheckWrapKey(evidence, area, attest, pcrs, findings);
        var stated = new TpmClaims
        {
            BoundData = attest.ExtraData,
            Measurements = [.. pcrs.Select(p => p.ToMeasurement())],
            KeyName = area.Name,
            Clock = attest.Clock,
            ResetCount = attest.ResetCount,
            RestartCount = attest.RestartCount,
            FirmwareVersion = attest.FirmwareVersion,
            HasEventLog = log is not null,
            SecureBoot = log?.SecureBoot([.. pcrs.Where(pcr => pcr.Register == 7 && pcr.Bank != TpmAlg.Sha1 && log.Banks.Contains(pcr.Bank)).Select(pcr => pcr.Bank)]),
            HasImaLog = ima is not null,
            ImaEntries = ima ?? [],
            HasWrapKey = wrap,
            Pcrs = pcrs,
        };
        claims = stated;
        if (!evidence.Has(EvidencePart.Certificates))
        {
            // Genuine as a signed structure, endorsed by nobody: worth no more than a simulation.
            return findings.Any ? null : new VerifiedQuote(EvidenceKind.Tpm, stated) { Level = TrustLevel.Simulated, Chip = ChipIdentity.Of("tpm-ak", area.Name), AnchorName = "nobody" };
        }

        return Endorsed(evidence, area, stated, collateral, now, findings);
    }

    private static VerifiedQuote? Endorsed(Evidence evidence, TpmPublic area, TpmClaims stated, Collateral collateral, DateTimeOffset now, Findings findings)
    {
        var sent = Pem.TryCertificates(evidence[EvidencePart.Certificates]);
        if (sent is null)
        {
            findings.Add(QuoteFault.CertificateMalformed, "the attestation key's certificate cannot be read");
            return null;
        }

        var leaf = sent[0];
        findings.Check(leaf.Key.SameKey(area.Key!), QuoteFault.AttestationKeyMismatch, "the certificate is of another key than the one that signed the quote");
        findings.Check(!leaf.IsAuthority && leaf.MaySignData, QuoteFault.CertificateMisused, "the attestation key's certificate may not sign data");
        var chain = ChainChecker.Check(leaf, [.. sent, .. collateral.Certificates], new ChainRules { Roots = collateral.Roots, Use = AnchorUse.Tpm, Now = now, Lists = collateral.Lists, LeafListExpected = true, Name = "attestation key" }, findings);
        if (chain.Anchor is null)
        {
            return null;
        }

        // Google's certificates of attestation keys name the purpose of endorsement keys; everybody else's must name their own (TCG Credential Profiles).
        findings.Check(
            leaf.HasExtendedUsage(Oids.TcgAikCertificate) || (chain.Anchor.Class == AnchorClass.Cloud && leaf.HasExtendedUsage(Oids.TcgEkCertificate)),
            QuoteFault.CertificateMisused, "the certificate was not issued for an attestation key (its extended key usage names another purpose, or none)");
        var enrolled = Enrolled(leaf, chain.Anchor, findings);
        if (findings.Any)
        {
            return null;
        }

        return new VerifiedQuote(EvidenceKind.Tpm, stated)
        {
            Level = TrustLevel.Tpm,
            Chip = enrolled is { } ek ? ChipIdentity.Of("tpm-ek", ek.EndorsementKeyDigest.Span) : ChipIdentity.Of("tpm-ak", area.Name),
            Aliases = [ChipIdentity.Of("tpm-ak", area.Name)],
            // An enrolment authority passes on whether the endorsement key itself chained to a vendor.
            Anchor = enrolled is { VendorEndorsed: false } ? AnchorClass.Development : chain.Anchor.Class,
            AnchorName = chain.Anchor.Name,
            Custody = chain.Anchor.Class == AnchorClass.Cloud ? CustodyClass.EndorsedDataCentre : CustodyClass.Unknown,
            CustodyEndorser = chain.Anchor.Class == AnchorClass.Cloud ? chain.Anchor.Name : "",
            RevocationChecked = chain.RevocationChecked,
            ValidUntil = chain.ValidUntil,
        };
    }

    /// <summary>What an enrolment authority wrote about the endorsement key. Others may use the identifier for something else, so it is read under such a root alone.</summary>
    private static EnrolmentExtension? Enrolled(Certificate leaf, TrustAnchor anchor, Findings findings)
    {
        if (anchor.Class is not (AnchorClass.Enrolment or AnchorClass.Development))
        {
            return null;
        }

        var read = EnrolmentExtension.TryRead(leaf);
        if (read is null && (anchor.Class == AnchorClass.Enrolment || leaf.Extensions.ContainsKey(EnrolmentExtension.Oid)))
        {
            findings.Add(QuoteFault.CertificateMalformed, "the attestation key's certificate does not say, in the form that enrolment gives it, which endorsement key was activated");
        }

        return read;
    }

    private static EventLog? CheckEventLog(Evidence evidence, ImmutableArray<QuotedPcr> pcrs, Findings findings)
    {
        if (!evidence.Has(EvidencePart.EventLog))
        {
            return null;
        }

        var log = EventLog.TryParse(evidence[EvidencePart.EventLog]);
        if (log is null)
        {
            findings.Add(QuoteFault.Malformed, "the event log cannot be read");
            return null;
        }

        var any = false;
        foreach (var bank in pcrs.Select(p => p.Bank).Distinct())
        {
            if (!log.Banks.Contains(bank))
            {
                continue;
            }

            any = true;
            var replayed = log.Replay(bank);
            foreach (var pcr in pcrs)
            {
                // The firmware and the boot loader own PCR 0 to 9; what later software extends is in no firmware log.
                if (pcr.Bank == bank && pcr.Register <= 9 && !(replayed.GetValueOrDefault(pcr.Register) ?? new byte[pcr.Value.Length]).AsSpan().SequenceEqual(pcr.Value.Span))
                {
                    findings.Add(QuoteFault.EventLogMismatch, $"the event log does not lead to the quoted {TpmAlg.Name(bank)} PCR {pcr.Register}");
                }
            }
        }

        findings.Check(any, QuoteFault.EventLogMismatch, "the event log has no digests of a quoted bank");
        return log;
    }

    private static ImmutableArray<ImaEntry>? CheckIma(Evidence evidence, ImmutableArray<QuotedPcr> pcrs, Findings findings)
    {
        if (!evidence.Has(EvidencePart.ImaLog))
        {
            return null;
        }

        var log = ImaLog.TryParse(evidence[EvidencePart.ImaLog]);
        if (log is null)
        {
            findings.Add(QuoteFault.Malformed, "the IMA list cannot be read");
            return null;
        }

        var quoted = pcrs.FirstOrDefault(p => p.Register == ImaRegister && p.Bank != TpmAlg.Sha1);
        var covered = quoted is null ? null : log.Covered(quoted.Bank, quoted.Value.Span);
        findings.Check(covered is not null, QuoteFault.ImaLogMismatch, quoted is null ? "PCR 10 is not quoted in a strong bank, so nothing holds the IMA list" : "no prefix of the IMA list leads to the quoted PCR 10");
        return covered;
    }

    private static bool CheckWrapKey(Evidence evidence, TpmPublic area, TpmAttest quote, ImmutableArray<QuotedPcr> pcrs, Findings findings)
    {
        if (!evidence.Has(EvidencePart.WrapKey))
        {
            return false;
        }

        var key = TpmPublic.TryParse(evidence[EvidencePart.WrapKey].Span);
        var own = new Findings();
        var certify = TpmAttest.TryParse(evidence[EvidencePart.WrapKeyCertify].Span, own);
        if (key is null || certify is null || certify.Type != TpmAttest.CertifyType)
        {
            return findings.Add(QuoteFault.WrapKeyNotBound, "the wrapping key or its certification cannot be read");
        }

        TpmQuoteCheck.CheckSignature(evidence[EvidencePart.WrapKeyCertify].Span, evidence[EvidencePart.WrapKeySignature].Span, area.Key!, area, "certification", own, out _);
        const TpmAttributes Needed = TpmAttributes.FixedTpm | TpmAttributes.FixedParent;
        return findings.Check(!own.Any, QuoteFault.WrapKeyNotBound, "the wrapping key's certification is not by the attestation key")
            && findings.Check(certify.CertifiedName.AsSpan().SequenceEqual(key.Name), QuoteFault.WrapKeyNotBound, "another key was certified")
            && findings.Check(certify.ExtraData.AsSpan().SequenceEqual(quote.ExtraData), QuoteFault.WrapKeyNotBound, "the wrapping key was certified for something else than the quote")
            && findings.Check((key.Attributes & Needed) == Needed && (key.Attributes & TpmAttributes.UserWithAuth) == TpmAttributes.None, QuoteFault.WrapKeyNotBound, "the wrapping key can be used without its policy, or can leave the TPM")
            && findings.Check(key.AuthPolicy.AsSpan().SequenceEqual(TpmPolicy.PcrPolicy(key.NameAlg, quote.Selection, pcrs)), QuoteFault.WrapKeyNotBound, "the wrapping key is not sealed to the quoted registers");
    }
}
