using FsCheck;
using FsCheck.Fluent;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Import;

/// <summary>Files of any size and shape come back, whole and in parts, from a store and from the CAR that a gateway would send.</summary>
public class RoundTripTests
{
    /// <summary>The roots that <c>ipfs add --trickle</c> gives an empty file, with and without raw leaves.</summary>
    [Theory]
    [InlineData(0, false, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")]
    [InlineData(1, false, "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y")]
    [InlineData(1, true, "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y")]
    public async Task An_empty_trickle_file_is_a_root_without_children(int version, bool rawLeaves, string expected)
    {
        var profile = new ImportProfile { CidVersion = version, RawLeaves = rawLeaves, Layout = FileLayout.Trickle };
        var blocks = new MemoryBlocks();
        var root = (await UnixFsImporter.ImportAsync(Stream.Null, blocks, new ImportOptions { Profile = profile })).Root;
        Assert.Equal(expected, root.ToString());
    }

    public sealed record Shape(int Size, int Chunk, int Links, FileLayout Layout, bool RawLeaves, int Version, int From, int Count);

    private static Arbitrary<Shape> Shapes() => (
        from size in Gen.Choose(0, 6000)
        from chunk in Gen.Choose(1, 700)
        from links in Gen.Choose(2, 9)
        from layout in Gen.Elements(FileLayout.Balanced, FileLayout.Trickle)
        from raw in Gen.Elements(true, false)
        from version in Gen.Choose(0, 1)
        from start in Gen.Choose(0, 6500)
        from count in Gen.Choose(0, 3000)
        select new Shape(size, chunk, links, layout, raw, version, start, count)).ToArbitrary();

    [Fact]
    public void Bytes_and_ranges_come_back() => Prop.ForAll(Shapes(), shape => Check(shape).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public async Task Streams_files_and_degrees_give_the_same_cid()
    {
        var bytes = Keystream.Bytes("same", 5_000_000);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, bytes);
            foreach (var profile in new[] { ImportProfile.UnixFsV1Of2025, ImportProfile.UnixFsV0Of2015, new ImportProfile { ChunkBytes = 1000, LinksMax = 11 } })
            {
                var expected = (await UnixFsImporter.ImportAsync(new MemoryStream(bytes), null, new ImportOptions { Profile = profile, Degree = 1 })).Root;
                foreach (var degree in new[] { 1, 2, 5 })
                {
                    var options = new ImportOptions { Profile = profile, Degree = degree };
                    Assert.Equal(expected, (await UnixFsImporter.ImportAsync(new DribblingStream(bytes, 70_001), null, options)).Root);
                    await using var file = File.OpenRead(path);
                    var stored = new MemoryBlocks();
                    var result = await UnixFsImporter.ImportAsync(file, stored, options);
                    Assert.Equal(expected, result.Root);
                    Assert.Equal((ulong)bytes.Length, result.FileBytes);
                    var back = new MemoryStream();
                    await UnixFsExporter.CopyToAsync(stored, result.Root, back, options: new ExportOptions { ReadAhead = degree });
                    Assert.True(bytes.AsSpan().SequenceEqual(back.GetBuffer().AsSpan(0, (int)back.Length)));
                    file.Position = 0;
                    Assert.Equal(result, await UnixFsImporter.ImportAsync(file, null, options));
                    file.Position = 0;
                    var car = new MemoryStream();
                    var writer = await CarWriter.CreateAsync(car, [expected]);
                    Assert.Equal(expected, (await UnixFsImporter.ImportAsync(file, writer, options)).Root);
                    await writer.FinishAsync();
                    car.Position = 0;
                    Assert.Equal(result.Blocks, (await CarVerifier.VerifyAsync(await CarReader.OpenAsync(car))).Blocks);
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Metadata_is_kept_by_small_and_large_files()
    {
        foreach (var size in new[] { 0, 10, 3000 })
        {
            var blocks = new MemoryBlocks();
            var options = new ImportOptions { Profile = new ImportProfile { ChunkBytes = 1024 }, Mode = 0x1a4, ModifiedAt = new UnixTime(1_655_158_642, 7) };
            var bytes = Keystream.Bytes("meta", size);
            var result = await UnixFsImporter.ImportAsync(new MemoryStream(bytes), blocks, options);
            var info = await UnixFsExporter.StatAsync(blocks, result.Root);
            Assert.Equal((0x1a4u, new UnixTime(1_655_158_642, 7u), (long)size), (info.Mode!.Value, info.ModifiedAt!.Value, info.FileBytes));
            var back = new MemoryStream();
            await UnixFsExporter.CopyToAsync(blocks, result.Root, back);
            Assert.Equal(bytes, back.ToArray());
        }
    }

    [Fact]
    public async Task A_symlink_is_that_of_kubo()
    {
        // The CID is that of ipfs/gateway-conformance's fixture symlink.car, /bar.
        var blocks = new MemoryBlocks();
        var link = await UnixFsImporter.ImportSymlinkAsync("foo", blocks, new ImportOptions { Profile = ImportProfile.UnixFsV0Of2015 });
        Assert.Equal("QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5", link.Root.ToString());
        Assert.Equal("foo", (await UnixFsExporter.StatAsync(blocks, link.Root)).Target);
    }

    [Fact]
    public async Task A_failing_sink_fails_the_import()
    {
        foreach (var sequential in new[] { true, false })
        {
            var sink = new FailingSink(sequential, 5);
            await Assert.ThrowsAsync<IOException>(async () => await UnixFsImporter.ImportAsync(new Keystream("fail", 20_000_000), sink, new ImportOptions { Profile = ImportProfile.UnixFsV0Of2015 }));
        }
    }

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(1024, 1, 1)]
    [InlineData(1024, 2, 2)]
    [InlineData((1 << 20) + 1, 2, 1)]
    public async Task Impossible_profiles_are_refused(int chunk, int links, int version) => await Assert.ThrowsAsync<ArgumentException>(async () =>
        await UnixFsImporter.ImportAsync(Stream.Null, null, new ImportOptions { Profile = new ImportProfile { ChunkBytes = chunk, LinksMax = links, CidVersion = version } }));

    private static async Task<bool> Check(Shape shape)
    {
        var bytes = Keystream.Bytes("shape", shape.Size);
        var profile = new ImportProfile { ChunkBytes = shape.Chunk, LinksMax = shape.Links, Layout = shape.Layout, RawLeaves = shape.RawLeaves, CidVersion = shape.Version };
        var blocks = new MemoryBlocks();
        var result = await UnixFsImporter.ImportAsync(new MemoryStream(bytes), blocks, new ImportOptions { Profile = profile });
        var whole = new MemoryStream();
        await UnixFsExporter.CopyToAsync(blocks, result.Root, whole);

        var from = Math.Min(shape.From, shape.Size);
        var part = bytes.AsSpan(from, Math.Min(shape.Count, shape.Size - from)).ToArray();
        var range = new MemoryStream();
        await UnixFsExporter.CopyToAsync(blocks, result.Root, range, new ByteRange(shape.From, shape.Count));
        if (!whole.ToArray().AsSpan().SequenceEqual(bytes) || !range.ToArray().AsSpan().SequenceEqual(part))
        {
            return false;
        }

        // The same range out of the CAR that a trustless gateway sends for it.
        var request = new DagRequest(ContentPath.Of(result.Root)) { Bytes = shape.Count == 0 ? null : new EntityBytes(shape.From, shape.From + shape.Count - 1), Duplicates = shape.Version == 0 };
        var car = new MemoryStream();
        var writer = await CarWriter.CreateAsync(car, []);
        await foreach (var block in DagWalker.WalkAsync(blocks, request))
        {
            await writer.PutAsync(block);
        }

        await writer.FinishAsync();
        car.Position = 0;
        var received = new MemoryStream();
        await UnixFsExporter.CopyToAsync(await CarBlockSource.OpenAsync(car), result.Root, received, shape.Count == 0 ? ByteRange.All : new ByteRange(shape.From, shape.Count), ExportOptions.Streaming);
        return received.ToArray().AsSpan().SequenceEqual(shape.Count == 0 ? bytes : part);
    }

    private sealed class FailingSink(bool sequential, int after) : IBlockSink
    {
        private int _count;

        public bool IsSequential => sequential;

        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default) =>
            Interlocked.Increment(ref _count) > after ? throw new IOException("disk full") : ValueTask.CompletedTask;
    }
}
