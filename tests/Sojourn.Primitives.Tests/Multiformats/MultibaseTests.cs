using FsCheck;
using FsCheck.Fluent;

namespace Sojourn.Primitives.Tests.Multiformats;

public class MultibaseTests
{
    public static TheoryData<MultibaseEncoding> Encodings() => [.. Multibase.All];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void What_is_encoded_decodes_to_itself(MultibaseEncoding encoding) => Prop.ForAll<byte[]>(bytes =>
        Multibase.TryDecode(Multibase.Encode(encoding, bytes), out var back, out var found) == MultibaseFault.None
        && found == encoding && back.AsSpan().SequenceEqual(bytes)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("", MultibaseFault.Empty)]
    [InlineData("!afk", MultibaseFault.UnknownBase)]
    [InlineData("\ud83d", MultibaseFault.UnknownBase)]
    [InlineData("bafk1", MultibaseFault.BadText)]
    [InlineData("bab", MultibaseFault.BadText)] // the last digit carries bits that no byte holds
    [InlineData("ba", MultibaseFault.BadText)] // a lone digit is no byte
    [InlineData("fabc", MultibaseFault.BadText)]
    [InlineData("MeWVzIG1hbmkgIQ=", MultibaseFault.BadText)]
    [InlineData("MeWVzIG1hbmkgIQ", MultibaseFault.BadText)]
    [InlineData("M====", MultibaseFault.BadText)]
    [InlineData("meWVzIG1hbmkgIQ==", MultibaseFault.BadText)]
    [InlineData("RGGW", MultibaseFault.BadText)] // 65536 or more in three digits (RFC 9285 section 6)
    [InlineData("RA", MultibaseFault.BadText)]
    [InlineData("z0", MultibaseFault.BadText)]
    public void Malformed_text_is_refused_by_name(string text, MultibaseFault expected) => Assert.Equal(expected, Multibase.TryDecode(text, out _));

    [Theory]
    [InlineData("AB", "RBB8")]
    [InlineData("Hello!!", "R%69 VD92EX0")]
    [InlineData("base-45", "RUJCLQE7W581")]
    public void Base45_is_that_of_rfc_9285(string plain, string text) => Assert.Equal(text, Multibase.Encode(MultibaseEncoding.Base45, System.Text.Encoding.ASCII.GetBytes(plain)));

    [Fact]
    public void Quadratic_bases_are_bounded() => Assert.Equal(MultibaseFault.TooLong, Multibase.TryDecode("z" + new string('2', Multibase.PositionalCharsMax + 1), out _));
}
