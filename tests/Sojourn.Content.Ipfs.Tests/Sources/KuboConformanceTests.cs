using Microsoft.AspNetCore.Http;
using Sojourn.Content.Ipfs.Kubo;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>Kubo's RPC as Kubo words it. The same suite runs against js-ipfs in <see cref="Peers.JsIpfsTests"/>.</summary>
public class KuboConformanceTests : BlockSourceConformance
{
    protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
    {
        var known = held.ToDictionary(b => b.Cid.Multihash, b => b.Data.ToArray());
        var server = await LoopbackServer.StartAsync(async context =>
        {
            if (context.Request.Method != "POST" || context.Request.Path != "/api/v0/block/get")
            {
                context.Response.StatusCode = 405;
                return;
            }

            var text = context.Request.Query["arg"].ToString();
            if (Cid.TryParse(text, out var cid) && known.TryGetValue(cid.Multihash, out var bytes))
            {
                context.Response.ContentType = "application/octet-stream";
                await context.Response.Body.WriteAsync(bytes);
                return;
            }

            context.Response.StatusCode = 500;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($$"""{"Message":"block was not found locally (offline): ipld: could not find {{text}}","Code":0,"Type":"error"}""");
        });
        var client = new KuboClient(server.Address);
        return new SourceFixture(new KuboSource(client), client, server);
    }

    protected override async Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie)
        => await CreateAsync([new Block(block.Cid, lie)]);

    [Fact]
    public async Task Errors_keep_the_nodes_words()
    {
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("""{"Message":"merkledag: something else","Code":1,"Type":"error"}""");
        });
        using var client = new KuboClient(server.Address);
        var e = await Assert.ThrowsAsync<KuboException>(() => client.VersionAsync());
        Assert.Equal(("merkledag: something else", 1, "version"), (e.Detail, e.Code, e.Command));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_says_so_in_its_trailer()
    {
        // Kestrel sends no trailers over HTTP/1.1, and Kubo speaks nothing else: the bytes are written by hand.
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var connection = await listener.AcceptTcpClientAsync();
            await using var raw = connection.GetStream();
            using var lines = new StreamReader(raw, leaveOpen: true);
            while (await lines.ReadLineAsync() is { Length: > 0 })
            {
            }

            await raw.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Stream-Error\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n0\r\nX-Stream-Error: block was lost\r\n\r\n"u8.ToArray());
        });
        using var client = new KuboClient(new Uri($"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}"));
        await using var stream = await client.CatAsync("bafkqaaa");
        var e = await Assert.ThrowsAsync<KuboException>(() => stream.CopyToAsync(Stream.Null));
        Assert.Equal("block was lost", e.Detail);
        await serving;
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_named()
    {
        using var client = new KuboClient(new Uri("http://127.0.0.1:1"));
        var e = await Assert.ThrowsAsync<KuboException>(() => client.IdAsync());
        Assert.Null(e.Code);
        Assert.Contains("127.0.0.1:1", e.Message, StringComparison.Ordinal);
    }
}
