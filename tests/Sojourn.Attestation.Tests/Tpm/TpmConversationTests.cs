using System.Security.Cryptography;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests.Tpm;

/// <summary>Conversations with a real (software) TPM, with tpm2-tools on the other side.</summary>
[Collection("swtpm")]
public sealed class TpmConversationTests
{
    private static readonly TpmAttesterOptions Options = new() { EventLogPath = "", ImaLogPath = "", Registers = [0, 1, 2, 3, 4, 5, 6, 7, 10, 16] };

    private static readonly AppraisalPolicy Policy = AppraisalPolicy.Development with { MinimumLevel = TrustLevel.Tpm };

    [ToolFact("swtpm", "swtpm_setup", "tpm2_checkquote")]
    public async Task OurQuoteIsGoodForTpm2Checkquote()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var data = ReportData.ForChallenge(Bindings.Named("nonce"));
        var evidence = await new TpmAttester(tpm.Endpoint, Options).AttestAsync(data, default);
        var folder = tpm.Folder;
        await File.WriteAllBytesAsync($"{folder}/q.msg", evidence[EvidencePart.TpmQuote].ToArray());
        await File.WriteAllBytesAsync($"{folder}/q.sig", evidence[EvidencePart.TpmSignature].ToArray());
        await File.WriteAllTextAsync($"{folder}/q.pem", PemEncoding.WriteString("PUBLIC KEY", TpmPublic.TryParse(evidence[EvidencePart.TpmKey].Span)!.Key!.Encoded.Span));
        var (code, text) = await tpm.ToolAsync("tpm2_checkquote", "-u", $"{folder}/q.pem", "-m", $"{folder}/q.msg", "-s", $"{folder}/q.sig", "-q", Convert.ToHexStringLower(data.Bytes), "-g", "sha256");
        Assert.True(code == 0, text);
        var (wrong, _) = await tpm.ToolAsync("tpm2_checkquote", "-u", $"{folder}/q.pem", "-m", $"{folder}/q.msg", "-s", $"{folder}/q.sig", "-q", "00112233", "-g", "sha256");
        Assert.NotEqual(0, wrong);
    }

    [ToolFact("swtpm", "swtpm_setup", "tpm2_quote", "tpm2_createak", "tpm2_createek")]
    public async Task TheToolsQuoteIsGoodForUs()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var folder = tpm.Folder;
        async Task Tool(string name, params string[] arguments)
        {
            var (code, text) = await tpm.ToolAsync(name, arguments);
            Assert.True(code == 0, $"{name}: {text}");
        }

        await Tool("tpm2_createek", "-c", $"{folder}/ek.ctx", "-G", "rsa", "-u", $"{folder}/ek.pub");
        await Tool("tpm2_flushcontext", "-t");
        await Tool("tpm2_createak", "-C", $"{folder}/ek.ctx", "-c", $"{folder}/ak.ctx", "-G", "ecc", "-g", "sha256", "-s", "ecdsa", "-u", $"{folder}/ak.pub", "-n", $"{folder}/ak.name");
        await Tool("tpm2_flushcontext", "-t");
        await Tool("tpm2_quote", "-c", $"{folder}/ak.ctx", "-l", "sha256:0,1,2,7,16", "-q", "00112233445566778899", "-m", $"{folder}/t.msg", "-s", $"{folder}/t.sig", "-o", $"{folder}/t.pcrs", "-F", "values", "-g", "sha256");
        await Tool("tpm2_flushcontext", "-t");
        var evidence = Evidence.Of(EvidenceKind.Tpm, new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.TpmQuote] = await File.ReadAllBytesAsync($"{folder}/t.msg"),
            [EvidencePart.TpmSignature] = await File.ReadAllBytesAsync($"{folder}/t.sig"),
            [EvidencePart.TpmKey] = (await File.ReadAllBytesAsync($"{folder}/ak.pub")).AsMemory(2),
            [EvidencePart.PcrValues] = await File.ReadAllBytesAsync($"{folder}/t.pcrs"),
        });
        var verdict = Verifier.Verify(evidence, Collateral.Empty, DateTimeOffset.UtcNow);
        Assert.Equal(QuoteOutcome.Genuine, verdict.Outcome);
        Assert.Equal(await File.ReadAllBytesAsync($"{folder}/ak.name"), ((TpmClaims)verdict.Quote!.Claims).KeyName.ToArray());
        Assert.True(verdict.Quote.Claims.Carries(ReportData.ForChallenge(Convert.FromHexString("00112233445566778899"))));
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task AnEnrolledSoftwareTpmIsAcceptedOnADevelopmentLedgerOnly()
    {
        await using var tpm = await SoftwareTpm.StartAsync(unix: true);
        var now = DateTimeOffset.UtcNow;
        using var authority = EnrolmentAuthority.Create("test enrolment", now, TimeSpan.FromDays(30));
        var collateral = Collateral.Empty.WithRoots(TrustStore.Vendors.WithRoot(authority.Certificate, AnchorUse.Tpm, AnchorClass.Enrolment)!);
        var certificates = await TpmEnrolment.EnrolAsync(tpm.Endpoint, authority, Collateral.Empty, allowUnendorsed: true, now, default);
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await new TpmAttester(tpm.Endpoint, Options with { Certificates = certificates, WrapKey = true }).AttestAsync(data, default);
        var verdict = Verifier.Verify(evidence, collateral, now);
        Assert.Equal(QuoteFault.None, verdict.Fault);
        var quote = verdict.Quote!;
        Assert.Equal(TrustLevel.Tpm, quote.Level);
        Assert.Equal(AnchorClass.Development, quote.Anchor);
        Assert.Equal("tpm-ek", quote.Chip.Scheme);
        Assert.True(Appraiser.Appraise(quote, Policy with { RequireWrapKey = true }, data, now).Accepted);

        // A wrapping key that the quote does not vouch for: another challenge's, another key, one signed by nobody, one of open policy.
        var other = await new TpmAttester(tpm.Endpoint, Options with { Certificates = certificates, WrapKey = true }).AttestAsync(ReportData.ForChallenge("another"u8), default);
        var looser = await new TpmAttester(tpm.Endpoint, Options with { Certificates = certificates, WrapKey = true, Registers = [16] }).AttestAsync(data, default);
        foreach (var forged in new[]
        {
            evidence.With(EvidencePart.WrapKeyCertify, other[EvidencePart.WrapKeyCertify]).With(EvidencePart.WrapKeySignature, other[EvidencePart.WrapKeySignature]),
            evidence.With(EvidencePart.WrapKeySignature, other[EvidencePart.WrapKeySignature]),
            evidence.With(EvidencePart.WrapKey, evidence[EvidencePart.TpmKey]),
            evidence.With(EvidencePart.WrapKey, looser[EvidencePart.WrapKey]),
            evidence.With(EvidencePart.WrapKey, looser[EvidencePart.WrapKey]).With(EvidencePart.WrapKeyCertify, looser[EvidencePart.WrapKeyCertify]).With(EvidencePart.WrapKeySignature, looser[EvidencePart.WrapKeySignature]),
            evidence.Without(EvidencePart.WrapKeyCertify),
            evidence.With(EvidencePart.WrapKeyCertify, evidence[EvidencePart.TpmQuote]).With(EvidencePart.WrapKeySignature, evidence[EvidencePart.TpmSignature]),
        })
        {
            Assert.Equal(QuoteFault.WrapKeyNotBound, Verifier.Verify(forged, collateral, now).Fault);
        }
        Assert.True(Appraiser.Appraise(quote, Policy with { DevelopmentLedger = false }, data, now).Has(ReasonCode.DevelopmentRoot));
        Assert.True(Appraiser.Appraise(quote, Policy with { RequireIma = true }, data, now).Has(ReasonCode.ImaLogMissing));

        // Without the certificate nobody binds the key, and the level falls.
        var bare = Verifier.Verify(evidence.Without(EvidencePart.Certificates), collateral, now).Quote!;
        Assert.True(Appraiser.Appraise(bare, Policy, data, now).Has(ReasonCode.KeyNotEndorsed));
        Assert.True(Appraiser.Appraise(bare, Policy, data, now).Has(ReasonCode.LevelTooLow));
        // Where nobody named the authority as a root, its certificate is worth nothing.
        Assert.Contains(Verifier.Verify(evidence, Collateral.Empty, now).Findings, finding => finding.Fault == QuoteFault.RootNotTrusted);
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task TheEndorsementCertificateOfTheLocalAuthorityIsChecked()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var now = DateTimeOffset.UtcNow;
        var request = await TpmEnrolment.RequestAsync(tpm.Endpoint, TimeSpan.FromSeconds(30), default);
        var roots = TrustStore.Empty.WithRoot(await tpm.RootAsync(), AnchorUse.Tpm, AnchorClass.Development)!;
        var collateral = Collateral.Empty.WithRoots(roots).AddCertificates(await tpm.IssuerAsync());
        var verdict = EndorsementCertificate.Verify(request.EndorsementCertificate, collateral, now);
        Assert.True(verdict.Trusted, string.Join("; ", verdict.Findings.Select(f => f.Detail)));
        Assert.Equal(AnchorClass.Development, verdict.Anchor);
        Assert.False(EndorsementCertificate.Verify(request.EndorsementCertificate, Collateral.Empty, now).Trusted);

        using var authority = EnrolmentAuthority.Create("strict", now, TimeSpan.FromDays(1));
        Assert.Null(authority.Challenge(request, collateral, now, allowUnendorsed: false).Pending);
    }

    [ToolFact("swtpm", "swtpm_setup", "tpm2_makecredential", "tpm2_activatecredential")]
    public async Task CredentialsActivateBothWays()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var folder = tpm.Folder;
        var secret = "a secret of the challenge"u8.ToArray();
        byte[] name;
        await using (var client = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System))
        {
            await using var endorsement = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.EndorsementRsa, default);
            await using var attestation = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, default);
            name = attestation.Public.Name;

            // Ours to the TPM, for both kinds of endorsement key.
            var (id, encrypted) = TpmCredential.Make(endorsement.Public, name, secret);
            Assert.Equal(secret, await client.ActivateCredentialAsync(attestation.Handle, endorsement.Handle, id, encrypted, default));
            // The TPM's own.
            var (theirs, theirSecret) = await client.MakeCredentialAsync(endorsement.Handle, name, secret, default);
            Assert.Equal(secret, await client.ActivateCredentialAsync(attestation.Handle, endorsement.Handle, theirs, theirSecret, default));
            // For another key's name it does not open.
            var (other, otherSecret) = TpmCredential.Make(endorsement.Public, [.. name[..^1], (byte)(name[^1] ^ 1)], secret);
            var refused = await Assert.ThrowsAsync<TpmException>(async () => await client.ActivateCredentialAsync(attestation.Handle, endorsement.Handle, other, otherSecret, default));
            Assert.Equal(TpmFailure.ErrorCode, refused.Failure);
        }

        await using (var client = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System))
        {
            await using var endorsement = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.EndorsementEcc, default);
            await using var attestation = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, default);
            var (id, encrypted) = TpmCredential.Make(endorsement.Public, name, secret);
            Assert.Equal(secret, await client.ActivateCredentialAsync(attestation.Handle, endorsement.Handle, id, encrypted, default));
        }

        // tpm2_makecredential makes one for our key, and our client has the TPM open it.
        await File.WriteAllBytesAsync($"{folder}/secret", secret);
        var request = await TpmEnrolment.RequestAsync(tpm.Endpoint, TimeSpan.FromSeconds(30), default);
        await File.WriteAllTextAsync($"{folder}/ek.pem", PemEncoding.WriteString("PUBLIC KEY", TpmPublic.TryParse(request.EndorsementKey.Span)!.Key!.Encoded.Span));
        var (code, text) = await tpm.ToolAsync("tpm2_makecredential", "-T", "none", "-u", $"{folder}/ek.pem", "-G", "rsa", "-s", $"{folder}/secret", "-n", Convert.ToHexStringLower(name), "-o", $"{folder}/blob");
        Assert.True(code == 0, text);
        var blob = await File.ReadAllBytesAsync($"{folder}/blob");
        var length = 2 + ((blob[8] << 8) | blob[9]);
        var answer = await TpmEnrolment.AnswerAsync(tpm.Endpoint, new EnrolmentChallenge(blob.AsMemory(8, length), blob.AsMemory(8 + length)), TimeSpan.FromSeconds(30), default);
        Assert.Equal(secret, answer);
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task ExtendingARegisterChangesTheVerdict()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var data = ReportData.ForChallenge("pcr"u8);
        var attester = new TpmAttester(tpm.Endpoint, Options);
        var now = DateTimeOffset.UtcNow;
        var before = Verifier.Verify(await attester.AttestAsync(data, default), Collateral.Empty, now).Quote!;
        var value = before.Claims.Measurements.First(m => m.Name == "pcr/sha256/16").Hex;
        var policy = AppraisalPolicy.Development with { AnyMeasurement = false, ReferenceValues = [ReferenceSet.Of("known", ("pcr/sha256/16", value))] };
        Assert.True(Appraiser.Appraise(before, policy, data, now).Accepted);
        await using (var client = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System))
        {
            await client.ExtendPcrAsync(16, TpmAlg.Sha256, SHA256.HashData("something else ran"u8), default);
        }

        var after = Verifier.Verify(await attester.AttestAsync(data, default), Collateral.Empty, now).Quote!;
        Assert.True(Appraiser.Appraise(after, policy, data, now).Has(ReasonCode.MeasurementUnknown));
    }

    [ToolFact("swtpm", "swtpm_setup")]
    [Trait("speed", "slow")]
    public async Task AThousandQuotesLeakNoSlot()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        await using var client = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System);
        var attester = new TpmAttester(tpm.Endpoint, Options);
        for (var i = 0; i < 1000; i++)
        {
            await using var key = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, default);
            await attester.QuoteAsync(client, key, ReportData.ForChallenge(BitConverter.GetBytes(i)), default);
        }

        Assert.Empty(await client.HandlesAsync(0x80000000, default));
        Assert.Empty(await client.HandlesAsync(0x02000000, default));
        Assert.Empty(await client.HandlesAsync(0x03000000, default));
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task AWrapKeyOpensOnlyWhileTheRegistersHold()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        await using var client = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System);
        var selection = new PcrSelection(TpmAlg.Sha256, [.. Options.Registers]);
        var values = await client.ReadPcrsAsync(selection, default);
        var policy = TpmPolicy.PcrPolicy(TpmAlg.Sha256, [selection], selection.Registers.Select((r, i) => new QuotedPcr(TpmAlg.Sha256, r, values.AsMemory(32 * i, 32))));
        await using var wrap = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.WrapKey(policy), default);
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(wrap.Public.Key!.Ec!.ExportParameters(false));
        var q = ephemeral.ExportParameters(false).Q;
        var expected = ephemeral.DeriveRawSecretAgreement(other.PublicKey);
        await using (var session = await client.StartPolicySessionAsync(default))
        {
            await client.PolicyPcrAsync(session.Handle, [selection], default);
            Assert.Equal(policy, await client.PolicyDigestAsync(session.Handle, default));
            Assert.Equal(expected, await client.EcdhAsync(wrap.Handle, session.Handle, q.X!, q.Y!, default));
        }

        await client.ExtendPcrAsync(16, TpmAlg.Sha256, new byte[32], default);
        await using (var session = await client.StartPolicySessionAsync(default))
        {
            await client.PolicyPcrAsync(session.Handle, [selection], default);
            var refused = await Assert.ThrowsAsync<TpmException>(async () => await client.EcdhAsync(wrap.Handle, session.Handle, q.X!, q.Y!, default));
            Assert.Equal(TpmFailure.ErrorCode, refused.Failure);
        }
    }
}
