using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Routing;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>The vectors of delegated routing, served by a router that ignores filters, so that ours must do them.</summary>
public class RoutingVectorTests
{
    [VectorTheory("ipfs/routing/filter-cases.json")]
    [InlineData("providers.json", "application/json")]
    [InlineData("providers.ndjson", "application/x-ndjson")]
    public async Task Filters(string file, string type)
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf("ipfs/routing/filter-cases.json")));
        var body = File.ReadAllBytes(Vectors.PathOf($"ipfs/routing/{file}"));
        var ran = 0;
        foreach (var @case in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            var query = @case.GetProperty("query").GetString()!;
            var (records, asked) = await AskAsync(body, type, ProviderFilter.Parse(query));
            Assert.Equal(@case.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!), records.Select(r => r.Id));
            Assert.Equal(query.ToLowerInvariant().Split('&').Order(StringComparer.Ordinal), asked.Split('&').Order(StringComparer.Ordinal));
            if (@case.TryGetProperty("addrs", out var addresses))
            {
                foreach (var peer in addresses.EnumerateObject())
                {
                    Assert.Equal(peer.Value.EnumerateArray().Select(a => a.GetString()!), records.Single(r => r.Id == peer.Name).Addresses);
                }
            }

            ran++;
        }

        Assert.True(ran > 0);
    }

    [VectorTheory("ipfs/routing")]
    [InlineData("null.json", 0)]
    [InlineData("empty.json", 0)]
    [InlineData("providers.json", 6)]
    public async Task Documents(string file, int count)
    {
        var (records, _) = await AskAsync(File.ReadAllBytes(Vectors.PathOf($"ipfs/routing/{file}")), "application/json", ProviderFilter.None);
        Assert.Equal(count, records.Count);
    }

    [Fact]
    public async Task Nonsense_is_an_error_that_names_the_router()
    {
        await Assert.ThrowsAsync<RoutingException>(() => AskAsync("<html>"u8.ToArray(), "text/html", ProviderFilter.None));
        await Assert.ThrowsAsync<RoutingException>(() => AskAsync("{\"Schema\":"u8.ToArray(), "application/x-ndjson", ProviderFilter.None));
        await Assert.ThrowsAsync<RoutingException>(() => AskAsync(new byte[RoutingClient.RecordBytesMax * 2], "application/x-ndjson", ProviderFilter.None));
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var client = new RoutingClient(new Uri("http://127.0.0.1:1"), http);
        var e = await Assert.ThrowsAsync<RoutingException>(async () =>
        {
            await foreach (var record in client.FindProvidersAsync(Blocks.Raw(1, 1).Cid, ProviderFilter.None))
            {
                Assert.Fail(record.Id);
            }
        });
        Assert.Contains("127.0.0.1:1", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dns4/gw.example.com/tcp/443/tls/http", "https://gw.example.com/")]
    [InlineData("/dns/alt.example.net/https", "https://alt.example.net/")]
    [InlineData("/dns/alt.example.net/tcp/8443/https", "https://alt.example.net:8443/")]
    [InlineData("/ip4/192.0.2.1/tcp/443/tls/http", "https://192.0.2.1/")]
    [InlineData("/ip4/127.0.0.1/tcp/443/tls/http", null)]
    [InlineData("/ip4/10.1.2.3/tcp/443/https", null)]
    [InlineData("/ip4/169.254.169.254/tcp/80/http", null)]
    [InlineData("/ip6/::1/tcp/443/https", null)]
    [InlineData("/ip6/::ffff:127.0.0.1/tcp/443/https", null)]
    [InlineData("/dns/localhost/https", null)]
    [InlineData("/dns4/gw.example.com/tcp/80/http", null)]
    [InlineData("/dns4/gw.example.com/udp/443/quic-v1", null)]
    [InlineData("/dns4/gw.example.com/tcp/99999/https", null)]
    [InlineData("nonsense", null)]
    public void A_router_cannot_send_us_to_our_neighbours(string multiaddress, string? url)
        => Assert.Equal(url, GatewayAddress.ToUri(multiaddress, allowPrivate: false)?.ToString());

    private static async Task<(List<ProviderRecord> Records, string Query)> AskAsync(byte[] body, string type, ProviderFilter filter)
    {
        var query = "";
        await using var router = await LoopbackServer.StartAsync(async context =>
        {
            query = context.Request.QueryString.Value!.TrimStart('?');
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(body);
        });
        using var http = GatewaySource.CreateHttp();
        var records = new List<ProviderRecord>();
        await foreach (var record in new RoutingClient(router.Address, http).FindProvidersAsync(Blocks.Raw(1, 1).Cid, filter))
        {
            records.Add(record);
        }

        return (records, query);
    }
}
