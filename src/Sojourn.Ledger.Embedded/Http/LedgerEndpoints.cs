using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>Serves a ledger over HTTP below <c>/api/v1/ledger</c>: transactions in, views as JSON, events as server-sent events, blocks for replicas.</summary>
public static class LedgerEndpoints
{
    /// <summary>Where everything is.</summary>
    public const string Root = "/api/v1/ledger";

    private const int ListenersMax = 512;
    private const int BatchMax = 256;
    private static int s_listeners;

    /// <summary>Maps the endpoints: those of the port for any ledger, those of blocks and receipts for an embedded one besides.</summary>
    /// <param name="routes">Where to.</param>
    /// <param name="ledger">The ledger.</param>
    public static RouteGroupBuilder MapLedger(this IEndpointRouteBuilder routes, ILedger ledger)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(ledger);
        var group = routes.MapGroup(Root);
        if (ledger is EmbeddedLedger own)
        {
            group.AddEndpointFilter((context, next) => AnswerAsync(context, next, own));
        }

        group.MapGet("/genesis", () => Results.Bytes(GenesisCodec.Encode(ledger.Genesis), "application/cbor"));
        group.MapGet("/head", async (CancellationToken cancellation) => Json(await ledger.HeadAsync(cancellation).ConfigureAwait(false)));
        group.MapPost("/transactions", (Delegate)((HttpContext context) => SubmitBodyAsync(context, ledger)));
        group.MapGet("/accounts/{address}", (string address, CancellationToken cancellation) => With(address, async parsed => Json(await ledger.AccountAsync(parsed, cancellation).ConfigureAwait(false))));
        group.MapGet("/accounts/{address}/lines", (string address, string? job, int? max, CancellationToken cancellation) => With(address, async parsed =>
            job is not null && !Digest.TryParse(job, out _) ? Bad("job") : Json(await ledger.ExplainAsync(parsed, job is null ? null : Digest.Parse(job), max ?? 100, cancellation).ConfigureAwait(false))));
        group.MapGet("/nodes", async (string? after, int? max, CancellationToken cancellation) =>
            after is not null && !Address.TryParse(after, out _) ? Bad("after") : Json(await ledger.NodesAsync(after is null ? default : Address.Parse(after), max ?? 1000, cancellation).ConfigureAwait(false)));
        group.MapGet("/nodes/{address}", (string address, CancellationToken cancellation) => With(address, async parsed => JsonOr404(await ledger.NodeAsync(parsed, cancellation).ConfigureAwait(false))));
        group.MapGet("/offers", async (string? owner, string? content, bool? open, int? max, string? after, CancellationToken cancellation) =>
        {
            Cid? cid = null;
            return after is not null && !Digest.TryParse(after, out _) ? Bad("after")
                : owner is not null && !Address.TryParse(owner, out _) ? Bad("owner")
                : content is not null && !Cid.TryParse(content, out cid) ? Bad("content")
                : Json(await ledger.OffersAsync(new OfferQuery(owner is null ? null : Address.Parse(owner), cid, open ?? true, max ?? 1000, after is null ? null : Digest.Parse(after)), cancellation).ConfigureAwait(false));
        });
        group.MapGet("/offers/{id}", (string id, CancellationToken cancellation) => WithId(id, async parsed => JsonOr404(await ledger.OfferAsync(parsed, cancellation).ConfigureAwait(false))));
        group.MapGet("/jobs", async (string? requester, bool? open, int? max, string? after, CancellationToken cancellation) =>
            after is not null && !Digest.TryParse(after, out _) ? Bad("after")
                : requester is not null && !Address.TryParse(requester, out _) ? Bad("requester")
                : Json(await ledger.JobsAsync(new JobQuery(requester is null ? null : Address.Parse(requester), open ?? false, max ?? 100, after is null ? null : Digest.Parse(after)), cancellation).ConfigureAwait(false)));
        group.MapGet("/jobs/{id}", (string id, CancellationToken cancellation) => WithId(id, async parsed => JsonOr404(await ledger.JobAsync(parsed, cancellation).ConfigureAwait(false))));
        group.MapGet("/jobs/{id}/invitation", (string id, string node, DrawRole role, CancellationToken cancellation) => WithId(id, async parsed =>
            Address.TryParse(node, out var address) ? Json(await ledger.InvitationAsync(parsed, role, address, cancellation).ConfigureAwait(false)) : Bad("node")));
        group.MapPost("/quote", (Delegate)((HttpContext context) => QuoteAsync(context, ledger)));
        if (ledger is EmbeddedLedger embedded)
        {
            MapEmbedded(group, embedded);
        }

