using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Store;

public class FileBlockStoreTests
{
    [Fact]
    public async Task A_block_is_found_under_every_codec_and_as_flatfs_names_it()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var block = Block.Create(Multicodec.Raw, "hello world"u8.ToArray());
        await store.PutAsync(block);
        Assert.True(Blocks.Same(store.Get(block.Cid), block));
        Assert.True(Blocks.Same(store.Get(Cid.Create(Multicodec.DagPb, block.Cid.Multihash)), block));
        Assert.Equal(11, store.SizeOf(block.Cid));

        // The multihash of "hello world" in upper-case base32, sharded by the last letters but one.
        Assert.True(File.Exists(folder.At("s/blocks/32/CIQLSTJHXGJU2PQIUUXFFV62PWV7VREE57RXUU4A52IIR55M4LX432I.data")));
        Assert.Equal(StoreLayout.Sharding, File.ReadAllText(folder.At("s/blocks/SHARDING")));
    }

    [Fact]
    public void An_absent_block_is_null_and_an_identity_block_is_always_there()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        Assert.Null(store.Get(Blocks.Raw(1, 10).Cid));
        var inline = Cid.ForIdentity(Multicodec.Raw, "abc"u8);
        Assert.Equal("abc"u8.ToArray(), store.Get(inline)!.Data.ToArray());
        Assert.True(store.Has(inline));
    }

    [Fact]
    public async Task Wrong_and_oversized_blocks_are_refused()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var wrong = new Block(Blocks.Raw(1, 10).Cid, new byte[10]);
        Assert.Equal(StoreFault.WrongBlock, (await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(wrong))).Fault);
        var large = Blocks.Raw(1, (2 << 20) + 1);
        Assert.Equal(StoreFault.BlockTooLarge, (await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(large))).Fault);
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task A_damaged_block_is_named_and_never_served_and_heals_by_storing_it_again()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var blocks = Enumerable.Range(0, 20).Select(i => Blocks.Raw(i, 1000)).ToList();
        foreach (var b in blocks)
        {
            await store.PutAsync(b);
        }

        var (flipped, cut) = (blocks[3], blocks[7]);
        var flippedPath = store.List().Single(b => b.Cid.Multihash == flipped.Cid.Multihash).Path;
        var cutPath = store.List().Single(b => b.Cid.Multihash == cut.Cid.Multihash).Path;
        var bytes = File.ReadAllBytes(flippedPath);
        bytes[500] ^= 4;
        File.WriteAllBytes(flippedPath, bytes);
        File.WriteAllBytes(cutPath, File.ReadAllBytes(cutPath)[..999]);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(cutPath)!, "notes.txt"), "stranger");

        var e = Assert.Throws<StoreException>(() => store.Get(flipped.Cid));
        Assert.Equal(StoreFault.DamagedBlock, e.Fault);
        Assert.Contains(flippedPath, e.Message, StringComparison.Ordinal);
        var report = StoreVerifier.Verify(store, putAside: false, null, default);
        Assert.Equal(20, report.Blocks);
        Assert.Equal(new[] { flippedPath, cutPath }.Order(StringComparer.Ordinal), report.Damaged.Select(d => d.Path));
        Assert.EndsWith("notes.txt", Assert.Single(report.Strangers), StringComparison.Ordinal);

        // A wrong length is noticed when the block is stored again; a flipped bit after verify has put the file aside.
        await store.PutAsync(cut);
        Assert.True(Blocks.Same(store.Get(cut.Cid), cut));
        Assert.Single(StoreVerifier.Verify(store, putAside: true, null, default).Damaged);
        Assert.Null(store.Get(flipped.Cid));
        await store.PutAsync(flipped);
        Assert.True(Blocks.Same(store.Get(flipped.Cid), flipped));
        Assert.Empty(StoreVerifier.Verify(store, putAside: true, null, default).Damaged);
    }

    [Fact]
    public void A_folder_with_other_things_in_it_is_not_taken()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("thesis.docx"), "x");
        var e = Assert.Throws<StoreException>(() => FileBlockStore.Open(folder.Path));
        Assert.Equal(StoreFault.NotAStore, e.Fault);
        Assert.Contains("thesis.docx", e.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(folder.At("other/blocks"));
        File.WriteAllText(folder.At("other/blocks/SHARDING"), "/repo/flatfs/shard/v1/prefix/4\n");
        Assert.Equal(StoreFault.NotAStore, Assert.Throws<StoreException>(() => FileBlockStore.Open(folder.At("other"))).Fault);
    }

    [Fact]
    public async Task A_group_is_found_after_its_flush()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var blocks = Enumerable.Range(0, 500).Select(i => Blocks.Raw(i, 100 + i)).ToList();
        await using (var writer = await store.BeginWriteAsync())
        {
            var reused = new byte[1000];
            foreach (var block in blocks)
            {
                // The caller may use its buffer again once the put has returned.
                block.Data.CopyTo(reused);
                await writer.PutAsync(new Block(block.Cid, reused.AsMemory(0, block.Data.Length)));
                reused.AsSpan().Clear();
            }

            await writer.FlushAsync();
            Assert.All(blocks, block => Assert.True(Blocks.Same(store.Get(block.Cid), block)));
        }

        Assert.Equal(500, store.List().Count());
        Assert.Empty(Directory.GetFiles(folder.At("s/tmp")));
    }

    [Fact]
    public async Task Pins_have_names_and_a_root_may_be_held_by_several()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var cid = Blocks.Raw(1, 10).Cid;
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        await store.Pins.AddAsync(cid, null, at);
        await store.Pins.AddAsync(cid, "job 7/ß", at.AddSeconds(1));
        var other = FileBlockStore.Open(folder.At("s"));
        Assert.Equal([new Pin(cid, null, at), new Pin(cid, "job 7/ß", at.AddSeconds(1))], other.Pins.List());
        Assert.True(other.Pins.Remove(cid, null));
        Assert.False(other.Pins.Remove(cid, null));
        Assert.Equal("job 7/ß", Assert.Single(store.Pins.Of(cid)).Name);
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.Pins.AddAsync(cid, new string('x', 256), at));
    }

    [Fact]
    public async Task Collection_keeps_what_pins_reach_and_refuses_when_a_pinned_graph_is_not_whole()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var (leaf, root, garbage) = (Blocks.Raw(1, 10), Blocks.Raw(2, 20), Blocks.Raw(3, 30));
        var node = new Block(Cid.Create(Multicodec.DagCbor, root.Cid.Multihash), root.Data);
        foreach (var block in new[] { leaf, root, garbage })
        {
            await store.PutAsync(block);
        }

        IEnumerable<Cid> Links(Block block) => block.Cid == node.Cid ? [leaf.Cid] : [];
        await store.Pins.AddAsync(node.Cid, "kept", DateTimeOffset.UnixEpoch);
        File.WriteAllText(folder.At("s/tmp/rubbish"), "left by a dead writer");
        Assert.Equal(new GarbageReport(1, 30, 2), await GarbageCollector.CollectAsync(store, Links, dryRun: true, null, default));
        Assert.True(store.Has(garbage.Cid));
        Assert.Equal(new GarbageReport(1, 30, 2), await GarbageCollector.CollectAsync(store, Links, dryRun: false, null, default));
        Assert.False(store.Has(garbage.Cid));
        Assert.True(store.Has(leaf.Cid) && store.Has(node.Cid));
        Assert.Empty(Directory.GetFiles(folder.At("s/tmp")));

        await store.PutAsync(garbage);
        File.Delete(store.List().Single(b => b.Cid == leaf.Cid).Path);
        var e = await Assert.ThrowsAsync<StoreException>(() => GarbageCollector.CollectAsync(store, Links, dryRun: false, null, default));
        Assert.Equal((StoreFault.MissingBlock, leaf.Cid), (e.Fault, e.Cid));
        Assert.Contains("kept", e.Message, StringComparison.Ordinal);
        Assert.True(store.Has(garbage.Cid));
    }

    [Fact]
    public async Task Collection_waits_for_writers_and_new_writers_wait_for_it()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var other = FileBlockStore.Open(folder.At("s"));
        var block = Blocks.Raw(1, 10);
        Task<GarbageReport> collection;
        await using (var writer = await store.BeginWriteAsync())
        {
            await writer.PutAsync(block);
            await writer.FlushAsync();
            collection = GarbageCollector.CollectAsync(other, _ => [], dryRun: false, null, default);
            Assert.False(collection.IsCompleted);

            // It holds the gate already or soon: pinning inside the writer does not wait for it.
            await writer.PinAsync(block.Cid, null, DateTimeOffset.UnixEpoch);
        }

        Assert.Equal(0, (await collection).Deleted);
        Assert.True(store.Has(block.Cid));
    }
}
