using System.Text;
using System.Text.Json;
using Sojourn.Content.Dag;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Import;

/// <summary>CIDs computed by other implementations: the profiles of IPIP-499, a matrix of parameters, and sharded directories.</summary>
public class ImportVectorTests
{
    private const string Profiles = "ipfs/unixfs/ipip-499-profiles.json";
    private const string Matrix = "ipfs/unixfs/importer-matrix.json";
    private const string Shards = "ipfs/unixfs/hamt-dirs.json";
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz01234567890-_";

    public static TheoryData<string> ProfileCases() => Json.Cases(Profiles, "vectors");

    public static TheoryData<string> MatrixCases() => Json.Cases(Matrix, "vectors");

    public static TheoryData<string> ShardCases() => Json.Cases(Shards, "vectors");

    [VectorTheory(Profiles)]
    [MemberData(nameof(ProfileCases))]
    public async Task Profiles_give_the_same_cid(string json)
    {
        var vector = Json.Parse(json);
        var profile = ImportProfile.Find(vector.Text("profile")!)!;
        var input = vector.GetProperty("input");
        var counter = new CountingSink();
        ImportResult result;
        if (input.TryGetProperty("dir", out var dir))
        {
            result = await ImportDirectoryAsync(dir, profile, counter);
        }
        else if (input.TryGetProperty("emptyDir", out _))
        {
            using var builder = new DirectoryBuilder(profile);
            result = await builder.FinishAsync(counter);
        }
        else
        {
            result = await UnixFsImporter.ImportAsync(Open(input), counter, new ImportOptions { Profile = profile });
        }

        Check(vector.GetProperty("expected"), result, counter);
    }

    [VectorTheory(Matrix)]
    [MemberData(nameof(MatrixCases))]
    public async Task Parameters_give_the_same_cid_and_the_bytes_come_back(string json)
    {
        var vector = Json.Parse(json);
        var profile = ProfileOf(vector.GetProperty("params"));
        var input = vector.GetProperty("input");
        var counter = new CountingSink();
        var blocks = new MemoryBlocks();
        var result = await UnixFsImporter.ImportAsync(Open(input), new TeeSink(counter, blocks), new ImportOptions { Profile = profile });
        Check(vector.GetProperty("expected"), result, counter);

        using var expected = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var actual = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        await foreach (var piece in UnixFsExporter.ReadAsync(blocks, result.Root))
        {
            actual.AppendData(piece.Span);
        }

        await using var source = Open(input);
        var buffer = new byte[1 << 20];
        for (int read; (read = await source.ReadAsync(buffer)) > 0;)
        {
            expected.AppendData(buffer.AsSpan(0, read));
        }

        Assert.Equal(expected.GetHashAndReset(), actual.GetHashAndReset());
    }

    [VectorTheory(Shards)]
    [MemberData(nameof(ShardCases))]
    public async Task Sharded_directories_give_the_same_cid_and_list_what_was_added(string json)
    {
        var vector = Json.Parse(json);
        var profile = ImportProfile.UnixFsV1Of2025 with
        {
            Name = "custom",
            ShardThresholdBytes = 0,
            ShardFanout = (int)vector.Number("fanout")!.Value,
            CidVersion = (int)vector.Number("cidVersion")!.Value,
            RawLeaves = vector.Number("cidVersion") != 0,
        };
        var names = Names(vector);
        var counter = new CountingSink();
        var blocks = new MemoryBlocks();
        var sink = new TeeSink(counter, blocks);
        using var builder = new DirectoryBuilder(profile);
        foreach (var name in names)
        {
            var file = await UnixFsImporter.ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(name)), sink, new ImportOptions { Profile = profile });
            builder.Add(name, file.Root, file.DagBytes);
        }

        var result = await builder.FinishAsync(sink);
        Check(vector.GetProperty("expected"), result, counter);

        var listed = new List<string>();
        await foreach (var entry in DirectoryReader.ListAsync(blocks, result.Root))
        {
            listed.Add(entry.Name);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        foreach (var name in names.Take(50))
        {
            Assert.NotNull(await DirectoryReader.FindAsync(blocks, result.Root, name));
        }

        Assert.Null(await DirectoryReader.FindAsync(blocks, result.Root, "absent name"));
    }

    private static async Task<ImportResult> ImportDirectoryAsync(JsonElement dir, ImportProfile profile, CountingSink counter)
    {
        var count = (int)dir.Number("count")!.Value;
        var nameLength = (int)dir.Number("nameLen")!.Value;
        var lastLength = (int)dir.Number("lastNameLen")!.Value;
        var letters = Keystream.Bytes(dir.Text("seed")!, 1 << 20).Select(b => Alphabet[b % Alphabet.Length]).ToArray();
        var file = await UnixFsImporter.ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(dir.Text("content")!)), counter, new ImportOptions { Profile = profile });
        using var builder = new DirectoryBuilder(profile);
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var length = i == count - 1 ? lastLength : nameLength;
            builder.Add(new string(letters, at, length), file.Root, file.DagBytes);
            at += length;
        }

        return await builder.FinishAsync(counter);
    }

    private static string[] Names(JsonElement vector)
    {
        if (vector.TryGetProperty("names", out var names) && names.ValueKind == JsonValueKind.Array)
        {
            // A name that the list has twice is one entry: the importer that made the vectors lets the later replace the earlier.
            return [.. names.EnumerateArray().Select(name => name.GetString()!).Distinct(StringComparer.Ordinal)];
        }

        // "num#N:pattern" names the pattern with # replaced by 0 to N-1.
        var label = vector.Text("gen") ?? vector.Text("label")!;
        var colon = label.IndexOf(':');
        var count = int.Parse(label[4..colon]);
        return [.. Enumerable.Range(0, count).Select(i => label[(colon + 1)..].Replace("#", i.ToString(), StringComparison.Ordinal))];
    }

    private static ImportProfile ProfileOf(JsonElement parameters) => new()
    {
        Layout = parameters.Text("layout") == "trickle" ? FileLayout.Trickle : FileLayout.Balanced,
        CidVersion = (int)parameters.Number("cidVersion")!.Value,
        RawLeaves = parameters.GetProperty("rawLeaves").GetBoolean(),
        ChunkBytes = (int)parameters.Number("chunkSize")!.Value,
        LinksMax = (int)parameters.Number("maxLinks")!.Value,
        TrickleRepeat = (int)(parameters.Number("layerRepeat") ?? 4),
    };

    private static Stream Open(JsonElement input) => input.Text("text") is { } text
        ? new MemoryStream(Encoding.UTF8.GetBytes(text))
        : new Keystream(input.Text("seed")!, input.Number("size")!.Value);

    private static void Check(JsonElement expected, ImportResult result, CountingSink counter)
    {
        Assert.Equal(expected.Text("cid"), result.Root.ToString());
        Assert.Equal((ulong)expected.Number("dagSize")!.Value, result.DagBytes);

        // The files' own block counts where content repeats are those of distinct CIDs.
        Assert.Equal(expected.Number("uniqueBlocks"), counter.Distinct);
    }

    private sealed class CountingSink : IBlockSink
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<Cid, bool> _seen = new();

        public long Distinct => _seen.Count;

        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            _seen[block.Cid] = true;
            return ValueTask.CompletedTask;
        }
    }

    private sealed class TeeSink(IBlockSink one, IBlockSink two) : IBlockSink
    {
        public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            await one.PutAsync(block, cancellationToken);
            await two.PutAsync(block, cancellationToken);
        }
    }
}
