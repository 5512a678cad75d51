using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Attestation.Results;
using Sojourn.Attestation.Simulated;
using Sojourn.Cli.Trust;

namespace Sojourn.Attestation.Tests.Cli;

public sealed class TrustServerTests : IAsyncLifetime
{
    private readonly string audit = Path.GetTempFileName();
    private readonly ResultSigner signer = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly HttpClient http = new();
    private TrustServer server = null!;

    public async Task InitializeAsync()
    {
        server = Server(AppraisalPolicy.Development);
        http.BaseAddress = new Uri(await server.StartAsync(default));
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        http.Dispose();
        signer.Dispose();
        File.Delete(audit);
    }

    [Fact]
    public async Task ThePassportIsGoodOnceForItsChallengeAndIsAudited()
    {
        var challenge = await ChallengeAsync();
        using var attester = new SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var evidence = await attester.AttestAsync(ReportData.ForChallenge(Convert.FromHexString(challenge)), default);
        var request = new JsonObject { ["evidence"] = Convert.ToBase64String(evidence.Encode()), ["challenge"] = challenge };
        var answer = await PostAsync(request, HttpStatusCode.OK);
        Assert.True(answer.GetProperty("accepted").GetBoolean());
        using var key = ECDsa.Create();
        key.ImportFromPem(await http.GetStringAsync("/api/v1/key"));
        var publicKey = key.ExportSubjectPublicKeyInfo();
        Assert.Equal(ResultFault.None, ResultVerifier.VerifyJwt(answer.GetProperty("jwt").GetString()!, publicKey, DateTimeOffset.UtcNow, out var claims));
        Assert.Equal(ResultFault.None, ResultVerifier.VerifyCwt(answer.GetProperty("cwt").GetBytesFromBase64(), publicKey, DateTimeOffset.UtcNow, out _));
        Assert.Equal("simulated", claims!.Level);

        // A second use of the challenge is a replay.
        await PostAsync(request, HttpStatusCode.Conflict);
        var line = JsonDocument.Parse((await File.ReadAllLinesAsync(audit)).Single()).RootElement;
        Assert.Equal(Convert.ToHexStringLower(evidence.Digest()), line.GetProperty("evidenceSha256").GetString());
    }

    [Fact]
    public async Task EvidenceForAnotherChallengeAndNonsenseAreRefused()
    {
        using var attester = new SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var evidence = await attester.AttestAsync(ReportData.ForChallenge("other"u8), default);
        var answer = await PostAsync(new JsonObject { ["evidence"] = Convert.ToBase64String(evidence.Encode()), ["challenge"] = await ChallengeAsync() }, HttpStatusCode.OK);
        Assert.False(answer.GetProperty("accepted").GetBoolean());
        Assert.Equal("ChallengeMismatch", answer.GetProperty("reasons")[0].GetProperty("name").GetString());
        Assert.Equal("contraindicated", answer.GetProperty("status").GetString());

        // Background check: a relying party asks about report data of a job.
        var data = ReportData.Compute(Bindings.Sample());
        var job = await attester.AttestAsync(data, default);
        Assert.True((await PostAsync(new JsonObject { ["evidence"] = Convert.ToBase64String(job.Encode()), ["reportData"] = data.ToString() }, HttpStatusCode.OK)).GetProperty("accepted").GetBoolean());

        await PostAsync(new JsonObject { ["evidence"] = "AAAA", ["challenge"] = "00" }, HttpStatusCode.BadRequest);
        await PostAsync(new JsonObject { ["challenge"] = "00" }, HttpStatusCode.BadRequest);
        using var garbage = await http.PostAsync("/api/v1/appraise", new StringContent("{", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, garbage.StatusCode);
    }

    [Fact]
    public async Task TheDescriptionNamesEveryPathThatIsServed()
    {
        var document = JsonDocument.Parse(await http.GetStringAsync("/openapi/v1.json")).RootElement;
        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            using var response = path.Value.TryGetProperty("get", out _) ? await http.GetAsync(path.Name) : await http.PostAsJsonAsync(path.Name, new { });
            Assert.NotEqual(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task TooManyRequestsAndUnpaidVerdictsAreRefused()
    {
        await using var strict = Server(AppraisalPolicy.Development, rate: 3, price: 5);
        using var client = new HttpClient { BaseAddress = new Uri(await strict.StartAsync(default)) };
        using var attester = new SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await attester.AttestAsync(data, default);
        var body = new JsonObject { ["evidence"] = Convert.ToBase64String(evidence.Encode()), ["reportData"] = data.ToString(), ["account"] = "nobody" }.ToJsonString();
        using var unpaid = await client.PostAsync("/api/v1/appraise", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.PaymentRequired, unpaid.StatusCode);
        HttpStatusCode last = default;
        for (var i = 0; i < 4; i++)
        {
            using var response = await client.GetAsync("/health");
            last = response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
    }

    private TrustServer Server(AppraisalPolicy policy, int rate = 1000, uint price = 0) => new(new TrustServerOptions
    {
        Endpoint = new IPEndPoint(IPAddress.Loopback, 0),
        Signer = signer,
        Issuer = "test",
        Policy = policy,
        Collateral = () => Collateral.Empty,
        AuditPath = audit,
        RequestsPerMinute = rate,
        Price = price,
    });

    private async Task<string> ChallengeAsync()
    {
        using var response = await http.PostAsync("/api/v1/challenge", null);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("challenge").GetString()!;
    }

    private async Task<JsonElement> PostAsync(JsonObject body, HttpStatusCode expected)
    {
        using var response = await http.PostAsync("/api/v1/appraise", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }
}
