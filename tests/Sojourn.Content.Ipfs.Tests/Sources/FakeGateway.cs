using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>A gateway whose every answer the test decides. It speaks real HTTP.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private LoopbackServer? server;

    /// <summary>What it holds.</summary>
    public ConcurrentDictionary<Cid, byte[]> Held { get; } = new();

    /// <summary>Answers instead of the usual way; true where it has.</summary>
    public Func<HttpContext, int, Task<bool>>? OnRequest { get; set; }

    /// <summary>Requests so far.</summary>
    public int Requests => requests;

    private int requests;

    public Uri Address => server!.Address;

    public static async Task<FakeGateway> StartAsync(params IEnumerable<Block> held)
    {
        var gateway = new FakeGateway();
        foreach (var block in held)
        {
            gateway.Held[block.Cid.ToVersion1()] = block.Data.ToArray();
        }

        gateway.server = await LoopbackServer.StartAsync(gateway.AnswerAsync);
        return gateway;
    }

    public async ValueTask DisposeAsync() => await server!.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref requests);
        if (OnRequest is not null && await OnRequest(context, number))
        {
            return;
        }

        if (Cid.TryParse(context.Request.Path.Value, out var cid) && Held.TryGetValue(cid.ToVersion1(), out var bytes))
        {
            context.Response.ContentType = "application/vnd.ipld.raw";
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes);
            return;
        }

        context.Response.StatusCode = 404;
    }
}

/// <summary>Options under which a test never waits long.</summary>
internal static class Quick
{
    public static readonly GatewaySourceOptions Options = new()
    {
        BackOff = TimeSpan.FromMilliseconds(1),
        BackOffMax = TimeSpan.FromMilliseconds(5),
        HedgeAfterMin = TimeSpan.FromSeconds(20),
        HedgeAfterMax = TimeSpan.FromSeconds(20),
    };
}
