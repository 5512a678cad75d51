using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Sojourn.Attestation;
using Sojourn.Attestation.Results;
using Sojourn.Primitives;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>
/// A verifier over HTTP, for both models of RFC 9334: an attester sends its evidence and shows the signed result to others (passport), or a relying party sends evidence that it was
/// given (background check). Every request ends in a verdict or in a refusal with a closed reason.
/// </summary>
internal sealed class TrustServer : IAsyncDisposable
{
    private const int BodyBytesMax = 24 * 1024 * 1024;
    private const string Remedy = "Send evidence (base64) with challenge or reportData (hexadecimal), at most 24 MiB of JSON; see /openapi/v1.json.";
    private static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(5);
    private readonly TrustServerOptions options;
    private readonly Challenges challenges;
    private readonly WebApplication app;
    private readonly AuditLog audit;
    private readonly SemaphoreSlim turns;
    private readonly Lock refreshing = new();
    private Collateral collateral;
    private DateTimeOffset loadedAt;

    public TrustServer(TrustServerOptions options)
    {
        this.options = options;
        challenges = new Challenges(options.Clock);
        turns = new SemaphoreSlim(options.AtOnce, options.AtOnce);
        collateral = options.Collateral();
        loadedAt = options.Clock.GetUtcNow();
        audit = new AuditLog(options.AuditPath);
        app = Http.Build(options.Endpoint, BodyBytesMax, options.RequestsPerMinute);
        app.MapGet("/health", () => audit.Failed ? Results.Text("the audit log cannot be written", statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text("ok"));
        app.MapGet("/openapi/v1.json", () => Results.Text(TrustOpenApi.Document, "application/json"));
        app.MapGet("/api/v1/key", () => Results.Text(PemEncoding.WriteString("PUBLIC KEY", options.Signer.PublicKey.Span) + "\n", "application/x-pem-file"));
        app.MapGet("/api/v1/policy", () => Results.Bytes(options.Policy.ToJson(), "application/json"));
        app.MapGet("/api/v1/prices", () => Http.Json(new JsonObject
        {
            ["appraisal"] = options.Price.ToString(CultureInfo.InvariantCulture),
            ["unit"] = "smallest unit of the ledger's token",
            ["verifier"] = options.Signer.KeyId,
        }));
        app.MapPost("/api/v1/challenge", Challenge);
        app.MapPost("/api/v1/appraise", context => AppraiseAsync(context));
    }

    public Task<string> StartAsync(CancellationToken cancellation) => Http.StartAsync(app, cancellation);

    public Task WaitAsync(CancellationToken cancellation) => app.WaitForShutdownAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync().ConfigureAwait(false);
        await audit.DisposeAsync().ConfigureAwait(false);
        turns.Dispose();
    }

    private IResult Challenge()
    {
        var (challenge, until) = challenges.Draw();
        return Http.Json(new JsonObject { ["challenge"] = Convert.ToHexStringLower(challenge), ["expires"] = until.ToUnixTimeSeconds() });
    }

    private async Task AppraiseAsync(HttpContext context)
    {
        IResult answer;
        var turn = false;
        try
        {
            turn = await turns.WaitAsync(TurnPatience, context.RequestAborted).ConfigureAwait(false);
            answer = turn ? await JudgeAsync(context).ConfigureAwait(false)
                : new RequestRefusal(RefusalReason.Busy, "too many requests are being judged", "Try again in a few seconds.").ToResult();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A fault of ours, of the ledger or of the disk: told as such, never as a verdict.
            answer = await FaultAsync(context, e).ConfigureAwait(false);
        }
        finally
        {
            if (turn)
            {
                turns.Release();
            }
        }

        await answer.ExecuteAsync(context).ConfigureAwait(false);
    }

    private async Task<IResult> JudgeAsync(HttpContext context)
    {
        if (!await audit.TryResumeAsync(options.Clock.GetUtcNow()).ConfigureAwait(false))
        {
            return RequestRefusal.Internal.ToResult();
        }

        var (request, refusal) = await Http.ReadAsync(context, options.BodyTimeout, AppraisalRequest.Read, Remedy).ConfigureAwait(false);
        if (request is null)
        {
            return refusal!.ToResult();
        }

        if (!Evidence.TryDecode(request.Evidence, out var evidence))
        {
            return new RequestRefusal(RefusalReason.EvidenceEncoding, "the evidence is not in its encoding", "Send what 'sojourn trust quote' writes.").ToResult();
        }

        var digest = evidence!.Digest();
        if (options.Price > 0 && !Authorised(request, digest))
        {
            return new RequestRefusal(
                RefusalReason.PaymentNotAuthorised,
                $"a verdict costs {options.Price}, and the account that is to pay has not signed for it",
                "Give account, authorization (its signature, EIP-191) and, with reportData, paymentChallenge; see /openapi/v1.json.").ToResult();
        }

        // One verdict per challenge: a second use is a replay. Report data names one job and is its own protection. What is drawn is given back where no verdict comes of it.
        var taken = new List<byte[]>();
        try
        {
            if (Take(request, taken) is { } unfit)
            {
                return unfit.ToResult();
            }

            var answer = await VerdictAsync(context, request, evidence, digest).ConfigureAwait(false);
            if (answer.Given)
            {
                taken.Clear();
            }

            return answer.Result;
        }
        finally
        {
            taken.ForEach(challenge => challenges.Return(challenge));
        }
    }

