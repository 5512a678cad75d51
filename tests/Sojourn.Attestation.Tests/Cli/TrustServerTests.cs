using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Attestation.Results;
using Sojourn.Attestation.Simulated;
using Sojourn.Cli.Trust.Serving;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;

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
        var line = (await AuditedAsync()).Single();
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
        var body = new JsonObject { ["evidence"] = Convert.ToBase64String(evidence.Encode()), ["reportData"] = data.ToString() }.ToJsonString();
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

    [Fact]
    public async Task WhatIsNotARequestIsRefusedWithAClosedReason()
    {
        using var attester = new SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var evidence = Convert.ToBase64String((await attester.AttestAsync(ReportData.ForChallenge("other"u8), default)).Encode());
        var data = new string('0', 128);
        async Task Refused(string body, string type, HttpStatusCode status, RefusalReason reason)
        {
            using var response = await http.PostAsync("/api/v1/appraise", new StringContent(body, Encoding.UTF8, type));
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(status == response.StatusCode, text);
            Assert.Equal(reason.ToString(), JsonDocument.Parse(text).RootElement.GetProperty("reason").GetString());
        }

        await Refused("{}", "text/plain", HttpStatusCode.UnsupportedMediaType, RefusalReason.NotJson);
        await Refused("{}", "application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType, RefusalReason.NotJson);
        foreach (var body in new[]
        {
            "", "{", "[]", "null", "7", "{\"evidence\":7}", $"{{\"evidence\":\"{evidence}\"}}", $"{{\"evidence\":\"{evidence}\",\"challenge\":\"\"}}", $"{{\"evidence\":\"{evidence}\",\"challenge\":\"xyz\"}}",
            $"{{\"evidence\":\"{evidence}\",\"challenge\":null}}", $"{{\"evidence\":\"{evidence}\",\"reportData\":\"00\"}}", $"{{\"evidence\":\"{evidence}\",\"reportData\":\"{data}\",\"challenge\":\"00\"}}",
            $"{{\"evidence\":\"{evidence}\",\"reportData\":\"{data}\",\"account\":\"nobody\"}}", $"{{\"evidence\":\"{evidence}\",\"reportData\":\"{data}\",\"evidence\":\"\"}}",
            $"{{\"evidence\":\"{evidence}\",\"reportdata\":\"{data}\"}}", new string('[', 64),
        })
        {
            await Refused(body, "application/json", HttpStatusCode.BadRequest, RefusalReason.NotUnderstood);
        }

        await Refused($"{{\"evidence\":\"AAAA\",\"reportData\":\"{data}\"}}", "application/json", HttpStatusCode.BadRequest, RefusalReason.EvidenceEncoding);
        await Refused($"{{\"evidence\":\"{evidence}\",\"challenge\":\"{new string('0', 64)}\"}}", "application/json", HttpStatusCode.Conflict, RefusalReason.ChallengeUnknown);
        Assert.Empty(await AuditedAsync());
    }

    [Fact]
    public async Task AFaultOfTheServiceIsToldAsOneAndGivesTheChallengeBack()
    {
        var broken = true;
        var clock = new FixedClock(DateTimeOffset.UtcNow);
        var ledger = new Ledger(_ => broken ? throw new InvalidOperationException("the ledger is away") : true);
        await using var paid = Server(AppraisalPolicy.Development, price: 5, ledger: ledger, clock: clock);
        using var client = new HttpClient { BaseAddress = new Uri(await paid.StartAsync(default)) };
        using var payer = Secp256k1Identity.Generate();
        var challenge = await ChallengeAsync(client);
        var request = await PaidAsync(challenge, payer, price: 5);
        Assert.Equal("Internal", await ReasonAsync(client, request, HttpStatusCode.InternalServerError));
        Assert.Equal("fault", (await AuditedAsync()).Single().GetProperty("outcome").GetString());
        broken = false;
        using var answer = await client.PostAsync("/api/v1/appraise", new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal((payer.Address.ToString(), (UInt128)5), ledger.Charged.Single());
        Assert.Equal("ChallengeUsed", await ReasonAsync(client, request, HttpStatusCode.Conflict));
        Assert.Single(ledger.Charged);
    }

    [Fact]
    public async Task OnlyTheAccountItselfPays()
    {
        var balance = 0;
        var ledger = new Ledger(_ => balance > 0);
        await using var paid = Server(AppraisalPolicy.Development, price: 5, ledger: ledger);
        using var client = new HttpClient { BaseAddress = new Uri(await paid.StartAsync(default)) };
        using var payer = Secp256k1Identity.Generate();
        using var thief = Secp256k1Identity.Generate();
        var challenge = await ChallengeAsync(client);
        var request = await PaidAsync(challenge, payer, price: 5);
        foreach (var (member, value) in new[] { ("account", thief.Address.ToString()), ("authorization", new string('0', 130)), ("authorization", "00"), ("paymentChallenge", new string('0', 64)) })
        {
            var changed = JsonNode.Parse(request.ToJsonString())!.AsObject();
            changed[member] = value;
            Assert.Equal("PaymentNotAuthorised", await ReasonAsync(client, changed, HttpStatusCode.PaymentRequired));
        }

        var unsigned = JsonNode.Parse(request.ToJsonString())!.AsObject();
        unsigned.Remove("authorization");
        Assert.Equal("PaymentNotAuthorised", await ReasonAsync(client, unsigned, HttpStatusCode.PaymentRequired));
        Assert.Equal("PaymentNotAuthorised", await ReasonAsync(client, await PaidAsync(challenge, payer, price: 4), HttpStatusCode.PaymentRequired));
        Assert.Empty(ledger.Charged);

        // An empty account gets no verdict, and keeps its challenge.
        Assert.Equal("PaymentRefused", await ReasonAsync(client, request, HttpStatusCode.PaymentRequired));
        balance = 1;
        using var answer = await client.PostAsync("/api/v1/appraise", new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        // With report data, the payment names a challenge of its own, once.
        var job = ReportData.Compute(Bindings.Sample());
        var drawn = await ChallengeAsync(client);
        var background = await PaidAsync(drawn, payer, price: 5, job);
        using var second = await client.PostAsync("/api/v1/appraise", new StringContent(background.ToJsonString(), Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal("ChallengeUsed", await ReasonAsync(client, background, HttpStatusCode.Conflict));
        Assert.Equal(2, ledger.Charged.Count);
    }

    [Fact]
    public void ChallengesEndAndCannotBeMade()
    {
        var clock = new FixedClock(DateTimeOffset.UtcNow);
        var challenges = new Challenges(clock);
        var (challenge, until) = challenges.Draw();
        var forged = challenge.ToArray();
        forged[0] ^= 1;
        Assert.Equal(ChallengeState.Unknown, challenges.Take(forged));
        Assert.Equal(ChallengeState.Unknown, new Challenges(clock).Take(challenge));
        Assert.Equal(ChallengeState.Unknown, challenges.Take(challenge.AsSpan(1)));
        Assert.Equal(ChallengeState.Good, challenges.Take(challenge));
        Assert.Equal(ChallengeState.Used, challenges.Take(challenge));
        challenges.Return(challenge);
        clock.Now = until.AddSeconds(1);
        Assert.Equal(ChallengeState.Unknown, challenges.Take(challenge));
    }

    private async Task<JsonObject> PaidAsync(string challenge, Secp256k1Identity payer, uint price, ReportData? job = null)
    {
        using var attester = new SimulatedAttester(new byte[32], new byte[32], TimeProvider.System);
        var evidence = await attester.AttestAsync(job ?? ReportData.ForChallenge(Convert.FromHexString(challenge)), default);
        var text = VerdictPayment.Text(signer.KeyId, payer.Address, price, evidence.Digest(), Convert.FromHexString(challenge));
        var request = new JsonObject
        {
            ["evidence"] = Convert.ToBase64String(evidence.Encode()),
            ["account"] = payer.Address.ToString(),
            ["authorization"] = Convert.ToHexStringLower(payer.Sign(PersonalMessage.Digest(text)).ToBytes()),
        };
        request[job is null ? "challenge" : "paymentChallenge"] = challenge;
        if (job is not null)
        {
            request["reportData"] = job.ToString();
        }

        return request;
    }

    private static async Task<string> ReasonAsync(HttpClient client, JsonObject body, HttpStatusCode expected)
    {
        using var response = await client.PostAsync("/api/v1/appraise", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("reason").GetString()!;
    }

    private async Task<IReadOnlyList<JsonElement>> AuditedAsync()
    {
        using var reader = new StreamReader(new FileStream(audit, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static async Task<string> ChallengeAsync(HttpClient client)
    {
        using var response = await client.PostAsync("/api/v1/challenge", null);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("challenge").GetString()!;
    }

    private sealed class Ledger(Func<string, bool> pays) : IVerdictLedger
    {
        public List<(string Account, UInt128 Price)> Charged { get; } = [];

        public ValueTask<bool> ChargeAsync(string account, UInt128 price, ReadOnlyMemory<byte> evidenceDigest, CancellationToken cancellation)
        {
            var paid = pays(account);
            if (paid)
            {
                Charged.Add((account, price));
            }

            return ValueTask.FromResult(paid);
        }
    }

    private TrustServer Server(AppraisalPolicy policy, int rate = 1000, uint price = 0, IVerdictLedger? ledger = null, TimeProvider? clock = null) => new(new TrustServerOptions
    {
        Ledger = ledger,
        Clock = clock ?? TimeProvider.System,
        Endpoint = new IPEndPoint(IPAddress.Loopback, 0),
        Signer = signer,
        Issuer = "test",
        Policy = policy,
        Collateral = () => Collateral.Empty,
        AuditPath = audit,
        RequestsPerMinute = rate,
        Price = price,
    });

    private Task<string> ChallengeAsync() => ChallengeAsync(http);

    private async Task<JsonElement> PostAsync(JsonObject body, HttpStatusCode expected)
    {
        using var response = await http.PostAsync("/api/v1/appraise", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }
}
