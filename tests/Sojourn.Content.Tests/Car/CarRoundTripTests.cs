using FsCheck;
using FsCheck.Fluent;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Car;

public class CarRoundTripTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void What_is_written_is_read(int version, bool withIndex) => Prop.ForAll<byte[][]>(contents =>
    {
        var blocks = contents.Select(bytes => Block.Create(Multicodec.Raw, bytes ?? [])).Append(new Block(Cid.ForIdentity(Multicodec.Raw, "inline"u8), "inline"u8.ToArray())).ToArray();
        var stream = new MemoryStream();
        var writer = CarWriter.CreateAsync(stream, [blocks[0].Cid], new CarWriterOptions { Version = version, WithIndex = withIndex }).AsTask().Result;
        foreach (var block in blocks)
        {
            writer.PutAsync(block).AsTask().Wait();
        }

        writer.FinishAsync().AsTask().Wait();
        var bytes = stream.ToArray();
        var reader = CarReader.OpenAsync(new DribblingStream(bytes, 13)).AsTask().Result;
        var read = new List<Cid>();
        while (reader.ReadAsync().AsTask().Result is { } section)
        {
            read.Add(section.ToVerifiedBlock().Cid);
        }

        var same = reader.Version == version && reader.Roots.SequenceEqual([blocks[0].Cid]) && read.SequenceEqual(blocks.Select(block => block.Cid));
        using var source = CarFileSource.OpenAsync(new MemoryStream(bytes)).AsTask().Result;
        return same && source.IsIndexed == (version == 2 && withIndex)
            && blocks.All(block => source.GetAsync(block.Cid).AsTask().Result!.Data.Span.SequenceEqual(block.Data.Span))
            && source.GetAsync(Cid.ForRaw("absent"u8)).AsTask().Result is null;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [VectorFact("ipfs/cars/go-car/sample-unixfs-v2.car")]
    public async Task An_index_written_by_go_leads_to_the_right_sections()
    {
        var bytes = await File.ReadAllBytesAsync(Vectors.PathOf("ipfs/cars/go-car/sample-unixfs-v2.car"));
        using var source = await CarFileSource.OpenAsync(new MemoryStream(bytes));
        Assert.True(source.IsIndexed);
        var reader = await CarReader.OpenAsync(new MemoryStream(bytes));
        var found = 0;
        while (await reader.ReadAsync() is { } section)
        {
            if (BlockVerifier.CheckIdentifier(section.Cid) == BlockFault.None && section.Cid.HashFunction != MultihashCode.Identity)
            {
                found++;
                Assert.Equal(section.Data.ToArray(), (await source.GetAsync(section.Cid))!.Data.ToArray());
            }
        }

        Assert.True(found > 0);
    }

    [Fact]
    public async Task Verification_runs_on_all_cores_and_finds_the_one_damaged_block()
    {
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, []);
        for (var i = 0; i < 300; i++)
        {
            await writer.PutAsync(Block.Create(Multicodec.Raw, Keystream.Bytes($"block-{i}", 20_000)));
        }

        await writer.FinishAsync();
        var bytes = stream.ToArray();
        var copy = new MemoryBlocks();
        var summary = await CarVerifier.VerifyAsync(await CarReader.OpenAsync(new MemoryStream(bytes)), copy, degree: 3);
        Assert.Equal(new CarSummary(300, 6_000_000), summary);
        Assert.Equal(300, copy.Count);

        bytes[3_000_000] ^= 1;
        var refused = await Assert.ThrowsAsync<ContentException>(async () => await CarVerifier.VerifyAsync(await CarReader.OpenAsync(new MemoryStream(bytes))));
        Assert.Equal(ContentFault.HashMismatch, refused.Fault);
    }

    [Fact]
    public async Task Cutting_a_version_2_archive_anywhere_is_noticed()
    {
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, [], new CarWriterOptions { Version = 2, WithIndex = false });
        await writer.PutAsync(Block.Create(Multicodec.Raw, "one"u8.ToArray()));
        await writer.PutAsync(Block.Create(Multicodec.Raw, "two"u8.ToArray()));
        await writer.FinishAsync();
        var bytes = stream.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            var refused = await Assert.ThrowsAsync<ContentException>(async () =>
            {
                var reader = await CarReader.OpenAsync(new MemoryStream(bytes[..length]));
                while (await reader.ReadAsync() is not null)
                {
                }
            });
            Assert.Equal(ContentFault.CarTruncated, refused.Fault);
        }
    }

    [Fact]
    public async Task A_flood_of_blocks_that_nobody_asked_for_ends()
    {
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, []);
        for (var i = 0; i < 40; i++)
        {
            await writer.PutAsync(Block.Create(Multicodec.Raw, Keystream.Bytes($"flood-{i}", 100_000)));
        }

        await writer.FinishAsync();
        stream.Position = 0;
        var source = await CarBlockSource.OpenAsync(stream, new CarBlockSourceOptions { BufferBytesMax = 300_000, UnrequestedBytesMax = 1_000_000 });
        var refused = await Assert.ThrowsAsync<ContentException>(async () => await source.GetAsync(Cid.ForRaw("wanted"u8)));
        Assert.Equal(ContentFault.UnrequestedBlocks, refused.Fault);
        Assert.True(source.Position < 1_300_000);
    }
}