    private bool Authorised(AppraisalRequest request, byte[] digest) =>
        request.Account is { } account && request.PaymentChallenge.Length > 0
        && VerdictPayment.IsBy(account, VerdictPayment.Text(options.Signer.KeyId, account, options.Price, digest, request.PaymentChallenge), request.Authorization);

    private RequestRefusal? Take(AppraisalRequest request, List<byte[]> taken)
    {
        var wanted = new List<byte[]>();
        if (request.Expected.IsChallenge)
        {
            wanted.Add(request.Expected.Bytes.ToArray());
        }

        if (options.Price > 0 && !wanted.Exists(challenge => challenge.AsSpan().SequenceEqual(request.PaymentChallenge)))
        {
            wanted.Add(request.PaymentChallenge);
        }

        foreach (var challenge in wanted)
        {
            switch (challenges.Take(challenge))
            {
                case ChallengeState.Good:
                    taken.Add(challenge);
                    break;
                case ChallengeState.Used:
                    return new(RefusalReason.ChallengeUsed, "the challenge was used before", "Draw a new one at /api/v1/challenge.");
                case ChallengeState.Full:
                    return new(RefusalReason.Busy, "too many challenges were used within five minutes", "Try again in a minute.");
                default:
                    return new(RefusalReason.ChallengeUnknown, "the challenge was not drawn here, or has expired", "Draw a new one at /api/v1/challenge.");
            }
        }

        return null;
    }

    private async Task<(IResult Result, bool Given)> VerdictAsync(HttpContext context, AppraisalRequest request, Evidence evidence, byte[] digest)
    {
        var now = options.Clock.GetUtcNow();
        var result = Appraiser.Appraise(Verifier.Verify(evidence, Current(now), now), evidence, options.Policy, request.Expected, now);
        if (options.Price > 0 && (options.Ledger is null || !await options.Ledger.ChargeAsync(request.Account!.Value.ToString(), options.Price, digest, context.RequestAborted).ConfigureAwait(false)))
        {
            await audit.AppendAsync(Line(context, "unpaid", request.Account)).ConfigureAwait(false);
            return (new RequestRefusal(RefusalReason.PaymentRefused, $"a verdict costs {options.Price} and could not be charged to {request.Account}", "Name an account with enough free balance; see /api/v1/prices.").ToResult(), false);
        }

        var claims = ResultClaims.From(result, options.Issuer, request.Expected, options.ResultLife);
        await audit.AppendAsync(Line(context, result, request.Account)).ConfigureAwait(false);
        return (Http.Json(new JsonObject
        {
            ["accepted"] = result.Accepted,
            ["status"] = claims.Status,
            ["reasons"] = new JsonArray([.. result.Reasons.Select(reason => (JsonNode)new JsonObject { ["name"] = reason.Name, ["words"] = reason.Words, ["remedy"] = reason.Remedy })]),
            ["jwt"] = options.Signer.SignJwt(claims),
            ["cwt"] = Convert.ToBase64String(options.Signer.SignCwt(claims)),
        }), true);
    }

    private async Task<IResult> FaultAsync(HttpContext context, Exception exception)
    {
        try
        {
            var line = Line(context, "fault", null);
            line["fault"] = exception.GetType().Name;
            await audit.AppendAsync(line).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The log itself is what failed: AuditLog.Failed says so at /health.
        }

        return RequestRefusal.Internal.ToResult();
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
                catch (Exception e) when (e is CollateralException or IOException or UnauthorizedAccessException)
                {
                    // A file that is being replaced must not stop the service; what was read before holds until it expires by itself.
                }

                loadedAt = now;
            }

            return collateral;
        }
    }

    private JsonObject Line(HttpContext context, string outcome, Address? account) => new()
    {
        ["at"] = options.Clock.GetUtcNow().ToString("u", CultureInfo.InvariantCulture),
        ["outcome"] = outcome,
        ["peer"] = context.Connection.RemoteIpAddress?.ToString(),
        ["account"] = account?.ToString() ?? "",
    };

    private JsonObject Line(HttpContext context, AttestationResult result, Address? account)
    {
        var line = Line(context, "verdict", account);
        line["charged"] = options.Price.ToString(CultureInfo.InvariantCulture);
        line["evidenceSha256"] = Convert.ToHexStringLower(result.EvidenceDigest.Span);
        line["policySha256"] = Convert.ToHexStringLower(result.PolicyDigest.Span);
        line["chip"] = result.Chip.ToString();
        line["accepted"] = result.Accepted;
        line["reasons"] = new JsonArray([.. result.Reasons.Select(reason => (JsonNode)reason.Name)]);
        return line;
    }
}
