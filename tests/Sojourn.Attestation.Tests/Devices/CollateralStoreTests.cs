using System.IO.Compression;
using System.Net;
using System.Text;
using Sojourn.Attestation.Devices;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Attestation.Tests.VectorCases;

namespace Sojourn.Attestation.Tests.Devices;

public sealed class CollateralStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-collateral-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [VectorFact("attestation/vectors.json")]
    public async Task WhatIsFetchedVerifiesTheEvidenceAlsoFromABundle()
    {
        foreach (var item in VectorSet.All.Where(item => item.Verdict == "accept" && item.Kind is "snp" or "tdx" && item.Verdict == "accept").Where(item => item.Kind == "snp" || item.Paths("collateral").Any(path => path.EndsWith("tcbinfo.json", StringComparison.Ordinal) && item.Paths("collateral").Any(p => p.EndsWith("qeidentity.json", StringComparison.Ordinal)))))
        {
            var input = VectorInputs.Of(item).First();
            var store = new CollateralStore(Path.Combine(folder, item.Id));
            using var http = new HttpClient(new VendorServices(item));
            var fetcher = new CollateralFetcher(http, new CollateralServices(), store);
            var evidence = item.Kind == "snp" ? input.Evidence.Without(EvidencePart.Certificates) : input.Evidence;
            try
            {
                await fetcher.FetchForAsync(evidence, default);
            }
            catch (AttestationDeviceException) when (item.Kind == "snp" && !item.Paths("crl").Any())
            {
                // The set has no list for this product: the rest is there.
                store.Import(item.Read("leaf")!);
            }

            var verdict = Verifier.Verify(evidence, store.Load(), input.Now);
            Assert.True(verdict.Outcome == QuoteOutcome.Genuine, $"{item.Id}: {string.Join("; ", verdict.Findings.Select(f => f.Detail))}");
            Assert.All(store.List(), entry => Assert.NotEqual("unreadable", entry.What));

            var bundle = new MemoryStream();
            store.Export(bundle);
            var elsewhere = new CollateralStore(Path.Combine(folder, item.Id + "-imported"));
            Assert.NotEmpty(elsewhere.Import(bundle.ToArray()));
            Assert.Equal(store.Load().Digest().ToArray(), elsewhere.Load().Digest().ToArray());
        }
    }

    [Fact]
    public async Task AVersion2ReportIsLookedForUnderEveryGenerationThatMadeOne()
    {
        var asked = new List<string>();
        using var http = new HttpClient(new NothingThere(asked));
        var report = new byte[1184];
        report[0] = 2;
        var fetcher = new CollateralFetcher(http, new CollateralServices(), new CollateralStore(folder));
        var failure = await Assert.ThrowsAsync<AttestationDeviceException>(async () => await fetcher.FetchForAsync(new Evidence(EvidenceKind.SevSnp, report), default));
        Assert.Contains("knows no key of this chip", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["Milan", "Genoa"], asked.Select(path => path.Split('/')[3]));
    }

    [Fact]
    public void WhatIsNoCollateralIsRefused()
    {
        var store = new CollateralStore(folder);
        Assert.Throws<CollateralException>(() => store.Import("nothing of the kind"u8.ToArray()));
        Assert.Throws<CollateralException>(() => store.Import("{\"some\":\"json\"}"u8.ToArray()));
        Assert.Throws<CollateralException>(() => store.Import(Zip("../outside.der", [1])));
        Assert.Throws<CollateralException>(() => store.Import(Zip("certificates/x.der", [1])));
        Assert.Throws<CollateralException>(() => store.Import("PK\u0003\u0004 and nothing more"u8.ToArray()));
        Assert.Empty(store.List());
        File.WriteAllText(Path.Combine(folder, "revoked-chips.txt"), "amd:0102  # stolen\n\n");
        Assert.Contains(new ChipIdentity("amd", "0102"), store.Load().RevokedChips);
        File.WriteAllText(Path.Combine(folder, "revoked-chips.txt"), "nonsense\n");
        Assert.Throws<CollateralException>(() => store.Load());
    }

    [Fact]
    public async Task CustodyIsReadAndEnds()
    {
        File.WriteAllText(Path.Combine(folder, "custody.json"), $$"""[{"chip":"simulated:{{new string('0', 64)}}","custody":"EndorsedDataCentre","endorser":"an auditor","notAfter":"2026-06-01T00:00:00Z"}]""");
        var collateral = new CollateralStore(folder).Load();
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        using var attester = new Sojourn.Attestation.Simulated.SimulatedAttester(new byte[32], new byte[32], new FixedClock(now));
        var data = ReportData.ForChallenge("custody"u8);
        var evidence = await attester.AttestAsync(data, default);
        var policy = AppraisalPolicy.Development with { MinimumCustody = CustodyClass.EndorsedDataCentre };
        Assert.True(Appraiser.Appraise(Verifier.Verify(evidence, collateral, now).Quote!, policy, data, now).Accepted);
        Assert.True(Appraiser.Appraise(Verifier.Verify(evidence, Collateral.Empty, now).Quote!, policy, data, now).Has(ReasonCode.CustodyTooLow));
        var later = now.AddMonths(4);
        Assert.True(Appraiser.Appraise(Verifier.Verify(evidence, collateral, later).Quote!, policy, data, later).Has(ReasonCode.CustodyTooLow));
    }

    private static byte[] Zip(string name, byte[] content) => Zip((name, content));

    internal static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    /// <summary>AMD's and Intel's services, serving one case's files by the services' own paths.</summary>
    private sealed class VendorServices(VectorCase item) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            string? File(string suffix) => item.Paths("collateral").FirstOrDefault(p => p.EndsWith(suffix, StringComparison.Ordinal));
            byte[]? body = path switch
            {
                _ when path.EndsWith("/cert_chain", StringComparison.Ordinal) => item.Read("chain"),
                _ when path.StartsWith("/vcek/", StringComparison.Ordinal) && path.EndsWith("/crl", StringComparison.Ordinal) => item.Read("crl"),
                _ when path.StartsWith("/vcek/", StringComparison.Ordinal) => item.Read("leaf"),
                _ when path.EndsWith("/tcb", StringComparison.Ordinal) => VectorSet.Bytes(File("tcbinfo.json")!),
                _ when path.EndsWith("/qe/identity", StringComparison.Ordinal) => VectorSet.Bytes(File("qeidentity.json")!),
                _ when path.EndsWith("/pckcrl", StringComparison.Ordinal) => File("pckcrl-platform.der") is { } crl ? VectorSet.Bytes(crl) : null,
                _ when path.EndsWith("IntelSGXRootCA.der", StringComparison.Ordinal) => File("rootcrl.der") is { } crl ? VectorSet.Bytes(crl) : null,
                _ => null,
            };
            var response = new HttpResponseMessage(body is null ? HttpStatusCode.NotFound : HttpStatusCode.OK) { Content = new ByteArrayContent(body ?? []), RequestMessage = request };
            var chain = WebUtility.UrlEncode(Encoding.ASCII.GetString(VectorSet.IntelSigners().Last()));
            response.Headers.Add("TCB-Info-Issuer-Chain", chain);
            response.Headers.Add("SGX-Enclave-Identity-Issuer-Chain", chain);
            return Task.FromResult(response);
        }
    }

    private sealed class NothingThere(List<string> asked) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            asked.Add(request.RequestUri!.AbsolutePath);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound) { RequestMessage = request });
        }
    }
}
