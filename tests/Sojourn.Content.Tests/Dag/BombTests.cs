using Sojourn.Content.Codecs;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Tests.Dag;

/// <summary>Small DAGs that stand for endless work.</summary>
public class BombTests
{
    [Fact]
    public async Task Without_duplicates_a_dag_of_doubling_links_is_walked_once()
    {
        var blocks = new MemoryBlocks();
        var block = Block.Create(Multicodec.Raw, "bottom"u8.ToArray());
        await blocks.PutAsync(block);
        for (var i = 0; i < 60; i++)
        {
            block = Block.Create(Multicodec.DagCbor, DagCbor.Encode(new DagList([block.Cid, block.Cid])));
            await blocks.PutAsync(block);
        }

        var count = 0;
        await foreach (var _ in DagWalker.WalkAsync(blocks, new DagRequest(ContentPath.Of(block.Cid)) { Duplicates = false }))
        {
            count++;
        }

        Assert.Equal(61, count);
    }

    [Fact]
    public async Task Children_without_bytes_are_not_walked_for_content()
    {
        var blocks = new MemoryBlocks();
        var block = Block.Create(Multicodec.DagPb, DagPb.Encode(new UnixFsData { Type = UnixFsType.File, FileSize = 0 }.Encode(), []));
        await blocks.PutAsync(block);
        for (var i = 0; i < 60; i++)
        {
            var link = new PbLink(block.Cid, ReadOnlyMemory<byte>.Empty, 10);
            block = Block.Create(Multicodec.DagPb, DagPb.Encode(new UnixFsData { Type = UnixFsType.File, FileSize = 0, BlockSizes = [0, 0] }.Encode(), [link, link]));
            await blocks.PutAsync(block);
        }

        Assert.Equal(0, await UnixFsExporter.CopyToAsync(blocks, block.Cid, Stream.Null));
    }

    [Fact]
    public async Task Sizes_that_overflow_are_refused()
    {
        var link = new PbLink(Cid.ForRaw("x"u8), ReadOnlyMemory<byte>.Empty, 1);
        var block = Block.Create(Multicodec.DagPb, DagPb.Encode(new UnixFsData { Type = UnixFsType.File, BlockSizes = [ulong.MaxValue, 2] }.Encode(), [link, link]));
        var blocks = new MemoryBlocks();
        await blocks.PutAsync(block);
        var refused = await Assert.ThrowsAsync<ContentException>(async () => await UnixFsExporter.CopyToAsync(blocks, block.Cid, Stream.Null));
        Assert.Equal(ContentFault.SizeMismatch, refused.Fault);
    }

    [Fact]
    public async Task Refused_hashes_are_named()
    {
        var cid = Cid.Create(Multicodec.Raw, Multihash.Wrap(MultihashCode.Sha1, new byte[20]));
        var refused = await Assert.ThrowsAsync<ContentException>(async () => await new MemoryBlocks().GetRequiredAsync(cid));
        Assert.Equal(ContentFault.UnsupportedHash, refused.Fault);
        Assert.Contains("sha1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(BlockFault.DigestTooShort, BlockVerifier.CheckIdentifier(Cid.Create(Multicodec.Raw, Multihash.Wrap(MultihashCode.Sha2_256, new byte[10]))));
        Assert.Equal(BlockFault.IdentityTooLong, BlockVerifier.CheckIdentifier(Cid.ForIdentity(Multicodec.Raw, new byte[129])));
    }
}
