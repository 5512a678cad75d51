using System.Reflection;
using System.Text;
using Sojourn.Content.Ipfs.Kubo;
using Sojourn.Content.Ipfs.Tests.Sources;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>js-ipfs 0.66.1 behind Kubo's RPC, started once.</summary>
public sealed class JsIpfsNode : IAsyncLifetime
{
    private readonly TemporaryFolder repository = new();
    private PeerProcess? process;

    public Uri Address { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Tools.Missing(PeerProcess.Node, PeerProcess.JsIpfs) is null)
        {
            process = PeerProcess.Start("ipfs-rpc/daemon.mjs", repository.At("repo"));
            Address = new Uri(await process.ReadLineAsync());
        }
    }

    public async Task DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        repository.Dispose();
    }
}

[Trait("speed", "slow")]
public class JsIpfsTests(JsIpfsNode node) : IClassFixture<JsIpfsNode>
{
    [ToolFact(PeerProcess.Node, PeerProcess.JsIpfs)]
    public async Task It_passes_the_suite_of_sources()
    {
        var suite = new Conformance(node.Address);
        var facts = typeof(BlockSourceConformance).GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null).ToArray();
        Assert.True(facts.Length >= 7);
        foreach (var fact in facts)
        {
            await (Task)fact.Invoke(suite, null)!;
        }
    }

    [ToolFact(PeerProcess.Node, PeerProcess.JsIpfs)]
    public async Task It_says_who_it_is()
    {
        using var client = new KuboClient(node.Address);
        Assert.StartsWith("0.", await client.VersionAsync(), StringComparison.Ordinal);
        var id = await client.IdAsync();
        Assert.StartsWith("12D3Koo", id.Id, StringComparison.Ordinal);
        Assert.Contains("ipfs", id.Agent, StringComparison.Ordinal);
    }

    [ToolFact(PeerProcess.Node, PeerProcess.JsIpfs)]
    public async Task It_adds_files_and_folders_with_any_name_and_reads_them_back()
    {
        using var client = new KuboClient(node.Address);
        var text = Encoding.UTF8.GetBytes("hällo\n");
        var large = Blocks.Raw(9, 700_000).Data.ToArray();
        var added = await client.AddAsync(
            [
                new KuboFile("top", null),
                new KuboFile("top/ü \"quoted\" %41 +.txt", new MemoryStream(text)),
                new KuboFile("top/large.bin", new MemoryStream(large)),
            ],
            "cid-version=1&raw-leaves=true");
        var root = added[^1];
        Assert.Equal("top", root.Name);
        await using var whole = await client.CatAsync($"{root.Cid}/ü \"quoted\" %41 +.txt");
        Assert.Equal(text, await BytesAsync(whole));
        await using var part = await client.CatAsync($"{root.Cid}/large.bin", 262_100, 1000);
        Assert.Equal(large.AsSpan(262_100, 1000).ToArray(), await BytesAsync(part));
    }

    [ToolFact(PeerProcess.Node, PeerProcess.JsIpfs)]
    public async Task Blocks_and_pins_and_cars_go_both_ways()
    {
        using var client = new KuboClient(node.Address);
        var source = new KuboSource(client);
        var block = Blocks.Raw(77, 12_345);
        await source.PutAsync(block);
        Assert.Equal(12_345, await client.BlockStatAsync(block.Cid));
        await client.PinAddAsync(block.Cid);
        Assert.Contains(block.Cid.Multihash, (await client.PinListAsync()).Select(cid => cid.Multihash));
        await client.PinRemoveAsync(block.Cid);
        Assert.DoesNotContain(block.Cid.Multihash, (await client.PinListAsync()).Select(cid => cid.Multihash));
        await Assert.ThrowsAsync<KuboException>(() => client.PinRemoveAsync(block.Cid));

        var node2 = Block.Create(Multicodec.DagCbor, (byte[])[0xa1, 0x61, 0x61, .. CborLink(block.Cid)]);
        using var car = new MemoryStream();
        var writer = await Car.CarWriter.CreateAsync(car, [node2.Cid]);
        await writer.PutAsync(node2);
        await writer.PutAsync(block);
        await writer.FinishAsync();
        car.Position = 0;
        Assert.Equal([node2.Cid], await client.DagImportAsync(car));

        await using var exported = await client.DagExportAsync(node2.Cid);
        var reader = await Car.CarReader.OpenAsync(exported);
        Assert.Equal([node2.Cid], reader.Roots);
        var found = new List<Cid>();
        while (await reader.ReadAsync() is { } section)
        {
            found.Add(section.ToVerifiedBlock().Cid);
        }

        Assert.Equal([node2.Cid, block.Cid], found);
    }

    private static byte[] CborLink(Cid cid) => [0xd8, 0x2a, 0x58, (byte)(cid.Bytes.Length + 1), 0, .. cid.Bytes];

    private static async Task<byte[]> BytesAsync(Stream stream)
    {
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer);
        return buffer.ToArray();
    }

    private sealed class Conformance(Uri address) : BlockSourceConformance
    {
        // js-ipfs refuses uploads above 1 MiB ("Payload content length greater than maximum allowed"); Kubo takes 2 MiB.
        protected override int LargestBlock => 1_000_000;

        protected override async Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held)
        {
            var client = new KuboClient(address);
            var source = new KuboSource(client, offline: true, TimeSpan.FromSeconds(15));
            foreach (var block in held)
            {
                await source.PutAsync(block);
            }

            return new SourceFixture(source, client);
        }

        // An honest node cannot be made to lie; KuboConformanceTests has one that does.
        protected override Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie) => Task.FromResult<SourceFixture?>(null);
    }
}
