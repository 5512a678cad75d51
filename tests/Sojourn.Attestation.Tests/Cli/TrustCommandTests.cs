using Sojourn.Attestation.Tests.Tpm;
using Sojourn.Attestation.Tests.VectorCases;
using Sojourn.Cli;
using Sojourn.Cli.Running;

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
