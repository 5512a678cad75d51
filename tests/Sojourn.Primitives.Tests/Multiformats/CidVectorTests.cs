using System.Text.Json;
using Sojourn.Testing;

namespace Sojourn.Primitives.Tests.Multiformats;

/// <summary>CIDs in every base with their bytes, and texts that must be refused.</summary>
public class CidVectorTests
{
    private const string File = "ipfs/multiformats/cids.json";

    private static JsonElement Root() => Vectors.Has(File) ? JsonDocument.Parse(System.IO.File.ReadAllText(Vectors.PathOf(File))).RootElement : JsonDocument.Parse("""{"valid":[],"invalid":[]}""").RootElement;

    public static TheoryData<string> Valid() => [.. Root().GetProperty("valid").EnumerateArray().Select(c => c.GetRawText())];

    public static TheoryData<string> Invalid() => [.. Root().GetProperty("invalid").EnumerateArray().Select(c => c.GetProperty("text").GetString()!)];

    [VectorTheory(File)]
    [MemberData(nameof(Valid))]
    public void Every_text_form_names_the_same_bytes(string json)
    {
        var vector = JsonDocument.Parse(json).RootElement;
        var bytes = Convert.FromHexString(vector.GetProperty("bytes").GetString()!);
        var cid = Cid.Decode(bytes);
        Assert.Equal(vector.GetProperty("version").GetInt32(), cid.Version);
        Assert.Equal(vector.GetProperty("codec").GetUInt64(), (ulong)cid.Codec);
        Assert.Equal(vector.GetProperty("mhCode").GetUInt64(), (ulong)cid.HashFunction);
        Assert.Equal(vector.GetProperty("digest").GetString(), Convert.ToHexStringLower(cid.Digest));
        if (vector.TryGetProperty("block", out var block) && Multihash.TryCompute(cid.HashFunction, Convert.FromHexString(block.GetString()!), out var computed))
        {
            Assert.Equal(computed, cid.Multihash);
        }

        foreach (var text in vector.GetProperty("strings").EnumerateObject())
        {
            var value = text.Value.GetString()!;
            foreach (var form in new[] { value, "ipfs://" + value, "/ipfs/" + value, "/ipfs/" + value + "/" })
            {
                Assert.True(Cid.TryParse(form, out var parsed, out var fault), $"{form}: {fault}");
                Assert.Equal(cid, parsed);
            }

            Assert.True(Enum.TryParse<MultibaseEncoding>(text.Name, ignoreCase: true, out var multibase), text.Name);
            Assert.Equal(value, cid.ToString(multibase));
        }

        Assert.Equal(vector.GetProperty("strings").GetProperty("base32").GetString(), cid.ToString());
        if (vector.GetProperty("v0").GetString() is { } v0)
        {
            Assert.True(cid.TryToVersion0(out var zero));
            Assert.Equal(v0, zero.ToString());
            Assert.Equal(zero, Cid.Parse(v0));
            Assert.Equal(cid, zero.ToVersion1());
        }
        else
        {
            Assert.False(cid.TryToVersion0(out _));
        }
    }

    [VectorTheory(File)]
    [MemberData(nameof(Invalid))]
    public void Text_that_is_none_is_refused(string text)
    {
        Assert.False(Cid.TryParse(text, out _, out var fault));
        Assert.NotEqual(CidFault.None, fault);
    }
}
