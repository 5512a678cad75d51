using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Attestation.Tests.Appraisal;
using Sojourn.Attestation.Tests.VectorCases;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;
using Xunit.Abstractions;

namespace Sojourn.Attestation.Tests.Devices;

/// <summary>Whoever hands a bundle over is not trusted: what it can and cannot do to a verifier.</summary>
public sealed class CollateralImportTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-import-").FullName;
    private readonly EnrolmentAuthority authority = EnrolmentAuthority.Create("an authority", Now.AddDays(-10), TimeSpan.FromDays(300));
    private readonly CollateralStore store;

    private readonly ITestOutputHelper output;

    public CollateralImportTests(ITestOutputHelper output)
    {
        this.output = output;
        store = new CollateralStore(folder, new FixedClock(Now));
    }

    public void Dispose()
    {
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void ARootComesInByItsNameAlone()
    {
        var certificate = Certificate.TryParse(authority.Certificate)!;
        var bundle = CollateralStoreTests.Zip(("roots/tpm/enrolment-something.der", authority.Certificate.ToArray()), ("revoked-chips.txt", "amd:01\n"u8.ToArray()));
        var refused = Assert.Throws<CollateralConsentException>(() => store.Import(bundle));
        var name = $"enrolment:{certificate.Fingerprint}";
        Assert.Equal(name, Assert.Single(refused.Roots).Name);
        // Nothing of it came in: an import is whole or not at all.
        Assert.Empty(store.List());

        foreach (var wrong in new[] { $"development:{certificate.Fingerprint}", $"enrolment:{new string('0', 64)}" })
        {
            Assert.Throws<CollateralConsentException>(() => store.Import([new("bundle", bundle)], new CollateralConsent { Roots = [wrong] }));
        }

        store.Import([new("bundle", bundle)], new CollateralConsent { Roots = CollateralConsent.None.Roots.Add(name.ToUpperInvariant()) });
        Assert.Contains(store.Load().Roots.Anchors, anchor => anchor.Class == AnchorClass.Enrolment);
        // What is there already needs no consent again; the same certificate as another class does.
        store.Import(bundle);
        Assert.Throws<CollateralConsentException>(() => store.Import(CollateralStoreTests.Zip(("roots/tpm/development-x.der", authority.Certificate.ToArray()))));
    }

    [Fact]
    public void CustodyComesInByConsentAndTakesNothingAway()
    {
        static byte[] Custody(string chip, string custody) => Encoding.UTF8.GetBytes($$"""[{"chip":"{{chip}}","custody":"{{custody}}","endorser":"somebody","notAfter":"2027-01-01T00:00:00Z"}]""");
        var first = CollateralStoreTests.Zip(("custody.json", Custody("amd:01", "EndorsedDataCentre")));
        Assert.Equal(1, Assert.Throws<CollateralConsentException>(() => store.Import(first)).Custody);
        Assert.Empty(store.List());
        store.Import([new("b", first)], new CollateralConsent { Custody = true });
        store.Import([new("b", CollateralStoreTests.Zip(("custody.json", Custody("amd:02", "KnownOperator"))))], new CollateralConsent { Custody = true });
        Assert.Equal(2, store.Load().Custody.Count);
        // The same statement again is no news; a better class for a known chip is.
        store.Import(first);
        Assert.Throws<CollateralConsentException>(() => store.Import(CollateralStoreTests.Zip(("custody.json", Custody("amd:02", "EndorsedDataCentre")))));
        foreach (var nonsense in new[] { "2", "7", "endorseddatacentre", "Nobody" })
        {
            Assert.Throws<CollateralException>(() => store.Import([new("b", CollateralStoreTests.Zip(("custody.json", Custody("amd:03", nonsense))))], new CollateralConsent { Custody = true }));
        }
    }

    [Fact]
    public void RevocationsOfChipsOnlyGrow()
    {
        File.WriteAllText(Path.Combine(folder, "revoked-chips.txt"), "# stolen in May\namd:01");
        Assert.Equal(CollateralChange.Merged, Assert.Single(store.Import(CollateralStoreTests.Zip(("revoked-chips.txt", "amd:02\n"u8.ToArray())))).Change);
        store.Import(CollateralStoreTests.Zip(("revoked-chips.txt", []) , ("certificates/a.der", authority.Certificate.ToArray())));
        Assert.Equal(2, store.Load().RevokedChips.Count);
        Assert.StartsWith("# stolen in May", File.ReadAllText(Path.Combine(folder, "revoked-chips.txt")), StringComparison.Ordinal);
        Assert.Equal(CollateralChange.Present, Assert.Single(store.Import(CollateralStoreTests.Zip(("revoked-chips.txt", "amd:01\n"u8.ToArray())))).Change);
        Assert.Throws<CollateralException>(() => store.Import(CollateralStoreTests.Zip(("revoked-chips.txt", "nonsense\n"u8.ToArray()))));
    }

    [Fact]
    public void AListComesInUnderItsIssuersSignatureOnly()
    {
        var list = authority.IssueList([], 1, Now, TimeSpan.FromDays(7));
        // Nobody at hand stands behind it; then a namesake does, who is trusted and did not sign it.
        Assert.Throws<CollateralException>(() => store.Import(list));
        using var namesake = EnrolmentAuthority.Create("an authority", Now.AddDays(-10), TimeSpan.FromDays(300));
        store.AddTpmRoot(namesake.Certificate, enrolment: true);
        Assert.Throws<CollateralException>(() => store.Import(list));
        // The issuer's certificate beside it is not enough: nobody trusts it.
        Assert.Throws<CollateralException>(() => store.Import([new("list", list), new("issuer", authority.Certificate)], CollateralConsent.None));
        store.AddTpmRoot(authority.Certificate, enrolment: true);
        Assert.Equal(CollateralChange.Added, Assert.Single(store.Import(list)).Change);
        Assert.Equal(CollateralChange.Added, Assert.Single(store.Import(namesake.IssueList([], 1, Now, TimeSpan.FromDays(7)))).Change);
        Assert.Equal(2, store.Load().Lists.Length);
        var damaged = list.ToArray();
        damaged[^3] ^= 1;
        Assert.Throws<CollateralException>(() => store.Import(damaged));
        Assert.Throws<CollateralException>(() => store.Import(authority.IssueList([], 9, Now.AddDays(3), TimeSpan.FromDays(7))));
    }

    [Fact]
    public void AnOlderListDoesNotComeBackAndNoSerialIsForgotten()
    {
        store.AddTpmRoot(authority.Certificate, enrolment: true);
        byte[] List(int daysAgo, params byte[][] serials) => authority.IssueList(serials.Select(serial => ((ReadOnlyMemory<byte>)serial, Now.AddDays(-daysAgo))), 100 - daysAgo, Now.AddDays(-daysAgo), TimeSpan.FromDays(30));
        CollateralChange Take(byte[] list) => Assert.Single(store.Import(list)).Change;
        bool Listed(byte serial) => store.Load().Lists.Any(list => list.Serials.Contains(Convert.ToHexString([serial])));

        Assert.Equal(CollateralChange.Added, Take(List(5, [5])));
        Assert.Equal(CollateralChange.KeptNewer, Take(List(6)));
        Assert.Equal(CollateralChange.KeptNewer, Take(List(6, [5])));
        // An older one that knows more is kept beside it; a newer one that knows less takes its place, and the older stays for what it names.
        Assert.Equal(CollateralChange.Merged, Take(List(7, [7])));
        Assert.Equal(CollateralChange.Renewed, Take(List(1, [1])));
        Assert.True(Listed(5) && Listed(7) && Listed(1));
        Assert.Equal(CollateralChange.KeptNewer, Take(List(4)));
        Assert.Equal(CollateralChange.Renewed, Take(List(0, [1])));
        Assert.True(Listed(5) && Listed(7) && Listed(1));
        Assert.Equal(3, store.Load().Lists.Length);
    }

    [VectorFact("attestation/vectors.json")]
    public void IntelsDocumentsComeInUnderIntelsSignatureAndNeverOlder()
    {
        var item = VectorSet.All.First(item => item.Kind == "tdx" && item.Paths("collateral").Count(path => VectorFiles.Of(VectorSet.Bytes(path)) is FileContent.TcbInfo or FileContent.QeIdentity) == 2 && item.Verdict == "accept");
        var today = new CollateralStore(folder);
        var document = VectorSet.Bytes(item.Paths("collateral").First(path => VectorFiles.Of(VectorSet.Bytes(path)) == FileContent.TcbInfo));
        var chain = VectorSet.IntelSigners().Last();
        Assert.Throws<CollateralException>(() => today.Import(document));
        Assert.Equal(CollateralChange.Added, Assert.Single(today.Import(document, chain)).Change);
        Assert.Equal(CollateralChange.Present, Assert.Single(today.Import(document)).Change);
        var changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(document).Replace("OutOfDate", "UpToDate", StringComparison.Ordinal));
        Assert.Throws<CollateralException>(() => today.Import(changed, chain));

        // Signed by a key that stands under no trusted root: not even beside an honest chain.
        using var quote = new SignedQuote();
        Assert.Throws<CollateralException>(() => today.Import(quote.TcbEnvelope(99, "UpToDate", 1), quote.SignerChain()));
        Assert.Throws<CollateralException>(() => today.Import(quote.TcbEnvelope(99, "UpToDate", 1), chain));
    }

    [VectorFact("attestation/vectors.json")]
    public void ADocumentOfAnOlderIssueIsNotTaken()
    {
        // One platform's documents of several times, as the set holds them; who signed is the same key.
        var documents = VectorSet.All.Where(item => item.Kind is "tdx" or "sgx").SelectMany(item => VectorInputs.Of(item).First().Collateral.TcbInfos)
            .Where(document => document.TcbInfo is not null).GroupBy(document => $"{document.TcbInfo!.Id} {Convert.ToHexString(document.TcbInfo.Fmspc.Span)}")
            .Select(group => group.DistinctBy(document => document.TcbInfo!.IssueDate).OrderBy(document => document.TcbInfo!.IssueDate).ToList())
            .FirstOrDefault(group => group.Count > 1 && group.Exists(document => document.IssuerChain.Length > 0));
        if (documents is null)
        {
            output.WriteLine("the set holds no two documents of one platform: nothing was compared");
            return;
        }

        var chain = documents.First(document => document.IssuerChain.Length > 0).IssuerChain;
        byte[] Envelope(Sojourn.Attestation.Dcap.SignedDocument document) => [.. "{\"tcbInfo\":"u8, .. document.Text.Span, .. ",\"signature\":\""u8, .. Encoding.ASCII.GetBytes(Convert.ToHexString(document.Signature.Span)), .. "\"}"u8];
        var today = new CollateralStore(folder);
        Assert.Equal(CollateralChange.Added, Assert.Single(today.Import(Envelope(documents[0]), chain)).Change);
        Assert.Equal(CollateralChange.Renewed, Assert.Single(today.Import(Envelope(documents[^1]), chain)).Change);
        var digest = today.Load().Digest().ToArray();
        Assert.Equal(CollateralChange.KeptNewer, Assert.Single(today.Import(Envelope(documents[0]), chain)).Change);
        Assert.Equal(digest, today.Load().Digest().ToArray());
    }

    [Fact]
    public void AServiceGivesWhatItWasAskedForOnly()
    {
        var bundle = CollateralStoreTests.Zip(("revoked-chips.txt", "amd:01\n"u8.ToArray()));
        foreach (var kind in new[] { CollateralKind.Certificates, CollateralKind.List, CollateralKind.Document })
        {
            Assert.Throws<CollateralException>(() => store.Import([new("answer", bundle) { Kind = kind }], CollateralConsent.None));
        }

        Assert.Throws<CollateralException>(() => store.Import([new("answer", authority.Certificate) { Kind = CollateralKind.List }], CollateralConsent.None));
        Assert.Empty(store.List());
    }

    [Fact]
    public void BundlesAreBoundedAndDecideNoNames()
    {
        Assert.Throws<CollateralException>(() => store.Import(CollateralStoreTests.Zip(("roots/sgx/x.der", authority.Certificate.ToArray()))));
        Assert.Throws<CollateralException>(() => store.Import(CollateralStoreTests.Zip(("lists/../custody.json", "[]"u8.ToArray()))));
        Assert.Throws<CollateralException>(() => store.Import(CollateralStoreTests.Zip(("certificates/a.der", new byte[17 * 1024 * 1024]))));
        Assert.Throws<CollateralException>(() => store.Import(CollateralStoreTests.Zip([.. Enumerable.Range(0, 17).Select(i => ($"certificates/{i}.der", new byte[16 * 1024 * 1024]))])));
        store.Import(CollateralStoreTests.Zip(("certificates/evil.der", authority.Certificate.ToArray())));
        Assert.DoesNotContain("evil", Assert.Single(store.List()).Path, StringComparison.Ordinal);

        // A store that is too large to read is a fault, not a smaller store.
        File.WriteAllBytes(Path.Combine(folder, "revoked-chips.txt"), new byte[16 * 1024 * 1024 + 1]);
        Assert.Throws<CollateralException>(() => store.Load());
    }

    [Fact]
    public void AnExportHoldsCollateralOnly()
    {
        File.WriteAllText(Path.Combine(folder, "authority.pem"), "a private key that somebody left here");
        store.Import(CollateralStoreTests.Zip(("revoked-chips.txt", "amd:01\n"u8.ToArray())));
        var stream = new MemoryStream();
        store.Export(stream);
        using var archive = new System.IO.Compression.ZipArchive(new MemoryStream(stream.ToArray()));
        Assert.Equal(["revoked-chips.txt"], archive.Entries.Select(entry => entry.FullName));
    }

    [Fact]
    public async Task TwoImportsAtOnceLoseNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => new CollateralStore(folder).Import(CollateralStoreTests.Zip(("revoked-chips.txt", Encoding.ASCII.GetBytes($"amd:{i:x2}\n")))))));
        Assert.Equal(16, store.Load().RevokedChips.Count);
    }

    [Fact]
    public void ARootThatIsNoneIsRefused()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var plain = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=no authority", pair, HashAlgorithmName.SHA256).CreateSelfSigned(Now, Now.AddDays(1));
        Assert.Throws<CollateralException>(() => store.AddTpmRoot(plain.RawData, enrolment: false));
        var damaged = authority.Certificate.ToArray();
        damaged[^1] ^= 1;
        Assert.Throws<CollateralException>(() => store.AddTpmRoot(damaged, enrolment: true));
        Assert.Throws<CollateralException>(() => store.AddTpmRoot("nothing"u8.ToArray(), enrolment: true));
    }
}
