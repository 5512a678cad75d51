using System.Text.Json;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;
using Sojourn.Testing;

namespace Sojourn.Primitives.Tests.Ipld;

/// <summary>The DASL and IPLD suites for DAG-CBOR: those tagged <c>dag-cbor</c> or <c>basic</c>, and the negative fixtures.</summary>
public class DagCborVectorTests
{
    private const string Folder = "ipfs/codec";

    public static TheoryData<string, string, string> DaslCases()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var file in Files("dasl-cbor-*.json"))
        {
            foreach (var vector in JsonDocument.Parse(File.ReadAllText(file)).RootElement.EnumerateArray())
            {
                var tags = vector.GetProperty("tags").EnumerateArray().Select(t => t.GetString()).ToArray();
                var type = vector.GetProperty("type").GetString()!;
                var subset = type == "roundtrip" && tags.Contains("dasl-cid");
                if (tags.Contains("dag-cbor") || tags.Contains("basic") || subset)
                {
                    data.Add(type, vector.GetProperty("name").GetString()!, vector.GetProperty("data").GetString()!);
                }
            }
        }

        return data;
    }

    public static TheoryData<string, string> Negative()
    {
        var data = new TheoryData<string, string>();
        foreach (var vector in Files("negative-dag-cbor-*.json").SelectMany(file => JsonDocument.Parse(File.ReadAllText(file)).RootElement.EnumerateArray()))
        {
            if (vector.TryGetProperty("hex", out var hex))
            {
                data.Add(vector.GetProperty("name").GetString()!, hex.GetString()!);
            }
        }

        return data;
    }

    public static TheoryData<string, string, string> Fixtures()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var fixture in Files("codec-fixtures.json").SelectMany(file => JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("fixtures").EnumerateObject()))
        {
            if (fixture.Value.TryGetProperty("dag-cbor", out var form))
            {
                data.Add(fixture.Name, form.GetProperty("hex").GetString()!, form.GetProperty("cid").GetString()!);
            }
        }

        return data;
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(DaslCases))]
    public void Dasl_suite(string type, string name, string hex)
    {
        var bytes = Convert.FromHexString(hex);
        switch (type)
        {
            case "roundtrip":
                Assert.Equal(hex, Convert.ToHexStringLower(DagCbor.Encode(DagCbor.Decode(bytes))));
                break;
            case "invalid_in":
                Assert.False(DagCbor.TryDecode(bytes, out _, out var fault), name);
                Assert.NotEqual(CborFault.None, fault);
                break;
            case "invalid_out":
                // What the value says cannot be written: neither as a value nor as an encoded item.
                Assert.Throws<InvalidOperationException>(() => new CborWriter(CborProfile.DagCbor).WriteEncoded(bytes));
                break;
            default:
                Assert.Fail($"unknown type of vector: {type}");
                break;
        }
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(Negative))]
    public void Negative_fixtures(string name, string hex) => Assert.False(DagCbor.TryDecode(Convert.FromHexString(hex), out _, out _), name);

    [VectorTheory(Folder)]
    [MemberData(nameof(Fixtures))]
    public void Codec_fixtures_round_trip(string name, string hex, string cid)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.Equal(hex, Convert.ToHexStringLower(DagCbor.Encode(DagCbor.Decode(bytes))));
        Assert.Equal(cid, Cid.ForDagCbor(bytes).ToString());
        var links = new List<Cid>();
        DagCbor.ReadLinks(bytes, links);
        Assert.Equal(CountLinks(DagCbor.Decode(bytes)), links.Count);
        Assert.NotNull(name);
    }

    private static int CountLinks(DagValue value) => value switch
    {
        DagLink => 1,
        DagList list => list.Items.Sum(CountLinks),
        DagMap map => map.Entries.Sum(entry => CountLinks(entry.Value)),
        _ => 0,
    };

    private static IEnumerable<string> Files(string pattern) =>
        Vectors.Has(Folder) ? Directory.GetFiles(Vectors.PathOf(Folder), pattern).Order(StringComparer.Ordinal) : [];
}
