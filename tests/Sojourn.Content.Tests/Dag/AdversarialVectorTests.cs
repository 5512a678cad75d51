using System.Security.Cryptography;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Dag;

/// <summary>What an untrusted gateway may send. Content comes out right or ends in a named error, and not a wrong byte is given before it.</summary>
public class AdversarialVectorTests
{
    private const string Index = "ipfs/adversarial/cases.json";

    public static TheoryData<string> Cases() => Json.Cases(Index, "cases");

    [VectorTheory(Index)]
    [MemberData(nameof(Cases))]
    public async Task Nothing_wrong_is_given(string json)
    {
        var vector = Json.Parse(json);
        if (vector.Text("file") is not { } file)
        {
            await OversizedBlockIsRefusedByItsLength(vector.Text("recipe")!);
            return;
        }

        var bytes = await File.ReadAllBytesAsync(Vectors.PathOf("ipfs/adversarial/" + file));
        var path = ContentPath.Parse(vector.Text("cid")!);
        var (given, failure) = await FetchAsync(bytes, path);
        var expect = vector.Text("expect")!;
        if (expect.StartsWith("listing", StringComparison.Ordinal))
        {
            await UnsafeNamesAreRefused(bytes, path.Root);
            return;
        }

        var mayPass = expect.Split('-').Contains("ok");
        var mayFail = expect.Split('-').Contains("error");
        Assert.True(failure is null ? mayPass : mayFail, $"{file}: {failure?.Fault.ToString() ?? "passed"}, expected {expect}");
        if (failure is null)
        {
            var whole = vector.Text("contentSha256") ?? vector.Text("trueBytesSha256");
            Assert.Equal(whole, Convert.ToHexStringLower(SHA256.HashData(given)));
            return;
        }

        Assert.NotEqual(ContentFault.None, failure.Fault);
        if (vector.Number("maxEmit") is { } most)
        {
            Assert.True(given.Length <= most, $"{file}: {given.Length} bytes were given before {failure.Fault}, at most {most} are right");
            if (given.Length == most && vector.Text("maxEmitSha256") is { } prefix)
            {
                Assert.Equal(prefix, Convert.ToHexStringLower(SHA256.HashData(given)));
            }
        }

        // What was given is a true prefix of the content.
        var seed = Json.Load(Index).Text("seed");
        if (seed is not null && vector.Number("maxEmit") is not null)
        {
            Assert.True(Keystream.Bytes(seed, given.Length).AsSpan().SequenceEqual(given));
        }
    }

    [VectorTheory(Index)]
    [MemberData(nameof(Cases))]
    public async Task A_range_never_gives_wrong_bytes(string json)
    {
        var vector = Json.Parse(json);
        if (vector.Text("file") is not { } file || vector.Text("contentSha256") is null || (vector.Number("contentSize") ?? 0) is var size && size < 5000)
        {
            return;
        }

        var bytes = await File.ReadAllBytesAsync(Vectors.PathOf("ipfs/adversarial/" + file));
        var expected = Keystream.Bytes(Json.Load(Index).Text("seed")!, (int)size);
        foreach (var (offset, count) in new (int, int?)[] { (0, 1), (511, 2), (1000, 3000), (4000, null) })
        {
            var (given, failure) = await FetchAsync(bytes, ContentPath.Parse(vector.Text("cid")!), new ByteRange(offset, count));
            var want = expected.AsSpan(offset, count ?? (expected.Length - offset));
            Assert.True(failure is null ? want.SequenceEqual(given) : want.StartsWith(given));
        }
    }

    private static async Task<(byte[] Given, ContentException? Failure)> FetchAsync(byte[] car, ContentPath path, ByteRange range = default)
    {
        var given = new MemoryStream();
        try
        {
            // As a client does: the stream is walked while it arrives; the declared order is not believed.
            var source = await CarBlockSource.OpenAsync(new DribblingStream(car, 333));
            var end = await PathResolver.ResolveAsync(source, path);
            await UnixFsExporter.CopyToAsync(new FirstBlock(end.Block, source), end.Cid, given, range, ExportOptions.Streaming);
            return (given.ToArray(), null);
        }
        catch (ContentException failure)
        {
            return (given.ToArray(), failure);
        }
    }

    private static async Task OversizedBlockIsRefusedByItsLength(string recipe)
    {
        Assert.Contains("3 MiB", recipe, StringComparison.Ordinal);
        var leaf = new byte[3 << 20];
        var stream = new MemoryStream();
        var writer = await CarWriter.CreateAsync(stream, []);
        await writer.PutAsync(new Block(Cid.ForRaw(leaf), leaf));
        await writer.FinishAsync();
        var (given, failure) = await FetchAsync(stream.ToArray(), ContentPath.Of(Cid.ForRaw(leaf)));
        Assert.Empty(given);
        Assert.Equal(ContentFault.CarSectionTooLong, failure?.Fault);
    }

    private static async Task UnsafeNamesAreRefused(byte[] car, Cid root)
    {
        var source = await CarBlockSource.OpenAsync(new MemoryStream(car));
        var paths = new List<string>();
        var failure = await Assert.ThrowsAsync<ContentException>(async () =>
        {
            await foreach (var entry in TreeWalker.WalkAsync(source, root))
            {
                paths.Add(entry.Path);
            }
        });
        Assert.Contains(failure.Fault, new[] { ContentFault.UnsafeName, ContentFault.DuplicateName });
        Assert.All(paths, path => Assert.DoesNotContain("..", path.Split('/')));
        Assert.Equal(paths.Count, paths.Distinct().Count());
    }

    private sealed class FirstBlock(Block block, IBlockSource rest) : IBlockSource
    {
        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) =>
            cid == block.Cid ? ValueTask.FromResult<Block?>(block) : rest.GetAsync(cid, cancellationToken);
    }
}
