using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Ledger.Tests.Processes;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Ledger.Tests.Sequencing;

/// <summary>A sequencer with a key of the genesis that answers what a test wants; it promises whatever it is asked for.</summary>
internal sealed class PlayedSequencer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private PlayedSequencer(WebApplication application) => _application = application;

    public static Digest Ledger { get; } = GenesisCodec.DigestOf(SequencerProcess.Genesis);

    /// <summary>Starts one.</summary>
    /// <param name="index">Its place in the list.</param>
    /// <param name="addresses">The addresses of all.</param>
    /// <param name="lead">What it answers a leader; null for a refusal without a word.</param>
    /// <param name="promise">What it answers a candidate instead of a promise.</param>
    public static async Task<PlayedSequencer> StartAsync(int index, Uri[] addresses, Func<LeadRequest, byte[]?> lead, Func<HttpContext, Task>? promise = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(addresses[index].GetLeftPart(UriPartial.Authority)).UseShutdownTimeout(TimeSpan.FromSeconds(2));
        var application = builder.Build();
        application.MapPost("/api/v1/ledger/sequencing/lead", async context => await AnswerAsync(context, lead(LeadRequest.TryDecode(await ReadAsync(context))!)));
        application.MapPost("/api/v1/ledger/sequencing/promise", async context =>
        {
            var request = PromiseRequest.TryDecode(await ReadAsync(context))!;
            if (promise is not null)
            {
                await promise(context);
                return;
            }

            var reply = new PromiseReply(request.Term, true, request.Term, default);
            await AnswerAsync(context, (reply with { Signature = SequencerProcess.Sequencer(index).Signer.Sign(reply.SigningDigest(Ledger)) }).Encode());
        });
        await application.StartAsync();
        return new PlayedSequencer(application);
    }

    /// <summary>An answer as it should be signed.</summary>
    public static byte[] Answer(int index, LeadRequest request, bool kept, ulong number)
    {
        var reply = new LeadReply(request.Term, request.Term, kept, number, default);
        return (reply with { Signature = SequencerProcess.Sequencer(index).Signer.Sign(reply.SigningDigest(Ledger, request.SigningDigest(Ledger))) }).Encode();
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private static async Task AnswerAsync(HttpContext context, byte[]? bytes)
    {
        context.Response.StatusCode = bytes is null ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
        await context.Response.Body.WriteAsync(bytes ?? []);
    }
}
