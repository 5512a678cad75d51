using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Sojourn.Attestation.Tests.Tpm;
using Sojourn.Attestation.Tests.VectorCases;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli;
using Sojourn.Cli.Running;
using Sojourn.Cli.Trust.Enrolment;

namespace Sojourn.Attestation.Tests.Cli;

[Collection("swtpm")]
public sealed class TrustCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sojourn-trust-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task SimulatedEvidenceIsMadeAppraisedSignedAndCheckedByAThirdParty()
    {
        await File.WriteAllBytesAsync(In("policy.json"), AppraisalPolicy.Development.ToJson(indented: true));
        Assert.Equal(0, (await RunAsync("trust", "key", In("v.pem"))).Code);
        var quote = await RunAsync("trust", "quote", "--kind", "simulated", "--challenge", "0011223344", "--out", In("e.cbor"));
        Assert.Equal(0, quote.Code);
        Assert.Contains("simulated", quote.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("trust", "verify", In("e.cbor"), "--collateral", In("none"), "--output", "json")).Code);
        var good = await RunAsync("trust", "appraise", In("e.cbor"), "--challenge", "0011223344", "--policy", In("policy.json"), "--collateral", In("none"), "--sign", In("v.pem"), "--jwt", In("r.jwt"), "--cwt", In("r.cwt"));
        Assert.True(good.Code == 0, good.Output + good.Error);
        Assert.Equal(0, (await RunAsync("trust", "check", In("r.jwt"), "--key", In("v.pem.pub"))).Code);
        Assert.Equal(0, (await RunAsync("trust", "check", In("r.cwt"), "--key", In("v.pem.pub"))).Code);

        // Where a signed result is to go, and with which key, belong together.
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "appraise", In("e.cbor"), "--challenge", "00", "--collateral", In("none"), "--sign", In("v.pem"))).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "appraise", In("e.cbor"), "--challenge", "00", "--collateral", In("none"), "--jwt", In("x.jwt"))).Code);
        Assert.Equal(ExitCode.Refused, (await RunAsync("trust", "appraise", In("e.cbor"), "--challenge", "ff", "--policy", In("policy.json"), "--collateral", In("none"))).Code);
        var strict = await RunAsync("trust", "explain", In("e.cbor"), "--challenge", "0011223344", "--collateral", In("none"));
        Assert.Equal(ExitCode.Refused, strict.Code);
        Assert.Contains("SimulatedNotAllowed", strict.Output, StringComparison.Ordinal);
        Assert.Contains("What it does not prove", strict.Output, StringComparison.Ordinal);
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task ATpmIsEnrolledQuotedAndAppraised()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        await File.WriteAllBytesAsync(In("policy.json"), (AppraisalPolicy.Development with { MinimumLevel = TrustLevel.Tpm }).ToJson());
        var enrol = await RunAsync("trust", "enrol", "--tpm", tpm.Endpoint.ToString(), "--authority", In("ca.pem"), "--allow-unendorsed", "--collateral", In("c"), "--out", In("ak.der"));
        Assert.True(enrol.Code == 0, enrol.Error);
        Assert.Equal(0, (await RunAsync("trust", "collateral", "root", In("ca.pem"), "--enrolment", "--collateral", In("c"))).Code);
        Assert.DoesNotContain(Directory.EnumerateFiles(In("c"), "*", SearchOption.AllDirectories), path => File.ReadAllText(path).Contains("PRIVATE", StringComparison.Ordinal));
        var quote = await RunAsync("trust", "quote", "--kind", "tpm", "--tpm", tpm.Endpoint.ToString(), "--certificates", In("ak.der"), "--challenge", "abcd", "--out", In("e.cbor"));
        Assert.True(quote.Code == 0, quote.Error);
        var good = await RunAsync("trust", "explain", In("e.cbor"), "--challenge", "abcd", "--policy", In("policy.json"), "--collateral", In("c"));
        Assert.True(good.Code == 0, good.Output);
        Assert.Contains("that the operator cannot read the memory", good.Output, StringComparison.Ordinal);
    }

    /// <summary>The machine and the authority apart, with what a verifier needs of both; then the certificate is taken back.</summary>
    [ToolFact("swtpm", "swtpm_setup")]
    public async Task ATpmIsEnrolledElsewhereAndTakenBack()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var now = DateTimeOffset.UtcNow;
        var files = new AuthorityFiles(In("ca.pem"));
        await File.WriteAllTextAsync(files.Path, EnrolmentAuthority.Create("elsewhere", now, TimeSpan.FromDays(100)).ExportPem());
        using var authority = await files.OpenAsync(default);
        var known = Collateral.Empty;
        var rules = new EnrolmentRules { AllowUnendorsed = true };
        async Task<(int Code, string Output, string Error)> EnrolAsync(EnrolmentRules with, Collateral collateral)
        {
            await using var server = new EnrolmentServer(new EnrolmentServerOptions { Endpoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), Authority = authority, Files = files, Rules = with, Collateral = () => collateral });
            var address = await server.StartAsync(default);
            var enrolled = await RunAsync("trust", "enrol", "--tpm", tpm.Endpoint.ToString(), "--server", address, "--out", In("ak.der"));
            using var http = new HttpClient();
            await File.WriteAllBytesAsync(In("root.der"), await http.GetByteArrayAsync($"{address}/api/v1/enrolment/root"));
            await File.WriteAllBytesAsync(In("list.crl"), await http.GetByteArrayAsync($"{address}/api/v1/enrolment/list"));
            foreach (var (path, body) in new[] { ("/api/v1/enrolment", "{}"), ("/api/v1/enrolment", "{"), ("/api/v1/enrolment", "{\"endorsementKey\":\"AA==\",\"attestationKey\":\"AA==\"}"), ("/api/v1/enrolment/00", "{\"secret\":\"AA==\"}"), ("/api/v1/enrolment/00", "[]") })
            {
                using var response = await http.PostAsync(address + path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
                Assert.InRange((int)response.StatusCode, 400, 409);
            }

            return enrolled;
        }

        // swtpm's endorsement key chains to no vendor: refused, unless the authority's owner allows that; and never where it is revoked or not named.
        Assert.Equal(ExitCode.Refused, (await EnrolAsync(new EnrolmentRules(), known)).Code);
        Assert.False(File.Exists(In("ak.der")));
        var good = await EnrolAsync(rules, known);
        Assert.True(good.Code == 0, good.Error);
        var chip = (await File.ReadAllTextAsync(files.IssuedPath)).Split('\t')[2];
        Assert.True(ChipIdentity.TryParse(chip, out var name));
        Assert.Equal(ExitCode.Refused, (await EnrolAsync(rules, known.RevokeChips([name]))).Code);
        Assert.Equal(ExitCode.Refused, (await EnrolAsync(rules with { Chips = [new ChipIdentity("tpm-ek", "00")] }, known)).Code);
        Assert.Equal(0, (await EnrolAsync(rules with { Chips = [name] }, known)).Code);

        await File.WriteAllBytesAsync(In("policy.json"), (AppraisalPolicy.Development with { MinimumLevel = TrustLevel.Tpm, RequireRevocation = true }).ToJson());
        Assert.Equal(0, (await RunAsync("trust", "quote", "--kind", "tpm", "--tpm", tpm.Endpoint.ToString(), "--certificates", In("ak.der"), "--challenge", "abcd", "--out", In("e.cbor"))).Code);
        string[] appraise = ["trust", "appraise", In("e.cbor"), "--challenge", "abcd", "--policy", In("policy.json"), "--collateral", In("c")];
        Assert.Equal(0, (await RunAsync("trust", "collateral", "root", In("root.der"), "--enrolment", "--collateral", In("c"))).Code);
        Assert.Contains("RevocationNotChecked", (await RunAsync(appraise)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("trust", "collateral", "import", In("list.crl"), "--collateral", In("c"))).Code);
        var accepted = await RunAsync(appraise);
        Assert.True(accepted.Code == 0, accepted.Output);

        // Taken back by the TPM's name: the next list refuses what was good before.
        Assert.Equal(ExitCode.NotFound, (await RunAsync("trust", "authority", "revoke", "tpm-ek:00", "--authority", files.Path)).Code);
        Assert.Equal(0, (await RunAsync("trust", "authority", "revoke", chip, "--authority", files.Path)).Code);
        await File.WriteAllBytesAsync(In("later.crl"), files.List(authority, now.AddMinutes(10), TimeSpan.FromDays(7)));
        Assert.Equal(0, (await RunAsync("trust", "collateral", "import", In("later.crl"), "--collateral", In("c"))).Code);
        Assert.Contains("CertificateRevoked", (await RunAsync(appraise)).Output, StringComparison.Ordinal);
        // The list from before the revocation does not come back.
        Assert.Contains("not taken", (await RunAsync("trust", "collateral", "import", In("list.crl"), "--collateral", In("c"))).Output, StringComparison.Ordinal);
        Assert.Contains("CertificateRevoked", (await RunAsync(appraise)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AForeignBundlesRootNeedsItsName()
    {
        using var authority = EnrolmentAuthority.Create("foreign", DateTimeOffset.UtcNow, TimeSpan.FromDays(10));
        await File.WriteAllBytesAsync(In("b.zip"), Devices.CollateralStoreTests.Zip(("roots/tpm/enrolment-a.der", authority.Certificate.ToArray())));
        var refused = await RunAsync("trust", "collateral", "import", In("b.zip"), "--collateral", In("c"));
        Assert.Equal(ExitCode.Refused, refused.Code);
        var option = refused.Error[refused.Error.IndexOf("--accept-root enrolment:", StringComparison.Ordinal)..].Split('\n')[0].Trim().Split(' ');
        var taken = await RunAsync(["trust", "collateral", "import", In("b.zip"), "--collateral", In("c"), .. option]);
        Assert.True(taken.Code == 0, taken.Error);
        Assert.Contains("ROOT", (await RunAsync("trust", "collateral", "show", "--collateral", In("c"))).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "collateral", "import", In("b.zip"), "--collateral", In("c"), "--accept-root", "all")).Code);
    }

    [VectorFact("attestation/vectors.json")]
    public async Task CollateralOfARawReportIsFetchedByKind()
    {
        var item = VectorSet.All.First(item => item.Kind == "snp" && item.Verdict == "accept" && item.Paths("crl").Count > 0 && item.Entry.GetProperty("fields").GetProperty("version").GetInt32() >= 3);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var service = builder.Build();
        service.Urls.Add("http://127.0.0.1:0");
        service.MapGet("/vcek/v1/{**rest}", (string rest) => Microsoft.AspNetCore.Http.Results.Bytes(item.Read(rest.EndsWith("cert_chain", StringComparison.Ordinal) ? "chain" : rest.EndsWith("crl", StringComparison.Ordinal) ? "crl" : "leaf")!));
        await service.StartAsync();
        var report = VectorSet.FullPath(item.Paths("report")[0]);
        var fetched = await RunAsync("trust", "collateral", "fetch", "--for", report, "--kind", "snp", "--amd", service.Urls.First(), "--collateral", In("c"));
        Assert.True(fetched.Code == 0, fetched.Error);
        Assert.Contains("added", fetched.Output, StringComparison.Ordinal);
        var verify = await RunAsync("trust", "verify", report, "--kind", "snp", "--collateral", In("c"), "--at", item.Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
        Assert.True(verify.Code == 0, verify.Output);
        Assert.Equal(ExitCode.BadInput, (await RunAsync("trust", "collateral", "fetch", "--for", report, "--amd", service.Urls.First(), "--collateral", In("c"))).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "collateral", "fetch", "--for", report, "--kind", "what", "--amd", service.Urls.First(), "--collateral", In("c"))).Code);
    }

    [Fact]
    public async Task MeasurementsAreComputedFromWhatIsBooted()
    {
        await File.WriteAllBytesAsync(In("fw"), ReferenceTests.Firmware());
        await File.WriteAllBytesAsync(In("kernel"), [1]);
        await File.WriteAllBytesAsync(In("initrd"), [2]);
        var boot = new Sojourn.Attestation.References.DirectBoot(new byte[] { 1 }, new byte[] { 2 }, "console=ttyS0");
        var expected = Convert.ToHexStringLower(Sojourn.Attestation.References.SnpBoot.Measure(Sojourn.Attestation.References.SnpFirmware.TryRead(ReferenceTests.Firmware())!, boot, 2, 0xA10F10));
        var snp = await RunAsync("trust", "measure", "snp", "--firmware", In("fw"), "--kernel", In("kernel"), "--initrd", In("initrd"), "--append", "console=ttyS0", "--processors", "2", "--cpu", "genoa", "--output", "json");
        Assert.True(snp.Code == 0, snp.Error);
        Assert.Contains(expected, snp.Output, StringComparison.Ordinal);
        Assert.Contains(expected, (await RunAsync("trust", "measure", "snp", "--firmware", In("fw"), "--kernel", In("kernel"), "--initrd", In("initrd"), "--append", "console=ttyS0", "--processors", "2", "--cpu", "25.17.0")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadInput, (await RunAsync("trust", "measure", "snp", "--firmware", In("kernel"))).Code);
        Assert.Equal(ExitCode.BadInput, (await RunAsync("trust", "measure", "tdx", "--firmware", In("fw"))).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "measure", "snp", "--firmware", In("fw"), "--append", "x")).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "measure", "snp", "--firmware", In("fw"), "--cpu", "rome")).Code);
        Assert.Equal(ExitCode.BadInput, (await RunAsync("trust", "measure", "snp", "--firmware", In("fw"), "--processors", "0")).Code);
    }

    [VectorFact("attestation/vectors.json")]
    public async Task RawReportsAreReadByKind()
    {
        var item = VectorSet.All.First(item => item.Kind == "snp" && item.Verdict == "accept");
        Assert.Equal(0, (await RunAsync("trust", "collateral", "import", VectorSet.FullPath(item.Paths("chain")[0]), "--collateral", In("c"))).Code);
        var verify = await RunAsync("trust", "verify", VectorSet.FullPath(item.Paths("report")[0]), "--kind", "snp", "--certificates", VectorSet.FullPath(item.Paths("leaf")[0]), "--collateral", In("c"), "--at", item.Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), "--output", "yaml");
        Assert.True(verify.Code == 0, verify.Output + verify.Error);
        Assert.Contains("genuine", verify.Output, StringComparison.Ordinal);
        Assert.Contains("STALE", (await RunAsync("trust", "collateral", "import", VectorSet.FullPath("roots/amd/crl/milan-2022.crl.der"), "--collateral", In("c"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignedReferenceValuesAreTakenFromTheirEndorserAlone()
    {
        Directory.CreateDirectory(In("program"));
        await File.WriteAllTextAsync(In("program/one"), "1");
        Assert.Equal(0, (await RunAsync("trust", "key", In("e.pem"))).Code);
        Assert.Equal(0, (await RunAsync("trust", "key", In("other.pem"))).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("trust", "reference", In("program"), "--sign", In("e.pem"))).Code);
        var made = await RunAsync("trust", "reference", In("program"), "--sign", In("e.pem"), "--out", In("r.cose"));
        Assert.True(made.Code == 0, made.Error);
        Assert.Contains("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", made.Output, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(In("policy.json"), AppraisalPolicy.Development.ToJson());
        Assert.Equal(0, (await RunAsync("trust", "quote", "--kind", "simulated", "--challenge", "00", "--out", In("s.cbor"))).Code);
        string[] appraise = ["trust", "appraise", In("s.cbor"), "--challenge", "00", "--policy", In("policy.json"), "--collateral", In("none"), "--references", In("r.cose")];
        Assert.Equal(0, (await RunAsync([.. appraise, "--endorser", In("e.pem.pub")])).Code);
        Assert.Equal(ExitCode.Refused, (await RunAsync([.. appraise, "--endorser", In("other.pem.pub")])).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync(appraise)).Code);
    }

    [Theory]
    [InlineData(ExitCode.NotFound, "trust", "verify", "/nonexistent/file")]
    [InlineData(ExitCode.BadInput, "trust", "verify", "/dev/zero")]
    [InlineData(ExitCode.Usage, "trust", "enrol")]
    [InlineData(ExitCode.Usage, "trust", "enrol", "--authority", "a", "--server", "http://127.0.0.1:1")]
    [InlineData(ExitCode.Usage, "trust", "enrol", "--server", "nonsense")]
    [InlineData(ExitCode.NotFound, "trust", "authority", "revoke", "tpm-ek:00", "--authority", "/nonexistent/ca.pem")]
    [InlineData(ExitCode.NotFound, "trust", "authority", "list", "--authority", "/nonexistent/ca.pem")]
    [InlineData(ExitCode.Usage, "trust", "authority", "serve", "--authority", "/nonexistent/ca.pem", "--chip", "amd:00")]
    [InlineData(ExitCode.NotFound, "trust", "measure", "snp", "--firmware", "/nonexistent/fw")]
    [InlineData(ExitCode.Usage, "trust", "quote", "--tpm", "nonsense")]
    [InlineData(ExitCode.Unreachable, "trust", "quote", "--tpm", "unix:/nonexistent/tpm.sock")]
    [InlineData(ExitCode.Unreachable, "trust", "quote", "--kind", "snp")]
    public async Task FailuresAreToldInOneMessage(int code, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.Equal(code, run.Code);
        Assert.Contains("sojourn: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(folder, name);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var invocation = new CliInvocation { EnableDefaultExceptionHandler = false, Output = output, Error = error };
        var code = await RootCommands.InvokeAsync(arguments, invocation, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}
