using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Import;

namespace Sojourn.Content.Tests.Car;

/// <summary>Memory of blocks out of a stream is used again only when nobody reads it any more.</summary>
public class CarStreamMemoryTests
{
    private static readonly ImportProfile Chunks = ImportProfile.UnixFsV1Of2025 with { Name = "custom", ChunkBytes = 100 << 10, LinksMax = 7 };

    [Theory]
    [InlineData(true, 300)]
    [InlineData(false, 300)]
    [InlineData(true, 5)]
    [InlineData(false, 5)]
    public async Task A_file_comes_out_of_a_stream_as_it_went_in(bool duplicates, int different)
    {
        // Fewer different leaves than leaves: some are kept, used again, and dropped between their uses.
        var content = new byte[300 * (100 << 10)];
        var random = new Random(different);
        for (var leaf = 0; leaf < 300; leaf++)
        {
            new Random(leaf < different ? leaf : random.Next(different)).NextBytes(content.AsSpan(leaf * (100 << 10), 100 << 10));
        }

        var (car, root) = await PackAsync(content, duplicates);
        var copied = new MemoryStream();
        await UnixFsExporter.CopyToAsync(await CarBlockSource.OpenAsync(new DribblingStream(car, 70_000)), root, copied, default, ExportOptions.Streaming);
        Assert.True(content.AsSpan().SequenceEqual(copied.ToArray()), "the copy differs");
    }

    [Fact]
    public async Task Pieces_that_are_not_given_back_stay_as_they_are()
    {
        var content = new byte[200 * (100 << 10)];
        new Random(1).NextBytes(content);
        var (car, root) = await PackAsync(content, duplicates: true);
        var pieces = new List<ReadOnlyMemory<byte>>();
        await foreach (var piece in UnixFsExporter.ReadAsync(await CarBlockSource.OpenAsync(new MemoryStream(car)), root, default, ExportOptions.Streaming))
        {
            pieces.Add(piece);
        }

        Assert.True(content.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece.ToArray()).ToArray()), "a piece changed");
    }

    private static async Task<(byte[] Car, Primitives.Cid Root)> PackAsync(byte[] content, bool duplicates)
    {
        var blocks = new MemoryBlocks();
        var root = (await UnixFsImporter.ImportAsync(new MemoryStream(content), blocks, new ImportOptions { Profile = Chunks })).Root;
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, [root]);
        await foreach (var block in DagWalker.WalkAsync(blocks, new DagRequest(ContentPath.Of(root)) { Duplicates = duplicates }))
        {
            await writer.PutAsync(block);
        }

        await writer.FinishAsync();
        return (stream.ToArray(), root);
    }
}
