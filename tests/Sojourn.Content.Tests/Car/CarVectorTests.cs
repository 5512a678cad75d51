using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Car;

/// <summary>CARs of other projects: header, sections and hashes as the index says; files that must be refused; and every file and directory inside.</summary>
public class CarVectorTests
{
    private const string Index = "ipfs/cars/index.json";

    public static TheoryData<string> Cases() => Json.Cases(Index, null);

    [VectorTheory(Index)]
    [MemberData(nameof(Cases))]
    public async Task Archive_is_read_as_its_index_says(string json)
    {
        var vector = Json.Parse(json);
        var path = Vectors.PathOf("ipfs/cars/" + vector.Text("file"));
        if (!File.Exists(path))
        {
            return;
        }

        var bytes = await File.ReadAllBytesAsync(path);
        if (vector.Text("sha256") is { } sha256)
        {
            Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }

        if (path.EndsWith(".gofuzz", StringComparison.Ordinal))
        {
            await ReadAllAsync(GoBytes(Encoding.Latin1.GetString(bytes)));
        }
        else if (vector.Text("jsReaderError") is not null)
        {
            var refused = await Assert.ThrowsAsync<ContentException>(async () =>
            {
                var reader = await CarReader.OpenAsync(new MemoryStream(bytes));
                while (await reader.ReadAsync() is not null)
                {
                }
            });
            Assert.NotEqual(ContentFault.None, refused.Fault);
        }
        else if (vector.Number("carVersion") is not null)
        {
            await CheckSectionsAsync(vector, bytes);
            await CheckListingAsync(vector, bytes);
        }
        else if (path.EndsWith(".carindex", StringComparison.Ordinal))
        {
            Assert.True(CarIndex.Decode(bytes).Count > 0);
        }
        else if (path.EndsWith(".json", StringComparison.Ordinal))
        {
            await CheckDescriptionAsync(Path.ChangeExtension(path, ".car"), Encoding.UTF8.GetString(bytes));
        }
        else
        {
            await ReadAllAsync(bytes);
        }
    }

    private static async Task CheckSectionsAsync(JsonElement vector, byte[] bytes)
    {
        // Whatever the pieces in which a stream arrives, the sections are the same.
        foreach (var step in new[] { int.MaxValue, 1, 7, 4096 })
        {
            if (step == 1 && bytes.Length > 100_000)
            {
                continue;
            }

            var reader = await CarReader.OpenAsync(new DribblingStream(bytes, step));
            Assert.Equal(vector.Number("carVersion"), reader.Version);
            Assert.Equal(vector.GetProperty("roots").EnumerateArray().Select(root => root.GetString()), reader.Roots.Select(root => root.ToString()));
            var cids = new List<string>();
            var hashes = new HashSet<Multihash>();
            int bad = 0, unchecked_ = 0;
            while (await reader.ReadAsync() is { } section)
            {
                cids.Add(section.Cid.ToString());
                hashes.Add(section.Cid.Multihash);
                var fault = BlockVerifier.Verify(section.Cid, section.Data.Span);
                bad += fault == BlockFault.HashMismatch ? 1 : 0;
                unchecked_ += fault is BlockFault.UnsupportedHash ? 1 : 0;
                Assert.True(section.Data.Span.SequenceEqual(bytes.AsSpan((int)section.BlockOffset, section.Data.Length)));
            }

            Assert.Equal(vector.Number("blocks"), cids.Count);
            Assert.Equal(vector.Number("duplicateBlocks") ?? 0, cids.Count - hashes.Count);
            Assert.Equal(vector.Number("badHashes") ?? 0, bad);
            Assert.Equal(vector.Number("uncheckedHashes") ?? 0, unchecked_);
            if (vector.TryGetProperty("blockCids", out var expected) && expected.ValueKind == JsonValueKind.Array)
            {
                Assert.Equal(expected.EnumerateArray().Select(cid => cid.GetString()), cids);
            }

            if (vector.Text("blockCidsSha256") is { } digest)
            {
                Assert.Equal(digest, LinesDigest(cids));
            }
        }
    }

