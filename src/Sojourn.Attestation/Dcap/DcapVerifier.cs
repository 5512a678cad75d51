using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Dcap;

/// <summary>Checks an SGX or TDX quote by Intel's DCAP: PCK chain, quoting enclave, attestation key, TCB info, enclave identity, revocation.</summary>
internal static class DcapVerifier
{
    private static ReadOnlySpan<byte> IntelVendorId => [0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07];

    public static VerifiedQuote? Verify(Evidence evidence, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims) =>
        Verify(evidence.Kind == EvidenceKind.Tdx, evidence[EvidencePart.Report], evidence[EvidencePart.Certificates], collateral, now, findings, out claims);

    public static VerifiedQuote? Verify(bool tdx, ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> sent, Collateral collateral, DateTimeOffset now, Findings findings, out QuoteClaims? claims)
    {
        claims = null;
        if (DcapQuote.TryParse(bytes, findings) is not { } quote)
        {
            return null;
        }

        if (quote.IsTdx != tdx)
        {
            findings.Add(QuoteFault.UnsupportedKind, $"the quote is of {(quote.IsTdx ? "TDX" : "SGX")}, the evidence says {(tdx ? "TDX" : "SGX")}");
            return null;
        }

        findings.Check(quote.VendorId.Span.SequenceEqual(IntelVendorId), QuoteFault.UnsupportedKind, "the quoting enclave is not Intel's");
        CheckKeyAndBinding(quote, findings);
        var pckChain = FindPck(quote, sent, findings);
        PckExtensions? pck = null;
        ChainResult? chain = null;
        if (pckChain is not null)
        {
            var leaf = pckChain[0];
            chain = ChainChecker.Check(leaf, [.. pckChain, .. collateral.Certificates], new ChainRules { Roots = collateral.Roots, Use = AnchorUse.IntelSgx, Now = now, Lists = collateral.Lists, LeafListExpected = true, Name = "PCK" }, findings);
            findings.Check(!leaf.IsAuthority, QuoteFault.CertificateMisused, "the PCK certificate is an authority's");
            pck = PckExtensions.TryRead(leaf);
            findings.Check(pck is not null, QuoteFault.CertificateMalformed, "the PCK certificate has no readable SGX extension");
            findings.Check(
                leaf.Key.Ec is { KeySize: 256 } key && key.VerifyData(quote.QeReport.Span, quote.QeReportSignature.Span, HashAlgorithmName.SHA256),
                QuoteFault.QeReportSignature, "the quoting enclave's report is not signed by the PCK");
        }

        claims = Claims(quote, pck, 0);
        if (pck is null || chain is null)
        {
            return null;
        }

        var info = TcbDocument(quote, pck, collateral, now, findings);
        var qe = QeDocument(quote, collateral, now, findings);
        if (info is null || qe is null)
        {
            return null;
        }

        var status = Evaluate(quote, pck, info.Value.Document, qe.Value.Document, findings, out var advisories);
        findings.Tcb = status;
        findings.Advisories = advisories;
        claims = Claims(quote, pck, info.Value.Document.EvaluationDataNumber);
        if (findings.Any || chain.Anchor is null)
        {
            return null;
        }

        var until = new[] { chain.ValidUntil, info.Value.ValidUntil, qe.Value.ValidUntil }.Min();
        return new VerifiedQuote(tdx ? EvidenceKind.Tdx : EvidenceKind.Sgx, claims)
        {
            Level = TrustLevel.Tee,
            Chip = ChipIdentity.Of("intel", (pck.PlatformInstance.Length > 0 ? pck.PlatformInstance : pck.Ppid).Span),
            Aliases = [ChipIdentity.Of("intel", pck.Ppid.Span)],
            Anchor = chain.Anchor.Class,
            AnchorName = chain.Anchor.Name,
            Tcb = status,
            Advisories = advisories,
            RevocationChecked = chain.RevocationChecked && info.Value.RevocationChecked && qe.Value.RevocationChecked,
            ValidUntil = until,
        };
    }

    private static QuoteClaims Claims(DcapQuote quote, PckExtensions? pck, int evaluation)
    {
        var fmspc = pck?.Fmspc ?? default;
        return quote.IsTdx ? TdxClaims.From(quote, fmspc, evaluation) : SgxClaims.From(quote, fmspc, evaluation);
    }

    private static void CheckKeyAndBinding(DcapQuote quote, Findings findings)
    {
        var key = PublicKeyInfo.FromEcPoint(Oids.P256, quote.AttestationKey.Span[..32], quote.AttestationKey.Span[32..]);
        findings.Check(
            key is not null && key.Ec!.VerifyData(quote.Signed.Span, quote.Signature.Span, HashAlgorithmName.SHA256),
            QuoteFault.QuoteSignature, "the quote's signature is not by its attestation key");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(quote.AttestationKey.Span);
        hash.AppendData(quote.AuthData.Span);
        var bound = new SgxReportBody(quote.QeReport).ReportData.Span;
        findings.Check(
            bound[..32].SequenceEqual(hash.GetHashAndReset()) && QuoteClaims.IsZero(bound[32..]),
            QuoteFault.QeReportBinding, "the quoting enclave's report does not name the attestation key");
    }

