using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Sojourn.Attestation;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli.Trust.Serving;

namespace Sojourn.Cli.Trust.Enrolment;

/// <summary>How an <see cref="EnrolmentServer"/> works.</summary>
internal sealed record EnrolmentServerOptions
{
    public required IPEndPoint Endpoint { get; init; }

    public required EnrolmentAuthority Authority { get; init; }

    public required AuthorityFiles Files { get; init; }

    public required EnrolmentRules Rules { get; init; }

    /// <summary>Read anew for each request: a revocation counts from the moment it is written.</summary>
    public required Func<Collateral> Collateral { get; init; }

    public TimeSpan ListLife { get; init; } = TimeSpan.FromDays(7);

    public int RequestsPerMinute { get; init; } = 60;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Enrolment over HTTP: a machine sends its endorsement certificate and keys, has its TPM open the challenge, and gets a certificate for its attestation key. Nothing secret
/// crosses the line but the answer to the challenge, which is worth something once.
/// </summary>
internal sealed class EnrolmentServer : IAsyncDisposable
{
    private const int BodyBytesMax = 256 * 1024;
    private const int PendingMax = 1000;
    private static readonly TimeSpan PendingLife = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan BodyTimeout = TimeSpan.FromSeconds(15);
    private readonly EnrolmentServerOptions options;
    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly Dictionary<string, (PendingEnrolment Pending, DateTimeOffset Until)> pending = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim turn = new(1, 1);

    public EnrolmentServer(EnrolmentServerOptions options)
    {
        this.options = options;
        app = Http.Build(options.Endpoint, BodyBytesMax, options.RequestsPerMinute);
        app.MapGet("/health", () => Results.Text("ok"));
        app.MapGet("/api/v1/enrolment/root", () => Results.Bytes(options.Authority.Certificate.ToArray(), "application/pkix-cert"));
        app.MapGet("/api/v1/enrolment/list", ServeListAsync);
        app.MapPost("/api/v1/enrolment", ServeRequestAsync);
        app.MapPost("/api/v1/enrolment/{id}", ServeAnswerAsync);
    }

    public Task<string> StartAsync(CancellationToken cancellation) => Http.StartAsync(app, cancellation);

    public Task WaitAsync(CancellationToken cancellation) => app.WaitForShutdownAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync().ConfigureAwait(false);
        turn.Dispose();
    }

    private Task ServeListAsync(HttpContext context) => ServeAsync(context, _ => Task.FromResult(Results.Bytes(options.Files.List(options.Authority, options.Clock.GetUtcNow(), options.ListLife), "application/pkix-crl")));

    private Task ServeRequestAsync(HttpContext context) => ServeAsync(context, RequestAsync);

    private Task ServeAnswerAsync(HttpContext context) => ServeAsync(context, AnswerAsync);

    private static async Task ServeAsync(HttpContext context, Func<HttpContext, Task<IResult>> work)
    {
        IResult answer;
        try
        {
            answer = await work(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            answer = RequestRefusal.Internal.ToResult();
        }

        await answer.ExecuteAsync(context).ConfigureAwait(false);
    }

    private async Task<IResult> RequestAsync(HttpContext context)
    {
        var (request, refusal) = await Http.ReadAsync(context, BodyTimeout, Read, "Send endorsementCertificate, endorsementKey and attestationKey (base64), as 'sojourn trust enrol --server' does.").ConfigureAwait(false);
        if (request is null)
        {
            return refusal!.ToResult();
        }

        var now = options.Clock.GetUtcNow();
        var decision = options.Authority.Challenge(request, options.Collateral(), now, options.Rules);
        if (decision.Pending is not { } made)
        {
            return new RequestRefusal(RefusalReason.NotEnrolled, string.Join("; ", decision.Findings.Select(finding => $"{finding.Fault}: {finding.Detail}")), "The authority's owner decides whom it enrols.").ToResult();
        }

        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        lock (gate)
        {
            foreach (var old in pending.Where(pair => pair.Value.Until <= now).Select(pair => pair.Key).ToList())
            {
                pending.Remove(old);
            }

            if (pending.Count >= PendingMax)
            {
                return new RequestRefusal(RefusalReason.Busy, "too many enrolments are under way", "Try again in a few minutes.").ToResult();
            }

            pending[id] = (made, now + PendingLife);
        }

        return Http.Json(new JsonObject
        {
            ["id"] = id,
            ["idObject"] = Convert.ToBase64String(made.Challenge.IdObject.Span),
            ["encryptedSecret"] = Convert.ToBase64String(made.Challenge.EncryptedSecret.Span),
        });
    }

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var id = context.Request.RouteValues["id"]?.ToString() ?? "";
        var (secret, refusal) = await Http.ReadAsync(context, BodyTimeout, root =>
        {
            Http.OnlyMembers(root, "secret");
            return root.GetProperty("secret").GetBytesFromBase64();
        }, "Send secret (base64): what the TPM gave back.").ConfigureAwait(false);
        if (secret is null)
        {
            return refusal!.ToResult();
        }

        var now = options.Clock.GetUtcNow();
        (PendingEnrolment Pending, DateTimeOffset Until) waiting;
        lock (gate)
        {
            // One attempt: whoever guesses does not get a second one.
            if (!pending.Remove(id, out waiting) || waiting.Until <= now)
            {
                return new RequestRefusal(RefusalReason.ChallengeUnknown, "no such enrolment is under way, or it has ended", "Begin again.").ToResult();
            }
        }

        // A TPM that was revoked between the two messages is not enrolled.
        if (options.Collateral().RevokedChips.Contains(new ChipIdentity("tpm-ek", Convert.ToHexStringLower(waiting.Pending.EndorsementKeyDigest.Span)))
            || options.Authority.Complete(waiting.Pending, secret, now) is not { } certificates)
        {
            return new RequestRefusal(RefusalReason.NotEnrolled, "the answer is wrong: this TPM does not hold both keys", "Begin again on the machine whose TPM it is.").ToResult();
        }

        await turn.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            await options.Files.RecordAsync(options.Authority, waiting.Pending, certificates, now).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }

        return Http.Json(new JsonObject { ["certificates"] = Convert.ToBase64String(certificates), ["vendorEndorsed"] = waiting.Pending.VendorEndorsed });
    }

    private static EnrolmentRequest Read(JsonElement root)
    {
        Http.OnlyMembers(root, "endorsementCertificate", "endorsementKey", "attestationKey");
        return new EnrolmentRequest(
            root.TryGetProperty("endorsementCertificate", out var certificate) ? certificate.GetBytesFromBase64() : [],
            root.GetProperty("endorsementKey").GetBytesFromBase64(),
            root.GetProperty("attestationKey").GetBytesFromBase64());
    }
}
