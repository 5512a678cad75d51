using System.Text.Json;
using System.Web;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Dag;

/// <summary>Requests to a trustless gateway and the exact blocks that answer them; then the answer, as a CAR, is walked again as a client would.</summary>
public class TrustlessVectorTests
{
    private const string Folder = "ipfs/trustless";

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var file in Vectors.Has(Folder) ? Directory.GetFiles(Vectors.PathOf(Folder), "*-cases.json") : [])
        {
            var root = Json.Parse(File.ReadAllText(file));
            foreach (var vector in root.GetProperty("cases").EnumerateArray())
            {
                data.Add(root.Text("car")!, vector.GetRawText());
            }
        }

        return data;
    }

    public static TheoryData<string> Listings()
    {
        var data = new TheoryData<string>();
        foreach (var file in Vectors.Has(Folder) ? Directory.GetFiles(Vectors.PathOf(Folder), "*-cases.json") : [])
        {
            data.Add(Path.GetFileName(file));
        }

        return data;
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(Cases))]
    public async Task Answer_has_exactly_the_blocks_of_the_request(string car, string json)
    {
        var vector = Json.Parse(json);
        var request = Parse(vector.Text("request")!);
        using var source = await OpenAsync(car);
        var (blocks, failure) = await CollectAsync(DagWalker.WalkAsync(source, request));
        var cids = blocks.Select(block => block.Cid.ToString()).ToArray();
        if (vector.TryGetProperty("pathMissing", out var missing) && missing.GetBoolean())
        {
            Assert.Equal(ContentFault.PathNotFound, failure?.Fault);

            // For a name that a sharded directory does not have, the shards on its hash path may follow.
            var least = (int)vector.Number("expectedCount")!.Value;
            Assert.Equal(vector.Text("expectedSha256OfLines"), Car.CarVectorTests.LinesDigest(cids.Take(least)));
            return;
        }

        Assert.Null(failure);
        Assert.Equal(vector.Number("expectedCount"), cids.Length);
        if (vector.TryGetProperty("expectedCids", out var expected))
        {
            Assert.Equal(expected.EnumerateArray().Select(cid => cid.GetString()), cids);
        }

        Assert.Equal(vector.Text("expectedSha256OfLines"), Car.CarVectorTests.LinesDigest(cids));
        await CheckClientAsync(request, blocks);
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(Listings))]
    public async Task Every_path_of_the_listing_resolves(string file)
    {
        var root = Json.Load($"{Folder}/{file}");
        using var source = await OpenAsync(root.Text("car")!);
        foreach (var entry in root.GetProperty("listing").EnumerateArray())
        {
            var path = ContentPath.Of(Cid.Parse(root.Text("root")!), [.. entry.Text("path")!.Split('/', StringSplitOptions.RemoveEmptyEntries)]);
            var resolved = await PathResolver.ResolveAsync(source, path);
            Assert.Equal(entry.Text("cid"), resolved.Cid.ToString());
        }
    }

    private static async Task CheckClientAsync(DagRequest request, List<Block> blocks)
    {
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, [request.Path.Root]);
        foreach (var block in blocks)
        {
            await writer.PutAsync(block);
        }

        await writer.FinishAsync();
        var received = await CarBlockSource.OpenAsync(new DribblingStream(stream.ToArray(), 1000));
        var (walked, failure) = await CollectAsync(DagWalker.WalkAsync(received, request));
        Assert.Null(failure);
        Assert.Equal(blocks.Select(block => block.Cid), walked.Select(block => block.Cid));

        // Without its last new block the same answer must not pass for a whole one.
        var short_ = new MemoryStream();
        writer = await CarWriter.CreateAsync(short_, [request.Path.Root]);
        foreach (var block in blocks.Where(block => block.Cid != blocks[^1].Cid))
        {
            await writer.PutAsync(block);
        }

        await writer.FinishAsync();
        (_, failure) = await CollectAsync(DagWalker.WalkAsync(await CarBlockSource.OpenAsync(new MemoryStream(short_.ToArray())), request));
        Assert.Equal(ContentFault.MissingBlock, failure?.Fault);
    }

    private static async Task<(List<Block> Blocks, ContentException? Failure)> CollectAsync(IAsyncEnumerable<Block> walk)
    {
        var blocks = new List<Block>();
        try
        {
            await foreach (var block in walk)
            {
                blocks.Add(block);
            }

            return (blocks, null);
        }
        catch (ContentException failure)
        {
            return (blocks, failure);
        }
    }

    private static DagRequest Parse(string text)
    {
        var mark = text.IndexOf('?');
        Assert.True(ContentPath.TryParse(text[..mark], percentEncoded: true, out var path, out _));
        var query = HttpUtility.ParseQueryString(text[mark..]);
        EntityBytes? bytes = null;
        if (query["entity-bytes"] is { } range)
        {
            Assert.True(EntityBytes.TryParse(range, out var parsed));
            bytes = parsed;
        }

        return new DagRequest(path)
        {
            Scope = query["dag-scope"] switch { "block" => DagScope.Block, "entity" => DagScope.Entity, _ => DagScope.All },
            Bytes = bytes,
            Duplicates = query["car-dups"] != "n",
        };
    }

    private static async Task<CarFileSource> OpenAsync(string car) => await CarFileSource.OpenAsync(new MemoryStream(await File.ReadAllBytesAsync(Vectors.PathOf("ipfs/" + car))));
}
