using System.Text.Json;
using Sojourn.Testing;

namespace Sojourn.Content.Tests;

/// <summary>A set of vectors that is named or found, and would let every test pass because it holds nothing, is a failure.</summary>
public class VectorSetTests
{
    [Fact]
    public void A_set_that_is_named_is_there() =>
        Assert.True(Vectors.Root is not null || string.IsNullOrEmpty(Environment.GetEnvironmentVariable("SOJOURN_VECTORS")), "SOJOURN_VECTORS names a folder that does not exist");

    [Fact]
    public void A_set_that_is_there_is_not_empty() =>
        Assert.True(Vectors.Root is null || Directory.EnumerateFiles(Vectors.Root, "*", SearchOption.AllDirectories).Any(), $"{Vectors.Root} holds no file: no vector would be run");

    [VectorFact("ipfs")]
    public void Every_index_of_the_content_vectors_names_cases()
    {
        var indexes = new[]
        {
            "adversarial/cases.json", "cars/index.json", "codec/codec-fixtures.json", "gateway/cases.json", "multiformats/cids.json", "routing/filter-cases.json",
            "trustless/variety-cases.json", "unixfs/hamt-dirs.json", "unixfs/importer-matrix.json", "unixfs/ipip-499-profiles.json",
        }.Select(name => Vectors.PathOf($"ipfs/{name}")).Where(File.Exists).ToList();
        Assert.True(indexes.Count > 0, $"{Vectors.PathOf("ipfs")} holds none of the index files: no vector would be run");
        foreach (var index in indexes)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index));
            Assert.True(Largest(json.RootElement) > 0, $"{index} names no case");
        }
    }

    // Each index has its own shape; all hold one list, or one map, of cases.
    private static int Largest(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.GetArrayLength(),
        JsonValueKind.Object when element.EnumerateObject().Any(each => each.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object) => element.EnumerateObject().Max(each => Largest(each.Value)),
        JsonValueKind.Object => element.EnumerateObject().Count(),
        _ => 0,
    };
}
