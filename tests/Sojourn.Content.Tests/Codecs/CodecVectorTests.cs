using System.Text.Json;
using Sojourn.Content.Codecs;
using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;
using Sojourn.Testing;

namespace Sojourn.Content.Tests.Codecs;

/// <summary>ipld/codec-fixtures: one value in several codecs; every form must turn into every other, byte for byte. And what must be refused.</summary>
public class CodecVectorTests
{
    private const string Folder = "ipfs/codec";

    public static TheoryData<string, string> Fixtures()
    {
        var data = new TheoryData<string, string>();
        foreach (var fixture in Files("codec-fixtures*.json").SelectMany(file => JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("fixtures").EnumerateObject()))
        {
            data.Add(fixture.Name, fixture.Value.GetRawText());
        }

        return data;
    }

    public static TheoryData<string, string> NegativeBytes()
    {
        var data = new TheoryData<string, string>();
        foreach (var file in Files("negative-*-decode-*.json"))
        {
            foreach (var vector in Json.Parse(File.ReadAllText(file)).EnumerateArray())
            {
                if (vector.Text("hex") is { } hex)
                {
                    data.Add(Path.GetFileName(file), hex);
                }
            }
        }

        return data;
    }

    public static TheoryData<string, string> NegativeForms()
    {
        var data = new TheoryData<string, string>();
        foreach (var vector in Files("negative-dag-pb-encode-*.json").SelectMany(file => Json.Parse(File.ReadAllText(file)).EnumerateArray()))
        {
            data.Add(vector.Text("name")!, vector.GetProperty("dag-json").GetRawText());
        }

        return data;
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(Fixtures))]
    public void Every_form_turns_into_every_other(string name, string json)
    {
        Assert.NotNull(name);
        var forms = Json.Parse(json).EnumerateObject().Select(form => (Codec: form.Name, Bytes: Convert.FromHexString(form.Value.Text("hex")!), Cid: form.Value.Text("cid")!)).ToArray();
        foreach (var (codec, bytes, cid) in forms)
        {
            Assert.Equal(cid, Cid.For(CodecOf(codec), bytes).ToString());
            var value = Decode(codec, bytes);
            foreach (var other in forms)
            {
                Assert.Equal(Show(other.Codec, other.Bytes), Show(other.Codec, Encode(other.Codec, value)));
            }
        }
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(NegativeBytes))]
    public void Malformed_blocks_are_refused(string file, string hex)
    {
        var bytes = Convert.FromHexString(hex);
        var refused = file.Contains("dag-pb", StringComparison.Ordinal) ? !DagPb.TryDecode(bytes, out _, out _)
            : file.Contains("dag-json", StringComparison.Ordinal) ? !DagJson.TryDecode(bytes, out _, out _)
            : !DagCbor.TryDecode(bytes, out _, out _);
        Assert.True(refused);
    }

    [VectorTheory(Folder)]
    [MemberData(nameof(NegativeForms))]
    public void Values_that_are_no_node_are_refused(string name, string json)
    {
        Assert.True(DagJson.TryDecode(System.Text.Encoding.UTF8.GetBytes(json), out var value, out var jsonFault), $"{name}: {jsonFault}");
        Assert.False(DagPbForm.TryFromValue(value, out _, out var fault), name);
        Assert.NotEqual(DagPbFormFault.None, fault);
    }

    private static Multicodec CodecOf(string codec) => codec switch { "dag-pb" => Multicodec.DagPb, "dag-cbor" => Multicodec.DagCbor, "dag-json" => Multicodec.DagJson, _ => throw new ArgumentOutOfRangeException(nameof(codec)) };

    private static DagValue Decode(string codec, byte[] bytes)
    {
        switch (codec)
        {
            case "dag-pb":
                Assert.True(DagPb.TryDecode(bytes, out var node, out var pbFault), pbFault.ToString());
                return DagPbForm.ToValue(node);
            case "dag-cbor":
                return DagCbor.Decode(bytes);
            default:
                Assert.True(DagJson.TryDecode(bytes, out var value, out var jsonFault), jsonFault.ToString());
                return value;
        }
    }

    private static byte[] Encode(string codec, DagValue value)
    {
        switch (codec)
        {
            case "dag-pb":
                Assert.True(DagPbForm.TryFromValue(value, out var node, out var fault), fault.ToString());
                return DagPb.Encode(node);
            case "dag-cbor":
                return DagCbor.Encode(value);
            default:
                return DagJson.Encode(value);
        }
    }

    private static string Show(string codec, byte[] bytes) => codec == "dag-json" ? System.Text.Encoding.UTF8.GetString(bytes) : Convert.ToHexStringLower(bytes);

    private static IEnumerable<string> Files(string pattern) =>
        Vectors.Has(Folder) ? Directory.GetFiles(Vectors.PathOf(Folder), pattern).Order(StringComparer.Ordinal) : [];
}