    private static async Task CheckListingAsync(JsonElement vector, byte[] bytes)
    {
        if (!vector.TryGetProperty("listing", out var listings) || listings.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        using var source = await CarFileSource.OpenAsync(new MemoryStream(bytes));
        foreach (var root in listings.EnumerateObject())
        {
            var entries = new List<Dictionary<string, object>>();
            await ListAsync(Trusting(source, bytes), Cid.Parse(root.Name), "", entries);
            if (root.Value.ValueKind == JsonValueKind.Array)
            {
                Assert.Equal(root.Value.EnumerateArray().Select(Normalise), entries.Select(Normalise));
                continue;
            }

            // Long listings are given by their first and last entries and their number.
            Assert.Equal(root.Value.Number("count"), entries.Count);
            var first = root.Value.GetProperty("first").EnumerateArray().Select(Normalise).ToArray();
            var last = root.Value.GetProperty("last").EnumerateArray().Select(Normalise).ToArray();
            Assert.Equal(first, entries.Take(first.Length).Select(Normalise));
            Assert.Equal(last, entries.TakeLast(last.Length).Select(Normalise));
        }
    }

    /// <summary>Blocks whose hash function is refused are listed all the same here: the index names what they are.</summary>
    private static IBlockSource Trusting(CarFileSource source, byte[] bytes) => new UncheckedSource(source, bytes);

    private static async Task ListAsync(IBlockSource source, Cid cid, string path, List<Dictionary<string, object>> entries)
    {
        var entry = new Dictionary<string, object>(StringComparer.Ordinal) { ["path"] = path, ["cid"] = cid.ToString() };
        entries.Add(entry);
        var info = UnixFsExporter.Describe((await source.GetAsync(cid))!);
        if (info.Kind == UnixFsKind.Object && cid.Codec == Multicodec.DagPb)
        {
            entry["error"] = "no data in PBNode";
            return;
        }

        entry["type"] = info.Kind switch { UnixFsKind.File => "file", UnixFsKind.Directory => "directory", UnixFsKind.ShardedDirectory => "hamt-directory", UnixFsKind.Symlink => "symlink", _ => "ipld-object" };
        if (info.Kind == UnixFsKind.Object)
        {
            entry["codec"] = $"0x{(ulong)cid.Codec:x}";
        }

        if (info.Target is not null)
        {
            entry["target"] = info.Target;
        }

        if (info.Mode is { } mode)
        {
            entry["mode"] = "0" + Convert.ToString((int)mode & 0xfff, 8);
        }

        if (info.ModifiedAt is { } time)
        {
            entry["mtime"] = $"{time.Seconds}.{time.Nanoseconds ?? 0}";
        }

        if (info.Kind == UnixFsKind.File)
        {
            entry["size"] = info.FileBytes;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            try
            {
                await foreach (var piece in UnixFsExporter.ReadAsync(source, cid))
                {
                    hash.AppendData(piece.Span);
                }

                entry["sha256"] = Convert.ToHexStringLower(hash.GetHashAndReset());
            }
            catch (ContentException missing) when (missing.Fault == ContentFault.MissingBlock)
            {
                entry["error"] = "missing-block";
            }
        }

        if (info.IsDirectory)
        {
            await foreach (var child in DirectoryReader.ListAsync(source, cid))
            {
                await ListAsync(source, child.Cid, $"{path}/{child.Name}", entries);
            }
        }
    }

    /// <summary>The facts of an entry in one line, in a fixed order; modes that the index's author left out as defaults are left out.</summary>
    private static string Normalise(JsonElement entry)
    {
        var facts = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var property in entry.EnumerateObject())
        {
            facts[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Number => property.Value.GetInt64(),
                JsonValueKind.Array => string.Join('.', property.Value.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString() : part.GetRawText())),
                _ => property.Value.GetString()!,
            };
        }

        return Normalise(facts);
    }

    private static string Normalise(Dictionary<string, object> facts) => string.Join(' ', facts.Where(fact => fact.Key != "note").OrderBy(fact => fact.Key, StringComparer.Ordinal).Select(fact => $"{fact.Key}={fact.Value}"));

    private static async Task CheckDescriptionAsync(string car, string json)
    {
        var description = Json.Parse(json);
        var bytes = await File.ReadAllBytesAsync(car);
        var reader = await CarReader.OpenAsync(new MemoryStream(bytes));
        foreach (var block in description.GetProperty("blocks").EnumerateArray())
        {
            var section = (await reader.ReadAsync())!.Value;
            Assert.Equal(block.GetProperty("cid").Text("/"), section.Cid.ToString());
            Assert.Equal(block.Number("offset"), section.Offset);
            Assert.Equal(block.Number("length"), section.Length);
            Assert.Equal(block.Number("blockOffset"), section.BlockOffset);
            Assert.Equal(block.Number("blockLength"), section.Data.Length);
        }

        Assert.Null(await reader.ReadAsync());
        if (reader.V2 is { IndexOffset: > 0 })
        {
            using var source = await CarFileSource.OpenAsync(new MemoryStream(bytes));
            Assert.Equal(CarIndex.IsKnownFormat(bytes.AsSpan((int)reader.V2.IndexOffset)), source.IsIndexed);
            foreach (var block in description.GetProperty("blocks").EnumerateArray())
            {
                Assert.NotNull(await source.GetAsync(Cid.Parse(block.GetProperty("cid").Text("/")!)));
            }
        }
    }

    private static async Task ReadAllAsync(byte[] bytes)
    {
        try
        {
            var reader = await CarReader.OpenAsync(new MemoryStream(bytes));
            while (await reader.ReadAsync() is not null)
            {
            }
        }
        catch (ContentException)
        {
            // An error with a name is as good as an end; anything else fails the test.
        }
    }

    private static byte[] GoBytes(string file)
    {
        var start = file.IndexOf("[]byte(\"", StringComparison.Ordinal) + 8;
        var text = file[start..file.LastIndexOf("\")", StringComparison.Ordinal)];
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            i++;
            bytes.Add(text[i] switch { 'x' => Convert.ToByte(text.Substring(i + 1, 2), 16), 'n' => 10, 't' => 9, 'r' => 13, 'a' => 7, 'b' => 8, 'f' => 12, 'v' => 11, var c => (byte)c });
            i += text[i] == 'x' ? 2 : 0;
        }

        return [.. bytes];
    }

    internal static string LinesDigest(IEnumerable<string> lines) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")))));

    private sealed class UncheckedSource(CarFileSource source, byte[] bytes) : IBlockSource
    {
        public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        {
            if (BlockVerifier.CheckIdentifier(cid) == BlockFault.None)
            {
                return await source.GetAsync(cid, cancellationToken);
            }

            var reader = await CarReader.OpenAsync(new MemoryStream(bytes), cancellationToken: cancellationToken);
            while (await reader.ReadAsync(cancellationToken) is { } section)
            {
                if (section.Cid == cid)
                {
                    return new Block(cid, section.Data.ToArray());
                }
            }

            return null;
        }
    }
}
