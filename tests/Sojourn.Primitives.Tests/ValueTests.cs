using FsCheck;
using FsCheck.Fluent;

namespace Sojourn.Primitives.Tests;

public class ValueTests
{
    [Fact]
    public void Varints_round_trip_and_have_one_form() => Prop.ForAll<ulong>(value =>
    {
        value &= Varint.ValueMax;
        Span<byte> bytes = stackalloc byte[Varint.BytesMax];
        var length = Varint.Write(bytes, value);
        return length == Varint.LengthOf(value) && Varint.Read(bytes, out var back, out var read) == VarintFault.None && back == value && read == length;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("", VarintFault.Truncated)]
    [InlineData("80", VarintFault.Truncated)]
    [InlineData("8000", VarintFault.NotShortest)]
    [InlineData("ff8000", VarintFault.NotShortest)]
    [InlineData("ffffffffffffffffff", VarintFault.TooLong)]
    [InlineData("ffffffffffffffffff01", VarintFault.TooLong)]
    public void Malformed_varints_are_refused(string hex, VarintFault expected) => Assert.Equal(expected, Varint.Read(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void Digest_prints_parses_and_orders_as_bytes()
    {
        var digest = Digest.Of("abc"u8);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest.ToString());
        Assert.Equal(digest, Digest.Parse(digest.ToString()));
        Assert.Equal(digest, Digest.Parse("0x" + digest.ToString().ToUpperInvariant()));
        Assert.Equal(digest, new Digest(digest.ToArray()));
        Assert.True(Digest.Zero.IsZero && !digest.IsZero && Digest.Zero < digest);
        Assert.False(Digest.TryParse("ba78", out _));
        Assert.False(Digest.TryParse(new string('g', 64), out _));
        Assert.Throws<FormatException>(() => Digest.Parse("x"));
        var low = Digest.Parse("00000000000000ff" + new string('0', 48));
        var high = Digest.Parse("ff00000000000000" + new string('0', 48));
        Assert.True(low < high && high > low && low <= high && low != high);
    }

    [Fact]
    public void Address_prints_and_parses()
    {
        var address = Address.Parse("0x52908400098527886E0F7030069857D2E4169EE7");
        Assert.Equal("0x52908400098527886e0f7030069857d2e4169ee7", address.ToString());
        Assert.Equal(address, new Address(address.ToArray()));
        Assert.True(Address.Zero.IsZero && Address.Zero < address);
        Assert.False(Address.TryParse("0x52", out _));
    }

    [Fact]
    public void Amounts_never_wrap()
    {
        Assert.Throws<OverflowException>(() => Amount.Max + 1);
        Assert.Throws<OverflowException>(() => Amount.Zero - 1);
        Assert.Throws<OverflowException>(() => Amount.Max * 2);
        Assert.False(Amount.Max.TryAdd(1, out _));
        Assert.False(Amount.Zero.TrySubtract(1, out _));
        Assert.Equal(Amount.Max, Amount.Max.Share(7, 7));
        Assert.Throws<OverflowException>(() => Amount.Max.Share(8, 7));
    }

    [Fact]
    public void Shares_agree_with_exact_arithmetic() => Prop.ForAll<ulong, ulong, ulong>((high, numerator, denominator) =>
    {
        var units = new UInt128(high >> 8, ~high);
        denominator = Math.Max(1, denominator);
        numerator %= denominator + 1;
        var exact = (System.Numerics.BigInteger)units * numerator / denominator;
        return (System.Numerics.BigInteger)new Amount(units).Share(numerator, denominator).Units == exact;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("1.5", 18, "1500000000000000000", "1.5")]
    [InlineData("0.000001", 6, "1", "0.000001")]
    [InlineData("12", 0, "12", "12")]
    [InlineData("3.0", 2, "300", "3")]
    [InlineData("0", 18, "0", "0")]
    public void Amounts_print_in_tokens(string text, int decimals, string units, string printed)
    {
        Assert.True(Amount.TryParse(text, decimals, out var amount));
        Assert.Equal(units, amount.ToString());
        Assert.Equal(printed, amount.ToString(decimals));
        Span<byte> bytes = stackalloc byte[Amount.Length];
        amount.WriteBigEndian(bytes);
        Assert.Equal(amount, Amount.ReadBigEndian(bytes));
    }

    [Theory]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("-1")]
    [InlineData("1.2345678")]
    [InlineData("1e3")]
    [InlineData(" 1")]
    [InlineData("")]
    [InlineData("1,5")]
    public void Sloppy_amounts_are_refused(string text) => Assert.False(Amount.TryParse(text, 6, out _));
}
