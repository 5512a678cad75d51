using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sojourn.Attestation;
using Sojourn.Attestation.Results;

namespace Sojourn.Cli.Trust;

/// <summary>How a <see cref="TrustServer"/> works.</summary>
internal sealed record TrustServerOptions
{
    public required IPEndPoint Endpoint { get; init; }

    public required ResultSigner Signer { get; init; }

    public required string Issuer { get; init; }

    public required AppraisalPolicy Policy { get; init; }

    /// <summary>Reads collateral; asked again every <see cref="CollateralRefresh"/>.</summary>
    public required Func<Collateral> Collateral { get; init; }

    public TimeSpan CollateralRefresh { get; init; } = TimeSpan.FromMinutes(10);

    public string? AuditPath { get; init; }

    public UInt128 Price { get; init; }

    public IVerdictLedger? Ledger { get; init; }

    public int RequestsPerMinute { get; init; } = 600;

    public TimeSpan ResultLife { get; init; } = TimeSpan.FromMinutes(10);

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// A verifier over HTTP, for both models of RFC 9334: an attester sends its evidence and shows the signed result to others (passport), or a relying party sends evidence that it was
/// given (background check).
/// </summary>
internal sealed class TrustServer : IAsyncDisposable
{
    private const int BodyBytesMax = 24 * 1024 * 1024;
    private readonly TrustServerOptions options;
    private readonly Challenges challenges;
    private readonly WebApplication app;
    private readonly SemaphoreSlim audit = new(1, 1);
    private readonly Lock refreshing = new();
    private Collateral collateral;
    private DateTimeOffset loadedAt;

