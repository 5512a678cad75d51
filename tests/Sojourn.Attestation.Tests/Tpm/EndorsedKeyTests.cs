using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests.Tpm;

/// <summary>What the certificates of attestation and endorsement keys must say, and who may have said it.</summary>
public sealed class EndorsedKeyTests : IDisposable
{
    private const string Aik = "2.23.133.8.3";
    private const string Ek = "2.23.133.8.1";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;

    public EndorsedKeyTests() => root = Authority("CN=root", rootKey).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));

    public void Dispose()
    {
        root.Dispose();
        rootKey.Dispose();
        key.Dispose();
    }

    [Fact]
    public void AnEnrolledKeysCertificateNamesItsPurposeAndItsTpm()
    {
        var good = Verify(AnchorClass.Enrolment, [Aik], Extension(new byte[32], vendor: true));
        Assert.Equal(QuoteFault.None, good.Fault);
        Assert.Equal(ChipIdentity.Of("tpm-ek", new byte[32]), good.Quote!.Chip);
        Assert.Equal(AnchorClass.Enrolment, good.Quote.Anchor);
        Assert.Equal(AnchorClass.Development, Verify(AnchorClass.Enrolment, [Aik], Extension(new byte[32], vendor: false)).Quote!.Anchor);
    }

    [Fact]
    public void ACertificateForSomethingElseIsRefused()
    {
        foreach (var usages in new string[][] { [], [Ek], ["1.3.6.1.5.5.7.3.1"], ["2.5.29.37.0"] })
        {
            Assert.Equal(QuoteFault.CertificateMisused, Verify(AnchorClass.Enrolment, usages, Extension(new byte[32], vendor: true)).Fault);
        }

        // Google's attestation keys are certified under the purpose of endorsement keys; nobody else's are.
        Assert.Equal(QuoteFault.None, Verify(AnchorClass.Cloud, [Ek], null).Fault);
        Assert.Equal(QuoteFault.CertificateMisused, Verify(AnchorClass.Vendor, [Ek], null).Fault);
        Assert.Equal(QuoteFault.CertificateMisused, Verify(AnchorClass.Cloud, [], null).Fault);
    }

    [Fact]
    public void AnEnrolmentThatCannotBeReadIsAFault()
    {
        byte[][] damaged = [[], [0x30, 0x00], [.. Extension(new byte[31], true)], [.. Extension(new byte[32], true), 0], Extension(new byte[32], true)[..^1]];
        foreach (var bytes in damaged)
        {
            Assert.Equal(QuoteFault.CertificateMalformed, Verify(AnchorClass.Enrolment, [Aik], bytes).Fault);
            Assert.Equal(QuoteFault.CertificateMalformed, Verify(AnchorClass.Development, [Aik], bytes).Fault);
        }

        Assert.Equal(QuoteFault.CertificateMalformed, Verify(AnchorClass.Enrolment, [Aik], null).Fault);
        Assert.Equal(QuoteFault.None, Verify(AnchorClass.Development, [Aik], null).Fault);
        // Under a vendor's root the identifier is not ours to read.
        Assert.Equal("tpm-ak", Verify(AnchorClass.Vendor, [Aik], Extension(new byte[32], vendor: true)).Quote!.Chip.Scheme);
    }

    [Fact]
    public void ATpmIsRevokedByEitherKeysName()
    {
        var quote = Verify(AnchorClass.Enrolment, [Aik], Extension(new byte[32], vendor: true)).Quote!;
        foreach (var name in quote.Aliases.Add(quote.Chip))
        {
            Assert.Equal(QuoteFault.ChipRevoked, Verify(AnchorClass.Enrolment, [Aik], Extension(new byte[32], vendor: true), name).Fault);
        }
    }

    /// <summary>A pinned key in a certificate that another authority issued: its words are nobody's here, unless these very bytes are pinned or the path goes on to a trusted root.</summary>
    [Fact]
    public void ACrossCertificateOfAPinnedKeyNeedsSomebodysWord()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var top = Authority("CN=stranger", stranger).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        using var crossed = Authority("CN=root", rootKey).Create(top.SubjectName, X509SignatureGenerator.CreateForECDsa(stranger), Now.AddYears(-1), Now.AddYears(1), [7]);
        using var forged = Authority("CN=root", rootKey).Create(top.SubjectName, X509SignatureGenerator.CreateForECDsa(key), Now.AddYears(-1), Now.AddYears(1), [8]);
        var evidence = Evidence([Aik], null, issuerRaw: crossed.RawData);
        var byKey = TrustStore.Empty.WithRoot(root.RawData, AnchorUse.Tpm, AnchorClass.Development)!;
        QuoteFault Fault(TrustStore roots, Evidence what, params byte[][] more) =>
            Verifier.Verify(what, more.Aggregate(Collateral.Empty.WithRoots(roots), (all, one) => all.AddCertificates(one)), Now).Fault;

        // The genuine root is at hand too, and it signed the leaf: that path stands.
        Assert.Equal(QuoteFault.None, Fault(byKey, Evidence([Aik], null)));
        // The certificate that came along was issued by a stranger, and the pin is of another certificate.
        Assert.NotEqual(QuoteFault.None, Fault(PinOnlyKey(), evidence));
        Assert.NotEqual(QuoteFault.None, Fault(PinOnlyKey(), evidence, top.RawData));
        // These very bytes are pinned.
        Assert.Equal(QuoteFault.None, Fault(TrustStore.Empty.WithRoot(crossed.RawData, AnchorUse.Tpm, AnchorClass.Development)!, evidence));
        // The issuer is trusted and signed it; a forgery in its name is not.
        var above = PinOnlyKey().WithRoot(top.RawData, AnchorUse.Tpm, AnchorClass.Development)!;
        Assert.Equal(QuoteFault.None, Fault(above, evidence));
        Assert.Equal(QuoteFault.ChainBroken, Fault(above, Evidence([Aik], null, issuerRaw: forged.RawData)));
        // A root that its own key did not sign is not taken in the first place.
        var damaged = root.RawData.ToArray();
        damaged[^1] ^= 1;
        Assert.Null(TrustStore.Empty.WithRoot(damaged, AnchorUse.Tpm, AnchorClass.Development));
    }

    [Fact]
    public void AnEndorsementCertificateIsForAnEndorsementKeyAndNotRevoked()
    {
        var roots = TrustStore.Empty.WithRoot(root.RawData, AnchorUse.Tpm, AnchorClass.Vendor)!;
        EndorsementVerdict Judge(string[] usages, Func<Collateral, Collateral>? with = null) =>
            EndorsementCertificate.Verify(Leaf(usages, null), (with ?? (c => c))(Collateral.Empty.WithRoots(roots)), Now);
        Assert.True(Judge([Ek]).Trusted);
        Assert.False(Judge([Ek]).RevocationChecked);
        Assert.True(Judge([]).Trusted);
        Assert.Equal(QuoteFault.CertificateMisused, Assert.Single(Judge([Aik]).Findings).Fault);
        Assert.True(Judge([Ek], c => c.AddRevocationList(List([]))).RevocationChecked);
        var listed = Judge([Ek], c => c.AddRevocationList(List([[1, 2, 3, 4]])));
        Assert.True(listed.Revoked);
        Assert.False(listed.Trusted);
        Assert.True(Judge([Ek], c => c.RevokeChips([ChipIdentity.Of("tpm-ek", Judge([Ek]).KeyDigest.Span)])).Revoked);
    }

    [Fact]
    public void TheAuthoritysListTakesCertificatesBack()
    {
        using var authority = EnrolmentAuthority.Create("lists", Now.AddDays(-1), TimeSpan.FromDays(300));
        var pending = new PendingEnrolment(new EnrolmentChallenge(default, default), SHA256.HashData("secret"u8), Sojourn.Attestation.X509.PublicKeyInfo.TryParse(key.ExportSubjectPublicKeyInfo())!, new byte[32], vendorEndorsed: true);
        Assert.Null(authority.Complete(pending, "another"u8, Now));
        var certificates = authority.Complete(pending, "secret"u8, Now)!;
        var evidence = ImaTests.Quote(key, new byte[32]).With(EvidencePart.Certificates, certificates);
        var collateral = Collateral.Empty.WithRoots(TrustStore.Empty.WithRoot(authority.Certificate, AnchorUse.Tpm, AnchorClass.Enrolment)!);
        var policy = new AppraisalPolicy { MinimumLevel = TrustLevel.Tpm, AnyMeasurement = true, RequireIma = false };
        AttestationResult Judge(Collateral with, DateTimeOffset at) => Appraiser.Appraise(Verifier.Verify(evidence, with, at), evidence, policy, ReportData.ForChallenge("ima"u8), at);

        Assert.Equal(ReasonCode.RevocationNotChecked, Assert.Single(Judge(collateral, Now).Reasons).Code);
        var empty = collateral.AddRevocationList(authority.IssueList([], 1, Now, TimeSpan.FromDays(7)));
        Assert.Empty(Judge(empty, Now).Reasons);
        Assert.True(Judge(empty, Now.AddDays(8)).Has(QuoteFault.CrlExpired));
        var serial = authority.SerialOf(certificates)!;
        var revoked = empty.AddRevocationList(authority.IssueList([(serial, Now)], 2, Now.AddDays(1), TimeSpan.FromDays(7)));
        Assert.True(Judge(revoked, Now.AddDays(1)).Has(QuoteFault.CertificateRevoked));

        using var other = EnrolmentAuthority.Create("lists", Now.AddDays(-1), TimeSpan.FromDays(300));
        Assert.Null(other.SerialOf(certificates));
        Assert.Null(authority.SerialOf(authority.Certificate));
        Assert.Null(authority.SerialOf("nonsense"u8.ToArray()));
        Assert.True(Judge(collateral.AddRevocationList(other.IssueList([], 1, Now, TimeSpan.FromDays(7))), Now).Has(QuoteFault.CrlInvalid));
    }

    /// <summary>Roots that pin the key by a certificate that is not at hand.</summary>
    private TrustStore PinOnlyKey()
    {
        using var elsewhere = Authority("CN=elsewhere", rootKey).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        return TrustStore.Empty.WithRoot(elsewhere.RawData, AnchorUse.Tpm, AnchorClass.Development)!;
    }

    private QuoteVerdict Verify(AnchorClass anchor, string[] usages, byte[]? enrolment, ChipIdentity? revoked = null)
    {
        var collateral = Collateral.Empty.WithRoots(TrustStore.Empty.WithRoot(root.RawData, AnchorUse.Tpm, anchor)!);
        return Verifier.Verify(Evidence(usages, enrolment), revoked is { } chip ? collateral.RevokeChips([chip]) : collateral, Now);
    }

    private Evidence Evidence(string[] usages, byte[]? enrolment, byte[]? issuerRaw = null) =>
        ImaTests.Quote(key, new byte[32]).With(EvidencePart.Certificates, (byte[])[.. Leaf(usages, enrolment), .. issuerRaw ?? root.RawData]);

    private byte[] Leaf(string[] usages, byte[]? enrolment)
    {
        var request = new CertificateRequest("CN=key", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        if (usages.Length > 0)
        {
            var oids = new OidCollection();
            foreach (var usage in usages)
            {
                oids.Add(new Oid(usage));
            }

            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, false));
        }

        if (enrolment is not null)
        {
            request.CertificateExtensions.Add(new X509Extension(EnrolmentExtension.Oid, enrolment, false));
        }

        using var issued = request.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), Now.AddDays(-1), Now.AddDays(30), [1, 2, 3, 4]);
        return issued.RawData;
    }

    private byte[] List(byte[][] serials)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var serial in serials)
        {
            builder.AddEntry(serial, Now);
        }

        return builder.Build(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), 1, Now.AddDays(7), HashAlgorithmName.SHA256, X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, false, true), Now.AddHours(-1));
    }

    private static byte[] Extension(byte[] digest, bool vendor)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(digest);
            writer.WriteBoolean(vendor);
        }

        return writer.Encode();
    }

    private static CertificateRequest Authority(string name, ECDsa pair)
    {
        var request = new CertificateRequest(name, pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request;
    }
}
