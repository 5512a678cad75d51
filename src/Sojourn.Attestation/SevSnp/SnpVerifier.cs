using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.SevSnp;

/// <summary>Checks an SEV-SNP report: layout, the chip's key, its chain to AMD, revocation (AMD publications 56860 and 57230).</summary>
internal static class SnpVerifier
{
    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims) =>
        Verify(evidence[EvidencePart.Report], evidence[EvidencePart.Certificates], collateral, now, findings, out claims);

    public static VerifiedQuote? Verify(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> sent, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        if (bytes.Length != SnpReport.Length)
        {
            findings.Add(bytes.Length < SnpReport.Length ? QuoteFault.Truncated : QuoteFault.TrailingBytes, $"an SNP report is {SnpReport.Length} bytes, this one {bytes.Length}");
            return null;
        }

        var report = new SnpReport(bytes);
        if (report.Version is < SnpReport.VersionMin or > SnpReport.VersionMax)
        {
            findings.Add(QuoteFault.UnsupportedVersion, $"SNP report version {report.Version}; {SnpReport.VersionMin} to {SnpReport.VersionMax} are known");
            return null;
        }

        findings.Check(QuoteClaims.IsZero(bytes.Span[SnpReport.SignatureReserved..]), QuoteFault.ReservedNotZero, "bytes 816 to 1183, which no signature covers, are not zero");
        findings.Check(report.SignatureAlgorithm == 1, QuoteFault.UnsupportedAlgorithm, $"signature algorithm {report.SignatureAlgorithm}; 1 (ECDSA P-384 with SHA-384) is known");
        if (report.SigningKey is not (0 or 1))
        {
            findings.Add(QuoteFault.UnsupportedKind, report.SigningKey == 7 ? "the report is not signed" : $"signing key {report.SigningKey} is not known");
        }

        var candidates = new List<Certificate>();
        if (sent.Length > 0)
        {
            if (Pem.TryCertificates(sent) is { } read)
            {
                candidates.AddRange(read);
            }
            else
            {
                findings.Add(QuoteFault.CertificateMalformed, "the certificates that came along cannot be read");
            }
        }

        candidates.AddRange(collateral.Certificates);
        var (certificate, leaf) = FindLeaf(candidates, report);
        var stated = Claims(report, leaf);
        claims = stated;
        if (certificate is null || leaf is null)
        {
            if (candidates.Exists(SnpLeaf.LooksLikeOne))
            {
                findings.Add(QuoteFault.CertificateMalformed, "the chip's certificate has not the extensions of a VCEK or VLEK");
            }
            else
            {
                findings.Add(QuoteFault.CollateralMissing, "the chip's certificate (VCEK or VLEK) is at hand neither in the evidence nor in the collateral");
            }

            return null;
        }

        var chain = ChainChecker.Check(certificate, candidates, new ChainRules { Roots = collateral.Roots, Use = AnchorUse.AmdSevSnp, Now = now, Lists = collateral.Lists, Name = leaf.IsVlek ? "VLEK" : "VCEK" }, findings);
        CheckLeaf(report, certificate, leaf, chain, findings);
        CheckSignature(report, certificate, findings);
        if (findings.Any || chain.Anchor is null)
        {
            return null;
        }

        return new VerifiedQuote(EvidenceKind.SevSnp, stated)
        {
            Level = TrustLevel.Tee,
            Chip = leaf.HardwareId is { } id ? ChipIdentity.Of("amd", id.Span) : ChipIdentity.None,
            Aliases = Names(report),
            Custody = leaf.IsVlek ? CustodyClass.EndorsedDataCentre : CustodyClass.Unknown,
            CustodyEndorser = leaf.Csp ?? "",
            Anchor = chain.Anchor.Class,
            AnchorName = chain.Anchor.Name,
            RevocationChecked = chain.RevocationChecked,
            ValidUntil = chain.ValidUntil,
        };
    }

    /// <summary>CHIP_ID is signed whichever key signs; zero where the platform masks it. Turin's is 8 bytes with zeroes after, and lists may name it either way.</summary>
    private static ImmutableArray<ChipIdentity> Names(SnpReport report)
    {
        var id = report.ChipId.Span;
        return QuoteClaims.IsZero(id) ? []
            : QuoteClaims.IsZero(id[8..]) ? [ChipIdentity.Of("amd", id), ChipIdentity.Of("amd", id[..8])]
            : [ChipIdentity.Of("amd", id)];
    }

    private static (Certificate? Certificate, SnpLeaf? Leaf) FindLeaf(List<Certificate> candidates, SnpReport report)
    {
        (Certificate?, SnpLeaf?) first = (null, null);
        foreach (var candidate in candidates)
        {
            if (!SnpLeaf.LooksLikeOne(candidate) || SnpLeaf.TryRead(candidate) is not { } leaf)
            {
                continue;
            }

            if (leaf.Tcb.Span.SequenceEqual(report.ReportedTcb.Span) && (leaf.HardwareId is not { } id || report.ChipId.Span.StartsWith(id.Span)))
            {
                return (candidate, leaf);
            }

            if (first.Item1 is null)
            {
                first = (candidate, leaf);
            }
        }

        return first;
    }

    private static void CheckLeaf(SnpReport report, Certificate certificate, SnpLeaf leaf, ChainResult chain, Findings findings)
    {
        findings.Check(report.SigningKey == (leaf.IsVlek ? 1 : 0), QuoteFault.CertificateMisused, $"the report says it is signed by a {(report.SigningKey == 1 ? "VLEK" : "VCEK")}, and the certificate is of a {(leaf.IsVlek ? "VLEK" : "VCEK")}");
        findings.Check(leaf.Tcb.Span.SequenceEqual(report.ReportedTcb.Span), QuoteFault.LeafTcbMismatch, $"the certificate is for TCB {Convert.ToHexStringLower(leaf.Tcb.Span)}, the report states {Convert.ToHexStringLower(report.ReportedTcb.Span)}");
        if (leaf.HardwareId is { } id)
        {
            // Turin's id is 8 bytes, and zeroes fill the report's field.
            findings.Check(
                report.ChipId.Span.StartsWith(id.Span) && QuoteClaims.IsZero(report.ChipId.Span[id.Length..]) && !QuoteClaims.IsZero(id.Span),
                QuoteFault.ChipIdMismatch, "the report's chip id is not the certificate's");
        }

        if (report.Version >= 3)
        {
            var product = SnpProducts.FromProcessor(report.CpuFamily, report.CpuModel);
            findings.Check(product == leaf.Product, QuoteFault.ProductMismatch, $"the report is of processor family {report.CpuFamily:x}h model {report.CpuModel:x}h ({product}), the certificate of {leaf.ProductName}");
        }

        if (chain.Anchor is { } anchor && anchor.Class == AnchorClass.Vendor)
        {
            findings.Check(string.Equals(anchor.Name, $"ARK-{leaf.Product}", StringComparison.Ordinal), QuoteFault.ProductMismatch, $"a certificate of {leaf.ProductName} chains to {anchor.Name}");
        }

        findings.Check(!certificate.IsAuthority && certificate.MaySignData, QuoteFault.CertificateMisused, "the chip's certificate may not sign data");
    }

    private static void CheckSignature(SnpReport report, Certificate certificate, Findings findings)
    {
        if (certificate.Key.Ec is not { KeySize: 384 } key)
        {
            findings.Add(QuoteFault.UnsupportedAlgorithm, $"the chip's key is {certificate.Key.Words}; P-384 is expected");
            return;
        }

        Span<byte> signature = stackalloc byte[96];
        findings.Check(
            report.TryGetSignature(signature) && key.VerifyData(report.Signed.Span, signature, HashAlgorithmName.SHA384),
            QuoteFault.QuoteSignature, "the report's signature is not by the chip's key");
    }

    private static SnpClaims Claims(SnpReport report, SnpLeaf? leaf)
    {
        var product = leaf?.Product ?? (report.Version >= 3 ? SnpProducts.FromProcessor(report.CpuFamily, report.CpuModel) : SnpProduct.Unknown);
        return new SnpClaims
        {
            Version = (int)report.Version,
            Product = product,
            Policy = report.Policy,
            Vmpl = (int)Math.Min(report.Vmpl, int.MaxValue),
            GuestSvn = report.GuestSvn,
            IsVlek = report.SigningKey == 1,
            Csp = leaf?.Csp ?? "",
            ReportedTcb = SnpTcb.Read(report.ReportedTcb.Span, product),
            CurrentTcb = SnpTcb.Read(report.CurrentTcb.Span, product),
            LaunchTcb = SnpTcb.Read(report.LaunchTcb.Span, product),
            ChipId = report.ChipId,
            HostData = report.HostData,
            PlatformInfo = report.PlatformInfo,
            BoundData = report.ReportData,
            Measurements =
            [
                new("launch", report.Measurement), new("host-data", report.HostData), new("id-key", report.IdKeyDigest),
                new("author-key", report.AuthorKeyDigest), new("family-id", report.FamilyId), new("image-id", report.ImageId),
            ],
        };
    }
}
