using System.Text.Json;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;
using Xunit.Abstractions;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>Every case of the vector folder, by vectors.json alone.</summary>
public sealed class VectorTests(ITestOutputHelper output)
{
    public static TheoryData<string> Quotes => VectorSet.Names(VectorInputs.Kinds);

    public static TheoryData<string> Chains => VectorSet.Names("snp-chain");

    public static TheoryData<string> EndorsementCertificates => VectorSet.Names("tpm-ek-cert");

    public static TheoryData<string> EventLogs => VectorSet.Names("tpm-eventlog");

    public static TheoryData<string> Credentials => VectorSet.Names("tpm-makecredential");

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Quotes))]
    public void QuoteGivesTheExpectedVerdictReasonAndFields(string id)
    {
        var item = VectorSet.Get(id);
        foreach (var input in VectorInputs.Of(item))
        {
            var verdict = Verifier.Verify(input.Evidence, input.Collateral, input.Now);
            var result = Appraiser.Appraise(verdict, input.Evidence, input.Policy, input.Expected, input.Now);
            output.WriteLine($"{item.Id}: {verdict.Outcome}, accepted {result.Accepted}; expected {item.Verdict}: {item.Reason}");
            foreach (var reason in result.Reasons)
            {
                output.WriteLine($"  {reason.Name}: {reason.Words}");
            }

            switch (item.Verdict)
            {
                case "accept":
                    Assert.True(result.Accepted, string.Join("; ", result.Reasons.Select(reason => $"{reason.Name}: {reason.Words}")));
                    break;
                case "inconclusive":
                    Assert.Equal(QuoteOutcome.Inconclusive, verdict.Outcome);
                    Assert.False(result.Accepted);
                    break;
                default:
                    Assert.False(result.Accepted);
                    Assert.NotEqual(QuoteOutcome.Inconclusive, verdict.Outcome);
                    var expected = ExpectedReasons.Of(item.Reason);
                    Assert.True(expected.Count == 0 || result.Reasons.Any(reason => expected.Contains(reason.Name)), $"none of {string.Join(", ", expected)} among {string.Join(", ", result.Reasons.Select(reason => reason.Name))}");
                    break;
            }

            foreach (var demand in Demands.Of(item))
            {
                Assert.True(item.Verdict != "accept", $"{item.Id} is to be accepted, although vectors.json states what amounts to {string.Join(" or ", demand)}");
                Assert.True(result.Reasons.Any(reason => demand.Contains(reason.Name)), $"{string.Join(" or ", demand)} is not among {string.Join(", ", result.Reasons.Select(reason => reason.Name))}");
            }

            CompareChecks(item, verdict);
            CompareFields(item, result.Claims);
        }
    }

    /// <summary>A case of a kind that nothing reads would pass by not being run.</summary>
    [VectorFact("attestation/vectors.json")]
    public void EveryKindOfTheSetIsRead()
    {
        string[] known = [.. VectorInputs.Kinds, "snp-chain", "tpm-ek-cert", "tpm-eventlog", "tpm-makecredential"];
        Assert.Empty(VectorSet.All.Where(item => !known.Contains(item.Kind)).Select(item => $"{item.Id}: {item.Kind}"));
        Assert.Equal(VectorSet.All.Count, VectorSet.All.Select(item => item.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.NotEmpty(VectorSet.All);
    }

    /// <summary>A refusal whose stated reason is not understood would be held to no reason at all.</summary>
    [VectorFact("attestation/vectors.json")]
    public void TheReasonOfEveryRefusalIsUnderstood() => Assert.Empty(VectorSet.All
        .Where(item => item.Verdict == "reject" && VectorInputs.Kinds.Contains(item.Kind) && Demands.Of(item).Count == 0 && ExpectedReasons.Of(item.Reason).Count == 0)
        .Select(item => $"{item.Id}: {item.Reason}"));

    /// <summary>A check of another name would be compared with nothing.</summary>
    [VectorFact("attestation/vectors.json")]
    public void EveryCheckOfTheSetIsCompared() => Assert.Empty(VectorSet.All
        .SelectMany(item => item.Expect.EnumerateObject().Where(check => check.Value.ValueKind is JsonValueKind.True or JsonValueKind.False).Select(check => check.Name))
        .Distinct(StringComparer.Ordinal).Except(Demands.KnownChecks));

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Chains))]
    public void ChainIsRefusedByTheListThatRevokesIt(string id)
    {
        var item = VectorSet.Get(id);
        var ask = Certificate.TryParse(item.Read("ask"))!;
        var candidates = item.Paths("ark").SelectMany(path => Pem.TryCertificates(VectorSet.Bytes(path))!).ToList();
        var rules = new ChainRules { Roots = TrustStore.Vendors, Use = AnchorUse.AmdSevSnp, Now = item.Time, Name = "ASK" };
        var without = new Findings();
        ChainChecker.Check(ask, candidates, rules, without);
        Assert.Equal(item.Check("chain_valid_without_crl"), !without.Any);

        foreach (var path in item.Paths("crl"))
        {
            var findings = new Findings();
            ChainChecker.Check(ask, candidates, rules with { Lists = [RevocationList.TryParse(VectorSet.Bytes(path))!] }, findings);
            Assert.Equal(item.Check("chain_valid_with_crl"), !findings.Any);
            Assert.Equal(item.Verdict == "reject", findings.Has(QuoteFault.CertificateRevoked));
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(EndorsementCertificates))]
    public void EndorsementCertificateIsReadAndJudged(string id)
    {
        var item = VectorSet.Get(id);
        var bytes = item.Read("cert")!;
        // The case names the issuer and nothing above it: it is the anchor here.
        var roots = TrustStore.Empty.WithRoot(item.Read("issuer"), AnchorUse.Tpm, AnchorClass.Vendor)!;
        var verdict = EndorsementCertificate.Verify(bytes, Collateral.Empty.WithRoots(roots), item.Time);
        Assert.Equal(item.Verdict == "accept", verdict.Trusted);
        if (item.Expect.TryGetProperty("der_length", out var length))
        {
            Assert.Equal(length.GetInt32(), verdict.CertificateLength);
            Assert.Equal(item.Expect.GetProperty("padding").GetInt32(), bytes.Length - verdict.CertificateLength);
        }

        var certificate = Certificate.TryParse(bytes, out _)!;
        if (item.Field("serial") is { } serial)
        {
            Assert.Equal(serial.GetString()![2..], Convert.ToHexStringLower(certificate.Serial.Span));
        }

        if (item.Field("not_after") is { } notAfter)
        {
            Assert.Equal(notAfter.GetDateTimeOffset(), certificate.NotAfter);
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(EventLogs))]
    public void EventLogReplaysToTheExpectedRegisters(string id)
    {
        var item = VectorSet.Get(id);
        var log = EventLog.TryParse(item.Read("log"));
        Assert.NotNull(log);
        var registers = log.Replay(TpmAlg.Sha256);
        foreach (var expected in item.Expect.GetProperty("replay_pcrs_sha256").EnumerateObject())
        {
            Assert.Equal(expected.Value.GetString(), Convert.ToHexStringLower(registers[int.Parse(expected.Name)]));
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Credentials))]
    public void CredentialOpensToTheExpectedSecret(string id)
    {
        var item = VectorSet.Get(id);
        using var key = System.Security.Cryptography.RSA.Create();
        key.ImportFromPem(System.Text.Encoding.ASCII.GetString(item.Read("ek_private")!));
        var blob = item.Read("blob")!;
        Assert.Equal("badcc0de00000001", Convert.ToHexStringLower(blob.AsSpan(0, 8)));
        var objectLength = 2 + ((blob[8] << 8) | blob[9]);
        var name = Convert.FromHexString(System.Text.Encoding.ASCII.GetString(item.Read("name")!).Trim());
        var secret = TpmCredential.Open(key, TpmAlg.Sha256, 128, name, blob.AsSpan(8, objectLength), blob.AsSpan(8 + objectLength));
        Assert.Equal(item.Read("secret"), secret);

        name[5] ^= 1;
        Assert.Null(TpmCredential.Open(key, TpmAlg.Sha256, 128, name, blob.AsSpan(8, objectLength), blob.AsSpan(8 + objectLength)));
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Quotes))]
    public void TdxEventLogLeadsToTheRuntimeRegisters(string id)
    {
        var item = VectorSet.Get(id);
        var log = item.Paths("quote").SelectMany(path => VectorSet.In(Path.GetDirectoryName(path)!)).FirstOrDefault(path => path.EndsWith("ccel_data.bin", StringComparison.Ordinal));
        if (log is null)
        {
            return;
        }

        var quote = DcapQuote.TryParse(item.Read("quote"), new Findings())!;
        var replayed = EventLog.TryParse(VectorSet.Bytes(log))!.Replay(TpmAlg.Sha384);
        for (var register = 0; register < 4; register++)
        {
            Assert.Equal(Convert.ToHexStringLower(new TdReportBody(quote.Body).Rtmr(register).Span), Convert.ToHexStringLower(replayed.GetValueOrDefault(register + 1) ?? new byte[48]));
        }
    }

    private static void CompareChecks(VectorCase item, QuoteVerdict verdict)
    {
        bool Fault(params QuoteFault[] faults) => verdict.Findings.Any(finding => faults.Contains(finding.Fault));
        void Same(string check, bool holds)
        {
            if (item.Check(check) is { } expected)
            {
                Assert.True(expected == holds, $"{check} is expected to be {expected}");
            }
        }

        Same("report_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("quote_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("snp_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("td_quote_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("tpm_quote_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("cose_signature_valid", !Fault(QuoteFault.QuoteSignature));
        Same("qe_report_signature_valid", !Fault(QuoteFault.QeReportSignature));
        Same("qe_report_data_binding_valid", !Fault(QuoteFault.QeReportBinding));
        Same("chain_valid", !Fault(QuoteFault.ChainBroken, QuoteFault.ChainMissing, QuoteFault.RootNotTrusted));
        Same("pck_chain_valid", !Fault(QuoteFault.ChainBroken, QuoteFault.RootNotTrusted));
        Same("pcr_digest_matches", !Fault(QuoteFault.PcrDigestMismatch));
        Same("report_data_is_sha256_of_runtime_data", !Fault(QuoteFault.RuntimeDataMismatch));
        Same("chip_id_matches", !Fault(QuoteFault.ChipIdMismatch));
        Same("ak_cert_key_equals_ak", !Fault(QuoteFault.AttestationKeyMismatch));
        Same("ak_cert_chain_valid", !Fault(QuoteFault.ChainBroken, QuoteFault.ChainMissing, QuoteFault.RootNotTrusted, QuoteFault.CertificateMisused));
        Same("debug_mode", verdict.UnverifiedClaims?.Debug == true);
        // Also where the quote is refused for something else: only collateral of another platform has no status to tell.
        var tcb = verdict.Quote?.Tcb ?? verdict.UnverifiedTcb;
        if (item.Expect.TryGetProperty("converged_tcb_status", out var status) && status.ValueKind == JsonValueKind.String && !Fault(QuoteFault.CollateralMismatch, QuoteFault.CollateralSignature))
        {
            Assert.Equal(status.GetString() is "NoMatchingTcbLevel" ? "NotSupported" : status.GetString(), tcb.ToString());
        }

        var evaluation = verdict.UnverifiedClaims switch { TdxClaims tdx => tdx.TcbEvaluation, SgxClaims sgx => sgx.TcbEvaluation, _ => 0 };
        if (verdict.Quote is not null && item.Expect.TryGetProperty("tcb_evaluation_data_number", out var number))
        {
            Assert.Equal(number.GetInt32(), evaluation);
        }

        if (verdict.Quote is { } advised && item.Expect.TryGetProperty("platform_tcb", out var platform) && platform.ValueKind == JsonValueKind.Object)
        {
            foreach (var advisory in platform.GetProperty("adv").EnumerateArray())
            {
                Assert.Contains(advisory.GetString()!, advised.Advisories);
            }
        }
    }

    private static void CompareFields(VectorCase item, QuoteClaims? claims)
    {
        string Measured(string name) => claims!.Measurements.First(m => m.Name == name).Hex;
        void Same(string field, Func<string> actual)
        {
            if (item.Field(field) is { ValueKind: not JsonValueKind.Object } expected)
            {
                Assert.Equal(expected.ToString().ToLowerInvariant(), actual().ToLowerInvariant());
            }
        }

        if (claims is Sojourn.Attestation.Azure.AzureClaims azure)
        {
            claims = azure.Hardware;
        }

        switch (claims)
        {
            case SnpClaims snp:
                Same("version", () => $"{snp.Version}");
                Same("policy", () => $"0x{snp.Policy:x}");
                Same("vmpl", () => $"{snp.Vmpl}");
                Same("guest_svn", () => $"{snp.GuestSvn}");
                Same("debug", () => $"{snp.Debug}");
                Same("migrate_ma", () => $"{snp.MigrationAgent}");
                Same("measurement", () => Measured("launch"));
                Same("host_data", () => Measured("host-data"));
                Same("id_key_digest", () => Measured("id-key"));
                Same("chip_id", () => Convert.ToHexStringLower(snp.ChipId.Span));
                Same("signing_key", () => snp.IsVlek ? "VLEK" : "VCEK");
                Same("platform_info", () => $"0x{snp.PlatformInfo:x}");
                if (item.Field("reported_tcb_decoded") is { } tcb)
                {
                    Assert.Equal(tcb.GetProperty("bl").GetInt32(), snp.ReportedTcb.BootLoader);
                    Assert.Equal(tcb.GetProperty("snp").GetInt32(), snp.ReportedTcb.Snp);
                    Assert.Equal(tcb.GetProperty("ucode").GetInt32(), snp.ReportedTcb.Microcode);
                }

                break;
            case TdxClaims tdx:
                foreach (var name in (string[])["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrseam", "mrsignerseam", "mrconfigid", "mrowner", "mrownerconfig", "xfam"])
                {
                    Same(name, () => Measured(name));
                }

                Same("version", () => $"{tdx.Version}");
                Same("debug", () => $"{tdx.Debug}");
                Same("sept_ve_disable", () => $"{tdx.SeptVeDisabled}");
                Same("tee_tcb_svn", () => Convert.ToHexStringLower(tdx.TeeTcbSvn.Span));
                break;
            case SgxClaims sgx:
                Same("mrenclave", () => Measured("mrenclave"));
                Same("mrsigner", () => Measured("mrsigner"));
                Same("isvprodid", () => $"{sgx.IsvProdId}");
                Same("isvsvn", () => $"{sgx.IsvSvn}");
                Same("debug", () => $"{sgx.Debug}");
                break;
            case Sojourn.Attestation.Nitro.NitroClaims nitro:
                Same("module_id", () => nitro.ModuleId);
                Same("timestamp", () => $"{nitro.Timestamp.ToUnixTimeMilliseconds()}");
                foreach (var pcr in item.Field("nonzero_pcrs")!.Value.EnumerateObject())
                {
                    Assert.Equal(pcr.Value.GetString(), Measured($"pcr{pcr.Name}"));
                }

                break;
            case TpmClaims tpm:
                Same("ak_name", () => Convert.ToHexStringLower(tpm.KeyName.Span));
                Same("extraData", () => Convert.ToHexStringLower(tpm.BoundData.Span));
                Same("clock", () => $"{tpm.Clock}");
                Same("reset", () => $"{tpm.ResetCount}");
                Same("restart", () => $"{tpm.RestartCount}");
                break;
            default:
                break;
        }
    }
}
