using FsCheck;
using FsCheck.Fluent;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Primitives.Tests.Cbor;

public class CborTests
{
    // RFC 8949 appendix A, those that are deterministic.
    [Theory]
    [InlineData("00")]
    [InlineData("1818")]
    [InlineData("1903e8")]
    [InlineData("1a000f4240")]
    [InlineData("1bffffffffffffffff")]
    [InlineData("3bffffffffffffffff")]
    [InlineData("3903e7")]
    [InlineData("f90000")]
    [InlineData("f98000")]
    [InlineData("f93e00")]
    [InlineData("fa47c35000")]
    [InlineData("fb3ff199999999999a")]
    [InlineData("f97c00")]
    [InlineData("f97e00")]
    [InlineData("f6")]
    [InlineData("f7")]
    [InlineData("c11a514b67b0")]
    [InlineData("d818456449455446")]
    [InlineData("62225c")]
    [InlineData("8301820203820405")]
    [InlineData("a201020304")]
    [InlineData("a26161016162820203")]
    [InlineData("826161a161626163")]
    [InlineData("98190102030405060708090a0b0c0d0e0f101112131415161718181819")]
    public void Deterministic_forms_are_accepted(string hex) => Assert.Equal(CborFault.None, CborReader.Check(Convert.FromHexString(hex), CborProfile.Deterministic));

    [Theory]
    [InlineData("", CborFault.Truncated)]
    [InlineData("18", CborFault.Truncated)]
    [InlineData("1817", CborFault.NotShortest)]
    [InlineData("fa3fc00000", CborFault.NotShortest)]
    [InlineData("fb3ff8000000000000", CborFault.NotShortest)]
    [InlineData("f97e01", CborFault.NotShortest)]
    [InlineData("5f4101ff", CborFault.IndefiniteLength)]
    [InlineData("9f01ff", CborFault.IndefiniteLength)]
    [InlineData("bf0102ff", CborFault.IndefiniteLength)]
    [InlineData("ff", CborFault.Reserved)]
    [InlineData("1c", CborFault.Reserved)]
    [InlineData("f0", CborFault.ForbiddenSimple)]
    [InlineData("f818", CborFault.ForbiddenSimple)]
    [InlineData("a2030201020304", CborFault.KeyOrder)]
    [InlineData("a201020102", CborFault.DuplicateKey)]
    [InlineData("a18000", CborFault.KeyType)]
    [InlineData("a1c10000", CborFault.KeyType)]
    [InlineData("a1f400", CborFault.KeyType)]
    [InlineData("62c328", CborFault.InvalidUtf8)]
    [InlineData("0000", CborFault.TrailingBytes)]
    [InlineData("c1", CborFault.Truncated)]
    [InlineData("8201", CborFault.Truncated)]
    [InlineData("a101", CborFault.Truncated)]
    [InlineData("9bffffffffffffffff", CborFault.Truncated)]
    [InlineData("bb7fffffffffffffff", CborFault.Truncated)]
    [InlineData("5bffffffffffffffff", CborFault.Truncated)]
    [InlineData("9a7fffffff00", CborFault.Truncated)]
    public void Everything_else_is_refused_by_name(string hex, CborFault expected) => Assert.Equal(expected, CborReader.Check(Convert.FromHexString(hex), CborProfile.Deterministic));

    [Theory]
    [InlineData("bf616101616202ff")]
    [InlineData("9f018202039f0405ffff")]
    [InlineData("5f42010243030405ff")]
    [InlineData("7f657374726561646d696e67ff")]
    [InlineData("a203040102")]
    [InlineData("1817")]
    [InlineData("fb3ff8000000000000")]
    [InlineData("a1019fff")]
    [InlineData("bfff")]
    [InlineData("d2845f41a0ffa0f640")]
    public void Lenient_reads_what_others_write(string hex) => Assert.Equal(CborFault.None, CborReader.Check(Convert.FromHexString(hex), CborProfile.Lenient));

    [Theory]
    [InlineData("a201020103", CborFault.DuplicateKey)]
    [InlineData("a20102180103", CborFault.DuplicateKey)] // the same key in a longer form
    [InlineData("bf01020102ff", CborFault.DuplicateKey)]
    [InlineData("bf01ff", CborFault.Reserved)]
    [InlineData("9f01", CborFault.Truncated)]
    [InlineData("5f6161ff", CborFault.TypeMismatch)]
    [InlineData("5f5f4101ffff", CborFault.IndefiniteLength)]
    [InlineData("1f", CborFault.Reserved)]
    public void Lenient_still_refuses(string hex, CborFault expected) => Assert.Equal(expected, CborReader.Check(Convert.FromHexString(hex), CborProfile.Lenient));

    [Fact]
    public void Depth_is_bounded_in_every_profile()
    {
        foreach (var profile in Enum.GetValues<CborProfile>())
        {
            var nested = Enumerable.Repeat((byte)0x81, 100_000).Append((byte)0x80).ToArray();
            Assert.Equal(CborFault.DepthExceeded, CborReader.Check(nested, profile));
            Assert.Equal(CborFault.None, CborReader.Check([.. Enumerable.Repeat((byte)0x81, 63), 0x80], profile));
            Assert.Equal(CborFault.DepthExceeded, CborReader.Check([.. Enumerable.Repeat((byte)0x81, 64), 0x80], profile));
        }

        Assert.Equal(CborFault.DepthExceeded, CborReader.Check(Enumerable.Repeat((byte)0x9f, 100_000).ToArray(), CborProfile.Lenient));
    }