        group.MapGet("/events", (HttpContext context, ulong? from) => EventsAsync(context, ledger, from));
        return group;
    }

    private static void MapEmbedded(RouteGroupBuilder group, EmbeddedLedger ledger)
    {
        // Sequencers compare what each has settled ("own"), whoever leads; everybody else asks for the present.
        group.MapGet("/head/proof", async (bool? own, CancellationToken cancellation) =>
            (own == true ? ledger.SignedHead() : await ledger.SignedHeadAsync(cancellation).ConfigureAwait(false)) is { } head ? Results.Bytes(head, "application/octet-stream") : Results.NotFound());
        group.MapGet("/receipts", async (ulong? from, int? max, CancellationToken cancellation) => Json(await ledger.ReceiptDigestsAsync(from ?? 0, Math.Clamp(max ?? 1000, 0, 10_000), cancellation).ConfigureAwait(false)));
        group.MapGet("/blocks", (ulong? from, int? max) =>
        {
            using var buffer = new MemoryStream();
            foreach (var block in ledger.Blocks(Math.Max(1, from ?? 1), Math.Clamp(max ?? 100, 1, 1000)))
            {
                block.WriteTo(buffer);
                if (buffer.Length > Block.BodyMax)
                {
                    break;
                }
            }

            return Results.Bytes(buffer.ToArray(), "application/octet-stream");
        });
        group.MapGet("/jobs/{id}/receipts", (string id, CancellationToken cancellation) => WithId(id, async parsed =>
            await ledger.ReceiptProofsAsync(parsed, cancellation).ConfigureAwait(false) is { } proofs ? Json(proofs.Select(proof => proof.Encode())) : Results.StatusCode(StatusCodes.Status503ServiceUnavailable)));
        group.MapGet("/receipts/consistency", async (ulong from, ulong? to, CancellationToken cancellation) => await ledger.ConsistencyAsync(from, to, cancellation).ConfigureAwait(false) is { } proof ? Json(proof) : Bad("from"));
        group.MapGet("/leader", () => ledger.LeaderIndex is { } index ? Results.Text(index.ToString(CultureInfo.InvariantCulture)) : Results.NotFound());
        group.MapGet("/accusations", () => Json(ledger.Accusations));
        if (ledger.Sequencers is { } sequencers)
        {
            group.MapPost("/sequencing/lead", (Delegate)((HttpContext context) => ExchangeAsync(context, Sequencing.LeadRequest.LengthMax, bytes => Sequencing.LeadRequest.TryDecode(bytes) is { } request ? sequencers.Take(request)?.Encode() : null)));
            group.MapPost("/sequencing/index", (Delegate)((HttpContext context) => ExchangeAsync(context, 1024, async bytes => Sequencing.IndexRequest.TryDecode(bytes) is { } request ? (await sequencers.TellIndexAsync(request).ConfigureAwait(false))?.Encode() : null)));
            group.MapPost("/sequencing/promise", (Delegate)((HttpContext context) => ExchangeAsync(context, 1024, bytes => Sequencing.PromiseRequest.TryDecode(bytes) is { } request ? sequencers.Consider(request)?.Encode() : null)));
        }
    }

    private static async Task<byte[]?> ReadAsync(HttpContext context, int limit)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted).ConfigureAwait(false)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > limit)
            {
                return null;
            }
        }

        return buffer.ToArray();
    }

    private static Task<IResult> ExchangeAsync(HttpContext context, int limit, Func<byte[], byte[]?> answer) => ExchangeAsync(context, limit, bytes => Task.Run(() => answer(bytes)));

    private static async Task<IResult> ExchangeAsync(HttpContext context, int limit, Func<byte[], Task<byte[]?>> answer)
    {
        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        var bytes = await ReadAsync(context, limit).ConfigureAwait(false);
        return bytes is not null && await answer(bytes).ConfigureAwait(false) is { } reply ? Results.Bytes(reply, "application/cbor") : Results.BadRequest();
    }

    // Nobody is answered with less than he has seen, and whoever cannot answer with the present says who may.
    private static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, EmbeddedLedger ledger)
    {
        var http = context.HttpContext;
        try
        {
            if (http.Request.Headers[SeenHeader] is [{ } seen] && ulong.TryParse(seen, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                await ledger.ReachAsync(number, http.RequestAborted).ConfigureAwait(false);
            }

            var result = await next(context).ConfigureAwait(false);
            if (!http.Response.HasStarted)
            {
                http.Response.Headers[BlockHeader] = ledger.SettledNumber.ToString(CultureInfo.InvariantCulture);
            }

            return result;
        }
        catch (NotLeadingException exception)
        {
            return Elsewhere(exception.Leader, exception.Message);
        }
        catch (LedgerBehindException exception)
        {
            return Elsewhere(exception.Leader, exception.Message);
        }

        IResult Elsewhere(int? leader, string why)
        {
            http.Response.Headers[LeaderHeader] = leader?.ToString(CultureInfo.InvariantCulture) ?? "none";
            return Results.Problem(detail: why, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>The header of an answer that says up to which block everything was settled when it was given.</summary>
    public const string BlockHeader = "Sojourn-Block";

    /// <summary>The header of a request with the highest block that was shown to whoever asks: an older answer is none.</summary>
    public const string SeenHeader = "Sojourn-Seen";

    /// <summary>The header that names the leader's place in the genesis's list where another sequencer orders transactions.</summary>
    public const string LeaderHeader = "Sojourn-Leader";

    private static async Task<IResult> SubmitBodyAsync(HttpContext context, ILedger ledger)
    {
        // A body is one transaction, or several, each behind its length in four bytes.
        var several = context.Request.ContentType == "application/x-sojourn-batch";
        var limit = several ? BatchMax * 16 * 1024 : SignedTransaction.LengthMax;
        var bytes = await ReadAsync(context, limit).ConfigureAwait(false);
        if (bytes is null)
        {
            return Json(new SubmitResult(Refusal.TooLarge, default, 0), StatusCodes.Status413PayloadTooLarge);
        }

        if (!several)
        {
            return Answer(await SubmitOneAsync(ledger, bytes, context.RequestAborted).ConfigureAwait(false));
        }

        var tasks = new List<Task<SubmitResult>>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = bytes.Length - at < 4 ? -1 : System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            if (length < 0 || length > bytes.Length - at - 4 || tasks.Count == BatchMax)
            {
                return Json(new SubmitResult(Refusal.Malformed, default, 0), StatusCodes.Status400BadRequest);
            }

            tasks.Add(SubmitOneAsync(ledger, bytes.AsMemory(at + 4, length), context.RequestAborted));
            at += 4 + length;
        }

        return Json((await Task.WhenAll(tasks).ConfigureAwait(false)).ToImmutableArray());
    }

    private static async Task<SubmitResult> SubmitOneAsync(ILedger ledger, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var refusal = SignedTransaction.TryDecode(bytes.Span, out var transaction);
        return refusal == Refusal.None ? await ledger.SubmitAsync(transaction!, cancellation).ConfigureAwait(false) : new SubmitResult(refusal, default, 0);
    }

    private static IResult Answer(SubmitResult result) => Json(result, result.Refusal switch
    {
        Refusal.None => StatusCodes.Status200OK,
        Refusal.Busy => StatusCodes.Status503ServiceUnavailable,
        Refusal.Malformed or Refusal.UnknownVersion or Refusal.UnknownKind => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status409Conflict,
    });

    private static async Task<IResult> QuoteAsync(HttpContext context, ILedger ledger)
    {
        try
        {
            var terms = await JsonSerializer.DeserializeAsync<JobTerms>(context.Request.Body, LedgerJson.Options, context.RequestAborted).ConfigureAwait(false);
            return terms is null ? Bad("terms") : Json(await ledger.QuoteAsync(terms, context.RequestAborted).ConfigureAwait(false));
        }
        catch (JsonException)
        {
            return Bad("terms");
        }
    }

    private static async Task EventsAsync(HttpContext context, ILedger ledger, ulong? from)
    {
        // After a lost connection a browser says where it was.
        var start = from ?? 0;
        if (context.Request.Headers["Last-Event-ID"] is [{ } last] && ulong.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
        {
            start = position + 1;
        }

        if (Interlocked.Increment(ref s_listeners) > ListenersMax)
        {
            Interlocked.Decrement(ref s_listeners);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        var cancellation = context.RequestAborted;
        try
        {
            await context.Response.WriteAsync(": sojourn ledger\n\n", cancellation).ConfigureAwait(false);
            await context.Response.Body.FlushAsync(cancellation).ConfigureAwait(false);
            await using var events = ledger.EventsAsync(start, cancellation).GetAsyncEnumerator(cancellation);
            Task<bool>? next = null;
            while (true)
            {
                next ??= events.MoveNextAsync().AsTask();
                if (await Task.WhenAny(next, Task.Delay(TimeSpan.FromSeconds(15), cancellation)).ConfigureAwait(false) != next)
                {
                    // Something now and then, so that both sides notice a dead connection.
                    await context.Response.WriteAsync(":\n\n", cancellation).ConfigureAwait(false);
                    await context.Response.Body.FlushAsync(cancellation).ConfigureAwait(false);
                    continue;
                }

                if (!await next.ConfigureAwait(false))
                {
                    break;
                }

                next = null;
                var item = events.Current;
                await context.Response.WriteAsync($"id: {item.Position.ToString(CultureInfo.InvariantCulture)}\ndata: {JsonSerializer.Serialize(item, LedgerJson.Options)}\n\n", cancellation).ConfigureAwait(false);
                next = events.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                {
                    await context.Response.Body.FlushAsync(cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The listener went away.
        }
        finally
        {
            Interlocked.Decrement(ref s_listeners);
        }
    }

    private static IResult Json<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, LedgerJson.Options, statusCode: status);

    private static IResult JsonOr404<T>(T? value)
        where T : class => value is null ? Results.NotFound() : Json(value);

    private static IResult Bad(string field) => Results.Problem(detail: $"'{field}' cannot be read.", statusCode: StatusCodes.Status400BadRequest);

    private static Task<IResult> With(string text, Func<Address, Task<IResult>> use) => Address.TryParse(text, out var address) ? use(address) : Task.FromResult(Bad("address"));

    private static Task<IResult> WithId(string text, Func<Digest, Task<IResult>> use) => Digest.TryParse(text, out var id) ? use(id) : Task.FromResult(Bad("id"));
}