    private static List<Certificate>? FindPck(DcapQuote quote, ReadOnlyMemory<byte> sent, Findings findings)
    {
        if (quote.CertificationType == 5)
        {
            var chain = Pem.TryCertificates(quote.CertificationData);
            findings.Check(chain is not null, QuoteFault.CertificateMalformed, "the PCK chain inside the quote cannot be read");
            return chain;
        }

        // Types 1 to 4 name a platform; its certificate has to come from a provisioning service, so it may be sent along.
        if (sent.Length > 0)
        {
            var chain = Pem.TryCertificates(sent);
            findings.Check(chain is not null, QuoteFault.CertificateMalformed, "the PCK chain that came along cannot be read");
            return chain;
        }

        findings.Add(QuoteFault.CertificationData, $"certification data is of type {quote.CertificationType}: it names the platform but holds no PCK certificate chain (type 5)");
        return null;
    }

    private static (TcbInfo Document, DateTimeOffset ValidUntil, bool RevocationChecked)? TcbDocument(DcapQuote quote, PckExtensions pck, Collateral collateral, DateTimeOffset now, Findings findings)
    {
        var id = quote.IsTdx ? "TDX" : "SGX";
        return Choose(collateral.TcbInfos, d => d.TcbInfo, "TCB info", i => (i.IssueDate, i.NextUpdate),
            i => i.Id != id ? $"TCB info is for {i.Id}, the quote is of {id}"
                : !i.Fmspc.Span.SequenceEqual(pck.Fmspc.Span) || !i.PceId.Span.SequenceEqual(pck.PceId.Span)
                    ? $"TCB info is for FMSPC {Convert.ToHexStringLower(i.Fmspc.Span)}, the platform is {Convert.ToHexStringLower(pck.Fmspc.Span)}" : null,
            i => i.EvaluationDataNumber, collateral, now, findings);
    }

    private static (QeIdentity Document, DateTimeOffset ValidUntil, bool RevocationChecked)? QeDocument(DcapQuote quote, Collateral collateral, DateTimeOffset now, Findings findings)
    {
        var id = quote.IsTdx ? "TD_QE" : "QE";
        return Choose(collateral.QeIdentities, d => d.QeIdentity, "enclave identity", i => (i.IssueDate, i.NextUpdate),
            i => i.Id != id ? $"the enclave identity is of {i.Id}, expected {id}" : null, i => i.EvaluationDataNumber, collateral, now, findings);
    }

    private static (T Document, DateTimeOffset ValidUntil, bool RevocationChecked)? Choose<T>(
        ImmutableArray<SignedDocument> documents, Func<SignedDocument, T?> read, string what, Func<T, (DateTimeOffset Issued, DateTimeOffset Next)> window,
        Func<T, string?> mismatch, Func<T, int> evaluation, Collateral collateral, DateTimeOffset now, Findings findings)
        where T : class
    {
        if (documents.IsEmpty)
        {
            findings.Add(QuoteFault.CollateralMissing, $"no {what} is at hand");
            return null;
        }

        Findings? first = null;
        T? firstRead = null;
        (T Document, DateTimeOffset ValidUntil, bool RevocationChecked, (int Evaluation, DateTimeOffset Issued) Age)? best = null;
        foreach (var signed in documents)
        {
            var own = new Findings();
            var document = read(signed);
            if (document is null)
            {
                own.Add(QuoteFault.CollateralMalformed, $"{what} cannot be read");
            }
            else
            {
                var signer = CheckSigner(signed, what, collateral, now, own);
                var (issued, next) = window(document);
                own.Check(now >= issued, QuoteFault.CollateralNotYetValid, $"{what} was issued {issued:u}, after the time of verification");
                own.Check(now <= next, QuoteFault.CollateralExpired, $"{what} had to be renewed by {next:u}");
                if (mismatch(document) is { } words)
                {
                    own.Add(QuoteFault.CollateralMismatch, words);
                }

                if (!own.Any && signer is not null)
                {
                    // Several may hold at once: the vendor's latest evaluation speaks, not the one that came first.
                    var age = (evaluation(document), issued);
                    if (best is null || age.CompareTo(best.Value.Age) > 0)
                    {
                        best = (document, signer.ValidUntil < next ? signer.ValidUntil : next, signer.RevocationChecked, age);
                    }

                    continue;
                }
            }

            // The document that speaks of this platform says more than one that does not.
            if (first is null || (first.Has(QuoteFault.CollateralMismatch) && !own.Has(QuoteFault.CollateralMismatch)))
            {
                first = own;
                firstRead = document;
            }
        }

        if (best is { } chosen)
        {
            return (chosen.Document, chosen.ValidUntil, chosen.RevocationChecked);
        }

        foreach (var finding in first!.ToImmutable())
        {
            findings.Add(finding.Fault, finding.Detail);
        }

        // For an explanation only: the findings already refuse the quote.
        return firstRead is null ? null : (firstRead, now, false);
    }