    [Fact]
    public void Records_are_read_and_written_without_knowing_the_order()
    {
        var writer = new CborWriter();
        writer.BeginMap().WriteKey("zebra").WriteInteger(1).WriteKey(-1L).WriteBytes([1, 2]).WriteKey(10L).BeginArray().WriteNull().WriteBoolean(true).EndArray().WriteKey("a").WriteDouble(1.5).EndMap();
        Assert.Equal("a40a82f6f520420102" + "6161f93e00" + "657a6562726101", Convert.ToHexStringLower(writer.WrittenSpan));

        var reader = new CborReader(writer.WrittenSpan);
        reader.ReadMapHeaderExactly(4);
        reader.ReadKey(10L);
        reader.ReadArrayHeaderExactly(2);
        Assert.True(reader.TryReadNull());
        Assert.True(reader.ReadBoolean());
        reader.ReadKey(-1L);
        Assert.Equal([1, 2], reader.ReadBytesExactly(2).ToArray());
        reader.ReadKey("a");
        Assert.Equal(1.5, reader.ReadDouble());
        reader.ReadKey("zebra");
        Assert.Equal(1, reader.ReadInt32(0, 1));
        reader.ReadEnd();
    }

    [Fact]
    public void Misuse_of_the_writer_is_caught()
    {
        Assert.Throws<InvalidOperationException>(() => new CborWriter().BeginMap().WriteKey(1).WriteNull().WriteKey(1).WriteNull().EndMap());
        Assert.Throws<InvalidOperationException>(() => new CborWriter().BeginMap().WriteKey(2).WriteNull().WriteKey(1).WriteNull().WriteKey(1).WriteNull().EndMap());
        Assert.Throws<InvalidOperationException>(() => new CborWriter().BeginMap().WriteKey(1).EndMap());
        Assert.Throws<InvalidOperationException>(() => new CborWriter().BeginMap().ToArray());
        Assert.Throws<InvalidOperationException>(() => new CborWriter().BeginArray().EndMap());
        Assert.Throws<InvalidOperationException>(() => new CborWriter(CborProfile.DagCbor).BeginMap().WriteKey(1));
        Assert.Throws<InvalidOperationException>(() => new CborWriter(CborProfile.DagCbor).WriteTag(1));
        Assert.Throws<InvalidOperationException>(() => new CborWriter(CborProfile.DagCbor).WriteDouble(double.NaN));
        Assert.Throws<InvalidOperationException>(() => new CborWriter().WriteEncoded([0x18, 0x01]));
    }

    [Fact]
    public void Wrong_kinds_and_ranges_are_refused()
    {
        Assert.Equal(CborFault.TypeMismatch, Fault(static (ref CborReader r) => { r.ReadUInt64(); }, "20"));
        Assert.Equal(CborFault.IntegerRange, Fault(static (ref CborReader r) => { r.ReadInt64(); }, "1bffffffffffffffff"));
        Assert.Equal(CborFault.IntegerRange, Fault(static (ref CborReader r) => { r.ReadInt32(0, 3); }, "04"));
        Assert.Equal(CborFault.LengthExceeded, Fault(static (ref CborReader r) => { r.ReadBytes(1); }, "420102"));
        Assert.Equal(CborFault.LengthExceeded, Fault(static (ref CborReader r) => { r.ReadText(1); }, "626161"));
        Assert.Equal(CborFault.LengthExceeded, Fault(static (ref CborReader r) => { r.ReadArrayHeader(1); }, "820102"));
        Assert.Equal(CborFault.LengthExceeded, Fault(static (ref CborReader r) => { r.ReadBytesExactly(3); }, "420102"));
        Assert.Equal(CborFault.Unexpected, Fault(static (ref CborReader r) => { r.ReadKey("b"); }, "6161"));
        Assert.Equal(CborFault.Unexpected, Fault(static (ref CborReader r) => { r.ReadKey(5); }, "04"));
        Assert.Equal(CborFault.ForbiddenTag, Fault(static (ref CborReader r) => { r.ReadTag(17); }, "d200"));
        Assert.Equal(CborFault.TypeMismatch, Fault(static (ref CborReader r) => { r.ReadCid(); }, "00"));
        Assert.Equal(CborFault.InvalidCid, Fault(static (ref CborReader r) => { r.ReadCid(); }, "d82a4100"));
        Assert.Equal(CborFault.TypeMismatch, Fault(static (ref CborReader r) => { r.ReadCid(); }, "d82a00"));
    }

    [Fact]
    public void Map_of_many_entries_shifts_its_header()
    {
        foreach (var count in new[] { 23, 24, 255, 256, 65536 })
        {
            var writer = new CborWriter().BeginMap();
            for (var i = count - 1; i >= 0; i--)
            {
                writer.WriteKey(i).WriteInteger(-i);
            }

            var bytes = writer.EndMap().ToArray();
            Assert.Equal(CborFault.None, CborReader.Check(bytes, CborProfile.Deterministic));
            var reader = new CborReader(bytes);
            Assert.Equal(count, reader.ReadMapHeader());
        }
    }

    [Fact]
    public void Arbitrary_bytes_are_refused_or_reencode_to_themselves() => Prop.ForAll<byte[]>(bytes =>
    {
        foreach (var profile in new[] { CborProfile.Deterministic, CborProfile.DagCbor })
        {
            if (CborReader.Check(bytes, profile) == CborFault.None)
            {
                var writer = new CborWriter(profile);
                writer.WriteEncoded(bytes);
                if (!writer.WrittenSpan.SequenceEqual(bytes) || CborReader.Check(bytes, CborProfile.Lenient) != CborFault.None)
                {
                    return false;
                }
            }
        }

        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    private delegate void Reading(ref CborReader reader);

    private static CborFault Fault(Reading read, string hex)
    {
        var reader = new CborReader(Convert.FromHexString(hex));
        try
        {
            read(ref reader);
            return CborFault.None;
        }
        catch (CborException refused)
        {
            return refused.Fault;
        }
    }
}