    public TrustServer(TrustServerOptions options)
    {
        this.options = options;
        challenges = new Challenges(options.Clock);
        collateral = options.Collateral();
        loadedAt = options.Clock.GetUtcNow();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Endpoint);
            kestrel.Limits.MaxRequestBodySize = BodyBytesMax;
            kestrel.AddServerHeader = false;
        });
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress?.ToString() ?? "",
                _ => new FixedWindowRateLimiterOptions { PermitLimit = options.RequestsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));
        });
        app = builder.Build();
        app.UseRateLimiter();
        app.MapGet("/health", () => Results.Text("ok"));
        app.MapGet("/openapi/v1.json", () => Results.Text(TrustOpenApi.Document, "application/json"));
        app.MapGet("/api/v1/key", () => Results.Text(PemEncoding.WriteString("PUBLIC KEY", options.Signer.PublicKey.Span) + "\n", "application/x-pem-file"));
        app.MapGet("/api/v1/policy", () => Results.Bytes(options.Policy.ToJson(), "application/json"));
        app.MapGet("/api/v1/prices", () => Json(new JsonObject { ["appraisal"] = options.Price.ToString(CultureInfo.InvariantCulture), ["unit"] = "smallest unit of the ledger's token" }));
        app.MapPost("/api/v1/challenge", () => Challenge());
        app.MapPost("/api/v1/appraise", context => AppraiseAsync(context));
    }

    public async Task<string> StartAsync(CancellationToken cancellation)
    {
        await app.StartAsync(cancellation).ConfigureAwait(false);
        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public Task WaitAsync(CancellationToken cancellation) => app.WaitForShutdownAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync().ConfigureAwait(false);
        audit.Dispose();
    }

    private static IResult Json(JsonObject body, int status = StatusCodes.Status200OK) => Results.Text(body.ToJsonString(), "application/json", statusCode: status);

    private static IResult Problem(int status, string what, string remedy) => Json(new JsonObject { ["error"] = what, ["remedy"] = remedy }, status);

    private IResult Challenge()
    {
        var (challenge, until) = challenges.Draw();
        return challenge is null
            ? Problem(StatusCodes.Status503ServiceUnavailable, "too many challenges are open", "Try again in a minute.")
            : Json(new JsonObject { ["challenge"] = Convert.ToHexStringLower(challenge), ["expires"] = until.ToUnixTimeSeconds() });
    }

    private async Task AppraiseAsync(HttpContext context) => await (await JudgeAsync(context).ConfigureAwait(false)).ExecuteAsync(context).ConfigureAwait(false);

    private async Task<IResult> JudgeAsync(HttpContext context)
    {
        byte[] bytes;
        ReportData expected;
        string account;
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 4 }, context.RequestAborted).ConfigureAwait(false);
            var root = body.RootElement;
            bytes = root.GetProperty("evidence").GetBytesFromBase64();
            account = root.TryGetProperty("account", out var payer) ? payer.GetString() ?? "" : "";
            var challenged = root.TryGetProperty("challenge", out var challenge);
            expected = challenged ? ReportData.ForChallenge(Convert.FromHexString(challenge.GetString()!)) : ReportData.FromDigest(Convert.FromHexString(root.GetProperty("reportData").GetString()!));
        }
        catch (BadHttpRequestException e)
        {
            return Problem(e.StatusCode, "the request cannot be read", "Send at most 24 MiB of JSON.");
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            return Problem(StatusCodes.Status400BadRequest, "the request is not understood", "Send evidence (base64) with challenge or reportData (hexadecimal); see /openapi/v1.json.");
        }

        if (!Evidence.TryDecode(bytes, out var evidence))
        {
            return Problem(StatusCodes.Status400BadRequest, "the evidence is not in its encoding", "Send what 'sojourn trust quote' writes.");
        }

        // One verdict per challenge: a second use is a replay. Report data names one job and is its own protection.
        if (expected.IsChallenge && !challenges.Take(expected.Bytes))
        {
            return Problem(StatusCodes.Status409Conflict, "the challenge was not drawn here, has expired, or was used before", "Draw a new one at /api/v1/challenge.");
        }

        var digest = evidence!.Digest();
        if (options.Price > 0 && (options.Ledger is null || !await options.Ledger.ChargeAsync(account, options.Price, digest, context.RequestAborted).ConfigureAwait(false)))
        {
            return Problem(StatusCodes.Status402PaymentRequired, $"a verdict costs {options.Price} and could not be charged to \"{account}\"", "Name an account with enough free balance; see /api/v1/prices.");
        }

        var now = options.Clock.GetUtcNow();
        var result = Appraiser.Appraise(Verifier.Verify(evidence, Current(now), now), evidence, options.Policy, expected, now);
        var claims = ResultClaims.From(result, options.Issuer, expected, options.ResultLife);
        await AuditAsync(context, result, account).ConfigureAwait(false);
        return Json(new JsonObject
        {
            ["accepted"] = result.Accepted,
            ["status"] = claims.Status,
            ["reasons"] = new JsonArray([.. result.Reasons.Select(reason => (JsonNode)new JsonObject { ["name"] = reason.Name, ["words"] = reason.Words, ["remedy"] = reason.Remedy })]),
            ["jwt"] = options.Signer.SignJwt(claims),
            ["cwt"] = Convert.ToBase64String(options.Signer.SignCwt(claims)),
        });
    }

    private Collateral Current(DateTimeOffset now)
    {
        lock (refreshing)
        {
            if (now - loadedAt >= options.CollateralRefresh)
            {
                try
                {
                    collateral = options.Collateral();
                }
                catch (CollateralException)
                {
                    // A file that is being replaced must not stop the service; what was read before holds until it expires by itself.
                }

                loadedAt = now;
            }

            return collateral;
        }
    }

    private async Task AuditAsync(HttpContext context, AttestationResult result, string account)
    {
        if (options.AuditPath is null)
        {
            return;
        }

        var line = new JsonObject
        {
            ["at"] = result.AppraisedAt.ToString("u"),
            ["peer"] = context.Connection.RemoteIpAddress?.ToString(),
            ["account"] = account,
            ["charged"] = options.Price.ToString(CultureInfo.InvariantCulture),
            ["evidenceSha256"] = Convert.ToHexStringLower(result.EvidenceDigest.Span),
            ["policySha256"] = Convert.ToHexStringLower(result.PolicyDigest.Span),
            ["chip"] = result.Chip.ToString(),
            ["accepted"] = result.Accepted,
            ["reasons"] = new JsonArray([.. result.Reasons.Select(reason => (JsonNode)reason.Name)]),
        };
        await audit.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await File.AppendAllTextAsync(options.AuditPath, line.ToJsonString() + "\n", CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            audit.Release();
        }
    }
}

/// <summary>Challenges that were drawn and not yet used; bounded in number and life.</summary>
internal sealed class Challenges(TimeProvider clock)
{
    private const int OpenMax = 10_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private readonly Dictionary<string, DateTimeOffset> open = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    public (byte[]? Challenge, DateTimeOffset Until) Draw()
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            if (open.Count >= OpenMax)
            {
                foreach (var old in open.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
                {
                    open.Remove(old);
                }
            }

            if (open.Count >= OpenMax)
            {
                return (null, now);
            }

            var challenge = RandomNumberGenerator.GetBytes(32);
            open[Convert.ToHexStringLower(challenge)] = now + Life;
            return (challenge, now + Life);
        }
    }

    public bool Take(ReadOnlySpan<byte> challenge)
    {
        lock (gate)
        {
            return open.Remove(Convert.ToHexStringLower(challenge), out var until) && until > clock.GetUtcNow();
        }
    }
}
