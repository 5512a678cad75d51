using FsCheck;
using FsCheck.Fluent;
using Sojourn.Content.Codecs;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Tests.Codecs;

/// <summary>Any value of the data model comes back from both codecs that can hold it, and says the same in each.</summary>
public class DataModelTests
{
    private static readonly Gen<string> Text = Gen.Elements("", "a", "ab", "é", "水", "\U0001F600", "\u0001\"\\/", "bytes", "z\ufffd", "Links");

    private static Gen<DagValue> Leaves() => Gen.OneOf<DagValue>(
        Gen.Constant<DagValue>(DagNull.Instance),
        Gen.Elements<DagValue>(DagBoolean.True, DagBoolean.False),
        ArbMap.Default.GeneratorFor<long>().Select(n => (DagValue)new DagInteger(n)),
        Gen.Elements<Int128>(ulong.MaxValue, -1 - (Int128)ulong.MaxValue, 0, 23, 24, 255, 256, 65535, 65536, uint.MaxValue, (Int128)uint.MaxValue + 1, -1, -24, -25).Select(n => (DagValue)new DagInteger(n)),
        ArbMap.Default.GeneratorFor<NormalFloat>().Select(f => (DagValue)new DagFloat(f.Get)),
        Gen.Elements(0.0, -0.0, 1.0, 1e21, 1e-7, 5e-324, double.MaxValue, 123456789012345680000.0, 0.000001).Select(f => (DagValue)new DagFloat(f)),
        Text.Select(t => (DagValue)new DagText(t)),
        ArbMap.Default.GeneratorFor<byte[]>().Select(b => (DagValue)new DagBytes(b)),
        ArbMap.Default.GeneratorFor<byte[]>().Select(b => (DagValue)new DagLink(Cid.ForRaw(b))));

    private static Gen<DagValue> Values(int depth) => depth == 0 ? Leaves() : Gen.Frequency(
        (3, Leaves()),
        (1, Values(depth - 1).ArrayOf().Select(items => (DagValue)new DagList([.. items.Take(5)]))),
        (1, Text.Zip(Values(depth - 1)).ArrayOf().Select(entries =>
        {
            DagMap.TryCreate(entries.Take(5).DistinctBy(entry => entry.Item1).Select(entry => new KeyValuePair<string, DagValue>(entry.Item1, entry.Item2)), out var map);
            return (DagValue)map!;
        })));

    [Fact]
    public void Values_come_back_from_both_codecs() => Prop.ForAll(Values(4).ToArbitrary(), value =>
    {
        var cbor = DagCbor.Encode(value);
        var json = DagJson.Encode(value);
        return CborReader.Check(cbor, CborProfile.DagCbor) == CborFault.None
            && DagCbor.Encode(DagCbor.Decode(cbor)).AsSpan().SequenceEqual(cbor)
            && DagJson.TryDecode(json, out var back, out _)
            && DagCbor.Encode(back).AsSpan().SequenceEqual(cbor);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("""{"/":"not a cid"}""", DagJsonFault.BadLink)]
    [InlineData("""{"/":"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e","x":1}""", DagJsonFault.BadLink)]
    [InlineData("""{"/":{"bytes":"!"}}""", DagJsonFault.BadBytes)]
    [InlineData("""{"/":{"bytes":"AQID","x":1}}""", DagJsonFault.BadBytes)]
    [InlineData("""{"/":{"bytes":"AQID"},"x":1}""", DagJsonFault.BadBytes)]
    [InlineData("""{"a":1,"a":2}""", DagJsonFault.DuplicateKey)]
    [InlineData("18446744073709551616", DagJsonFault.BadNumber)]
    [InlineData("-18446744073709551617", DagJsonFault.BadNumber)]
    [InlineData("1e999", DagJsonFault.BadNumber)]
    [InlineData("\"\\ud83d\"", DagJsonFault.BadText)]
    [InlineData("1 2", DagJsonFault.BadJson)]
    [InlineData("", DagJsonFault.BadJson)]
    [InlineData("[1,]", DagJsonFault.BadJson)]
    public void Malformed_dag_json_is_refused_by_name(string json, DagJsonFault expected)
    {
        Assert.False(DagJson.TryDecode(System.Text.Encoding.UTF8.GetBytes(json), out _, out var fault));
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void A_map_that_would_read_as_a_link_cannot_be_written() =>
        Assert.Throws<ArgumentException>(() => DagJson.Encode(DagMap.Create(("/", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"))));
}
