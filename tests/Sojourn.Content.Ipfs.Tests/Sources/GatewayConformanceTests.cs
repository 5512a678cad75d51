using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>One gateway: our own server over a store.</summary>
public class GatewayConformanceTests : BlockSourceConformance
{
    protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
    {
        var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        await using var writer = await store.BeginWriteAsync();
        foreach (var block in held)
        {
            await writer.PutAsync(block);
        }

        await writer.FlushAsync();
        var gateway = new GatewayServer(store);
        var server = await LoopbackServer.StartAsync(context => gateway.HandleAsync(context, _ => Task.CompletedTask));
        var source = new GatewaySource([server.Address], Quick.Options);
        return new SourceFixture(source, source, server, folder);
    }

    protected override async Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie)
    {
        var gateway = await FakeGateway.StartAsync(new Block(block.Cid, lie));
        var source = new GatewaySource([gateway.Address], Quick.Options);
        return new SourceFixture(source, source, gateway);
    }
}

/// <summary>Three gateways: one empty, one that fails every other time, one that holds everything.</summary>
public class SeveralGatewaysConformanceTests : BlockSourceConformance
{
    protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
    {
        var (empty, flaky, whole) = (await FakeGateway.StartAsync(), await FakeGateway.StartAsync(held), await FakeGateway.StartAsync(held));
        flaky.OnRequest = (context, number) =>
        {
            context.Response.StatusCode = number % 2 == 0 ? 200 : 500;
            return Task.FromResult(number % 2 != 0);
        };
        var source = new GatewaySource([empty.Address, flaky.Address, whole.Address], Quick.Options);
        return new SourceFixture(source, source, empty, flaky, whole);
    }

    protected override async Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie)
    {
        var (one, two) = (await FakeGateway.StartAsync(new Block(block.Cid, lie)), await FakeGateway.StartAsync(new Block(block.Cid, lie)));
        var source = new GatewaySource([one.Address, two.Address], Quick.Options);
        return new SourceFixture(source, source, one, two);
    }
}
