using System.Collections.Concurrent;
using Sojourn.Content;
using Sojourn.Content.Import;
using Sojourn.Primitives;
using Sojourn.Protocol.Sortition;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests;

/// <summary>Possession is proved to whoever computes it again, and to nobody's copy.</summary>
public sealed class PossessionTests
{
    private sealed class Store : IBlockSource, IBlockSink
    {
        public ConcurrentDictionary<Cid, Block> Blocks { get; } = new();

        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) => ValueTask.FromResult(Blocks.GetValueOrDefault(cid));

        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            Blocks[block.Cid] = new Block(block.Cid, block.Data.ToArray());
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task Anyone_who_reads_the_inputs_computes_the_same_proof_and_no_other_node_can_use_it()
    {
        var store = new Store();
        var bytes = new byte[3 << 20];
        new Random(1).NextBytes(bytes);
        using var stream = new MemoryStream(bytes);
        var root = (await UnixFsImporter.ImportAsync(stream, store)).Root;
        var bench = new Workbench(nodes: 2);
        var (holder, other) = (bench.Nodes[0].Address, bench.Nodes[1].Address);
        var beacon = Workbench.Hash("beacon");
        var proof = await PossessionProof.ComputeAsync(store, holder, beacon, [root]);
        Assert.NotNull(proof);
        Assert.Equal(proof, await PossessionProof.ComputeAsync(store, holder, beacon, [root]));
        Assert.NotEqual(proof, await PossessionProof.ComputeAsync(store, other, beacon, [root]));
        Assert.NotEqual(proof, await PossessionProof.ComputeAsync(store, holder, Workbench.Hash("another beacon"), [root]));

        // Beacons choose every leaf sooner or later: whoever lacks one is found by some beacon.
        var missing = store.Blocks.Values.First(block => block.Cid != root).Cid;
        var kept = store.Blocks[missing];
        store.Blocks.TryRemove(missing, out _);
        var caught = 0;
        for (var i = 0; i < 20; i++)
        {
            caught += await PossessionProof.ComputeAsync(store, holder, Workbench.Hash($"beacon {i}"), [root]) is null ? 1 : 0;
        }

        Assert.InRange(caught, 10, 20);
        store.Blocks[missing] = kept;
        Assert.Equal(proof, await PossessionProof.ComputeAsync(store, holder, beacon, [root]));
    }
}
