using Microsoft.AspNetCore.Http;
using Sojourn.Content.Ipfs.Routing;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>A router that names two gateways, of which one is gone.</summary>
public class RoutingConformanceTests : BlockSourceConformance
{
    protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
    {
        var gateway = await FakeGateway.StartAsync(held);
        var router = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/x-ndjson";
            var known = Cid.TryParse(context.Request.Path.Value!.Split('/')[^1], out var cid) && gateway.Held.ContainsKey(cid);
            if (known)
            {
                await context.Response.WriteAsync($$"""
                    {"Schema":"peer","ID":"a","Addrs":["/ip4/127.0.0.1/tcp/1/http"],"Protocols":["transport-ipfs-gateway-http"]}
                    {"Schema":"peer","ID":"b","Addrs":["/ip4/127.0.0.1/tcp/4001"],"Protocols":["transport-bitswap"]}
                    {"Schema":"peer","ID":"c","Addrs":["/ip4/127.0.0.1/tcp/{{gateway.Address.Port}}/http"],"Protocols":["transport-bitswap","transport-ipfs-gateway-http"]}
                    """);
            }
        });
        var source = new RoutingSource(router.Address, Quick.Options, allowPrivate: true);
        return new SourceFixture(source, source, router, gateway);
    }

    protected override async Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie)
        => await CreateAsync([new Block(block.Cid, lie)]);
}
