using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>A gateway wrapped around Helia, from which we fetch.</summary>
public sealed class HeliaGateway : IAsyncLifetime
{
    public const string Car = "ipfs/cars/generated/variety-1.car";
    private PeerProcess? process;

    public Uri Address { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Tools.Missing(PeerProcess.Node) is null && Vectors.Has(Car))
        {
            process = PeerProcess.Start("ipfs/helia-gateway.mjs", Vectors.PathOf(Car));
            Address = new Uri(await process.ReadLineAsync());
        }
    }

    public async Task DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }
    }
}

[Trait("speed", "slow")]
public class HeliaGatewayTests(HeliaGateway helia) : IClassFixture<HeliaGateway>
{
    private static readonly Cid Root = Cid.Parse("bafybeigar7p6aaooyel6xoer2wak2gwj6uzqb2xnnbjn4aaohrmw2gwwqi");

    [ToolFact(PeerProcess.Node)]
    public async Task Every_block_of_a_graph_is_fetched_one_by_one_and_as_a_stream()
    {
        if (!Vectors.Has(HeliaGateway.Car))
        {
            return;
        }

        using var source = new GatewaySource([helia.Address]);
        var request = new Dag.DagRequest(ContentPath.Of(Root));
        var single = await CollectAsync(source, request);
        await using var stream = source.OpenDag(request);
        var streamed = await CollectAsync(stream, request);
        Assert.Equal(241, single.Count);
        Assert.Equal(single, streamed);
        Assert.Equal(0, stream.SingleBlocks);
        Assert.Null(stream.LastFailure);
    }

    [ToolFact(PeerProcess.Node)]
    public async Task What_it_does_not_hold_is_absent()
    {
        if (!Vectors.Has(HeliaGateway.Car))
        {
            return;
        }

        using var source = new GatewaySource([helia.Address]);
        Assert.Null(await source.GetAsync(Store.Blocks.Raw(4711, 99).Cid));
    }

    private static async Task<List<Cid>> CollectAsync(IBlockSource source, Dag.DagRequest request)
    {
        var found = new List<Cid>();
        await foreach (var block in Dag.DagWalker.WalkAsync(source, request))
        {
            found.Add(block.Cid);
        }

        return found;
    }
}
