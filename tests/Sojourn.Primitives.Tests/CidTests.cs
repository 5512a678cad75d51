using FsCheck;
using FsCheck.Fluent;

namespace Sojourn.Primitives.Tests;

public class CidTests
{
    private const string Hello = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

    [Theory]
    [InlineData("ipfs://" + Hello)]
    [InlineData("ipfs://ipfs/" + Hello)]
    [InlineData("IPFS://" + Hello)]
    [InlineData("/ipfs/" + Hello)]
    [InlineData("/ipfs/" + Hello + "/")]
    [InlineData(Hello)]
    public void Usual_ways_of_writing_are_read(string text) => Assert.Equal(Hello, Cid.Parse(text).ToString());

    [Theory]
    [InlineData("", CidFault.Empty)]
    [InlineData("/ipfs/", CidFault.Empty)]
    [InlineData("/ipfs/" + Hello + "/a/b", CidFault.HasPath)]
    [InlineData("ipfs://" + Hello + "?x", CidFault.HasPath)]
    [InlineData("b", CidFault.Truncated)]
    [InlineData("baiaaaaa", CidFault.UnknownVersion)]
    [InlineData("zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", CidFault.VersionZeroInBase)]
    [InlineData("f0155122000", CidFault.Truncated)]
    [InlineData("f01551200ff", CidFault.TrailingBytes)]
    [InlineData("f01d50012", CidFault.BadVarint)]
    [InlineData("f015500ffff03", CidFault.DigestTooLong)]
    public void Faults_have_names(string text, CidFault expected)
    {
        Assert.False(Cid.TryParse(text, out _, out var fault));
        Assert.Equal(expected, fault);
        var thrown = Assert.Throws<CidException>(() => Cid.Parse(text));
        Assert.Equal(expected, thrown.Fault);
        Assert.NotEqual(expected.ToString(), CidFaults.Explain(expected));
    }

    [Fact]
    public void Overlong_text_is_refused_before_it_is_decoded() => Assert.False(Cid.TryParse(new string('z', Cid.TextCharsMax + 1), out _, out _));

    [Fact]
    public void Equality_order_and_dictionaries_go_by_bytes()
    {
        var one = Cid.ForRaw("a"u8);
        var two = Cid.Decode(one.Bytes);
        Assert.Equal(one, two);
        Assert.True(one == two);
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.NotEqual(one, one.WithCodec(Multicodec.DagCbor));
        Assert.Equal(0, one.CompareTo(two));
        Assert.True(one > null!);
    }

    [Fact]
    public void Arbitrary_bytes_decode_to_the_same_bytes_or_to_a_fault() => Prop.ForAll<byte[]>(bytes =>
    {
        var fault = Cid.TryDecodePrefix(bytes, out var cid, out var length);
        return fault == CidFault.None ? cid!.Bytes.SequenceEqual(bytes.AsSpan(0, length)) && Cid.Parse(cid.ToString()) == cid : cid is null && length == 0;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    [Fact]
    public void Version_zero_and_one_turn_into_each_other()
    {
        var zero = Cid.Parse("QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4");
        Assert.Equal(0, zero.Version);
        Assert.Equal(Multicodec.DagPb, zero.Codec);
        Assert.True(zero.ToVersion1().TryToVersion0(out var back));
        Assert.Equal(zero, back);
        Assert.False(Cid.ForRaw("x"u8).TryToVersion0(out _));
    }
}