    internal static ChainResult? CheckSigner(SignedDocument signed, string what, Collateral collateral, DateTimeOffset now, Findings findings)
    {
        IReadOnlyList<Certificate> pool = signed.IssuerChain.Length > 0 ? signed.Chain is { } chain ? [chain[0]] : [] : collateral.Certificates;
        IReadOnlyList<Certificate> others = signed.Chain is { } sent ? [.. sent, .. collateral.Certificates] : collateral.Certificates;
        Findings? first = null;
        foreach (var candidate in pool)
        {
            if (!signed.SignedBy(candidate))
            {
                continue;
            }

            var own = new Findings();
            var result = ChainChecker.Check(candidate, others, new ChainRules { Roots = collateral.Roots, Use = AnchorUse.IntelSgx, Now = now, Lists = collateral.Lists, LeafListExpected = true, Name = "TCB signing" }, own);
            own.Check(candidate.MaySignData && !candidate.IsAuthority, QuoteFault.CertificateMisused, $"the signer of {what} may not sign data");

            // A platform's own certificate chains to the same root: its key must not vouch for the state of others (Intel, PCK Certificate and CRL Profile: the TCB signing certificate's subject).
            own.Check(
                candidate.SubjectWords.Contains("Intel SGX TCB Signing", StringComparison.Ordinal) && !candidate.Extensions.ContainsKey(PckExtensions.Arc),
                QuoteFault.CertificateMisused, $"the signer of {what} (\"{candidate.SubjectWords}\") is not Intel's TCB signing certificate");
            if (!own.Any && result.Sound)
            {
                return result;
            }

            first ??= own;
        }

        if (first is null)
        {
            findings.Add(QuoteFault.CollateralSignature, $"{what} is not signed by the certificate it came with");
            return null;
        }

        foreach (var finding in first.ToImmutable())
        {
            findings.Add(finding.Fault, finding.Detail);
        }

        return null;
    }

    private static TcbStatus Evaluate(DcapQuote quote, PckExtensions pck, TcbInfo info, QeIdentity identity, Findings findings, out ImmutableArray<string> advisories)
    {
        var all = new SortedSet<string>(StringComparer.Ordinal);
        var body = quote.IsTdx ? new TdReportBody(quote.Body) : default;
        var level = TcbEvaluation.Platform(info, pck, quote.IsTdx ? body.TeeTcbSvn.Span : []);
        var status = level?.Status ?? TcbStatus.NotSupported;
        all.UnionWith(level?.Advisories ?? []);
        if (quote.IsTdx)
        {
            status = TcbEvaluation.Converge(status, Module(info, body, all, findings));
        }

        status = TcbEvaluation.Converge(status, Qe(new SgxReportBody(quote.QeReport), identity, all, findings));
        advisories = [.. all];
        return status;
    }

    private static TcbStatus Module(TcbInfo info, TdReportBody body, SortedSet<string> advisories, Findings findings)
    {
        var major = body.TeeTcbSvn.Span[1];
        var module = info.TdxModule;
        TcbStatus status = TcbStatus.UpToDate;
        if (major > 0)
        {
            module = info.TdxModuleIdentities.FirstOrDefault(m => m.Id == $"TDX_{major:X2}");
            var level = module is null ? null : TcbEvaluation.Isv(module.Levels, body.TeeTcbSvn.Span[0]);
            status = level?.Status ?? TcbStatus.NotSupported;
            advisories.UnionWith(level?.Advisories ?? []);
        }

        if (module is null)
        {
            findings.Add(QuoteFault.TdxModuleMismatch, $"TCB info has no TDX module of version {major}");
            return status;
        }

        findings.Check(
            module.MrSigner.Span.SequenceEqual(body.MrSignerSeam.Span) && Masked(body.SeamAttributes.Span, module.AttributesMask.Span, module.Attributes.Span),
            QuoteFault.TdxModuleMismatch, "the TDX module's signer or attributes are not those of the TCB info");
        return status;
    }

    private static TcbStatus Qe(SgxReportBody report, QeIdentity identity, SortedSet<string> advisories, Findings findings)
    {
        findings.Check(
            identity.MrSigner.Span.SequenceEqual(report.MrSigner.Span) && identity.IsvProdId == report.IsvProdId
            && Masked(report.MiscSelect.Span, identity.MiscSelectMask.Span, identity.MiscSelect.Span)
            && Masked(report.Attributes.Span, identity.AttributesMask.Span, identity.Attributes.Span),
            QuoteFault.QeIdentityMismatch, "the quoting enclave's signer, product, attributes or misc select are not those of its identity");
        var level = TcbEvaluation.Isv(identity.Levels, report.IsvSvn);
        advisories.UnionWith(level?.Advisories ?? []);
        return level?.Status ?? TcbStatus.NotSupported;
    }

    private static bool Masked(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> expected)
    {
        if (value.Length != mask.Length || value.Length != expected.Length)
        {
            return false;
        }

        for (var i = 0; i < value.Length; i++)
        {
            if ((value[i] & mask[i]) != expected[i])
            {
                return false;
            }
        }

        return true;
    }
}
