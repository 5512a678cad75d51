using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Abi;

public sealed class AbiVectorTests
{
    [VectorFact("evm/ethers-abi.json")]
    public void Every_vector_is_written_and_read()
    {
        var count = 0;
        foreach (var (name, type, value, encoded) in Load())
        {
            Assert.True(encoded.AsSpan().SequenceEqual(AbiCodec.Encode(type, value)), name);
            Assert.Equal(AbiFault.None, AbiCodec.TryDecode(type, encoded, out var read));
            Assert.True(encoded.AsSpan().SequenceEqual(AbiCodec.Encode(type, read!)), name);
            count++;
        }

        Assert.Equal(124, count);
    }

    [VectorFact("evm/ethers-abi.json")]
    public void Whatever_is_cut_off_added_or_changed_is_refused_or_canonical()
    {
        var random = new Random(7);
        foreach (var (name, type, _, encoded) in Load())
        {
            for (var cut = 0; cut < encoded.Length; cut += 1 + (encoded.Length / 40))
            {
                Assert.NotEqual(AbiFault.None, AbiCodec.TryDecode(type, encoded.AsSpan(0, cut), out var none));
                Assert.Null(none);
            }

            Assert.Equal(AbiFault.Trailing, AbiCodec.TryDecode(type, [.. encoded, .. new byte[32]], out _));
            for (var i = 0; i < 60; i++)
            {
                var changed = encoded.ToArray();
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                if (AbiCodec.TryDecode(type, changed, out var read) == AbiFault.None)
                {
                    // What is read at all is read as it was written: one value, one encoding.
                    Assert.True(changed.AsSpan().SequenceEqual(AbiCodec.Encode(type, read!)), name);
                }
            }
        }
    }

    [Theory]
    [InlineData("uint7")]
    [InlineData("uint264")]
    [InlineData("uint08")]
    [InlineData("bytes33")]
    [InlineData("bytes0")]
    [InlineData("(uint8")]
    [InlineData("(uint8,)")]
    [InlineData("uint8[")]
    [InlineData("uint8[-1]")]
    [InlineData("uint8[01]")]
    [InlineData("()[]")]
    [InlineData("uint8[0][]")]
    [InlineData("uint8[65536][65536]")]
    [InlineData("tuple")]
    [InlineData("")]
    public void Other_types_are_refused(string text) => Assert.False(AbiType.TryParse(text, out _));

    [Fact]
    public void A_deep_type_is_refused_and_a_bomb_costs_nothing()
    {
        Assert.False(AbiType.TryParse(new string('(', 5000) + new string(')', 5000), out _));
        Assert.False(AbiType.TryParse("uint8" + string.Concat(Enumerable.Repeat("[]", 40)), out _));

        // Offsets that point back, so that a short message stands for 10^9 values, are not canonical.
        var type = AbiType.Parse("(uint8[][][][][][][][][][])");
        var bomb = new byte[32 * 40];
        for (var i = 0; i < 40; i++)
        {
            bomb[(32 * i) + 31] = (byte)(i % 2 == 0 ? 32 : 10);
        }

        Assert.NotEqual(AbiFault.None, AbiCodec.TryDecode(type, bomb, out _));
    }

    [Fact]
    public void A_call_is_read_as_a_contract_reads_it_wherever_its_parts_stand()
    {
        // (bytes,bytes) whose two offsets point at the same bytes, with something left over at the end.
        byte[] odd = [.. Word(0x60), .. Word(0x60), .. Word(77), .. Word(2), 1, 2, .. new byte[40]];
        Assert.Equal(AbiFault.NotCanonical, AbiCodec.TryDecode(AbiType.Parse("(bytes,bytes)"), odd, out _));
        var reader = new AbiReader(odd, 64, anyLayout: true);
        Assert.Equal(new byte[] { 1, 2 }, reader.Bytes().ToArray());
        Assert.Equal(new byte[] { 1, 2 }, reader.Bytes().ToArray());
        Assert.Equal(AbiFault.None, reader.Finish());

        // An array of 200 000 offsets to one megabyte: the budget ends it.
        byte[] bomb = [.. Word(0x20), .. new byte[29], 3, 13, 64, .. Enumerable.Repeat((byte[])[.. new byte[28], 0, 0x61, 0xa8, 0], 200_000).SelectMany(word => word), .. new byte[29], 0x0f, 0, 0, .. new byte[1 << 20]];
        var bounded = new AbiReader(bomb, 32, anyLayout: true);
        Assert.True(AbiArrays.Read(ref bounded, 32, static (ref AbiReader r) => r.Bytes().Length).Length < 300);
        Assert.NotEqual(AbiFault.None, bounded.Finish());
        static byte[] Word(byte value) => [.. new byte[31], value];
    }

    private static IEnumerable<(string Name, AbiType Type, AbiList Value, byte[] Encoded)> Load()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(Vectors.PathOf("evm/ethers-abi.json")));
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var text = vector.GetProperty("type").GetString()!;
            var type = AbiType.Tuple([AbiType.Parse(text)]);
            yield return (vector.GetProperty("name").GetString()!, type, new AbiList([Value(type.Components[0], vector.GetProperty("verbose"))]), Convert.FromHexString(vector.GetProperty("encoded").GetString()!.AsSpan(2)));
        }
    }

    internal static AbiValue Value(AbiType type, JsonElement verbose)
    {
        var value = verbose.GetProperty("value");
        return verbose.GetProperty("type").GetString() switch
        {
            "number" => new AbiNumber(BigInteger.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
            "boolean" => new AbiFlag(value.GetBoolean()),
            "address" => new AbiAddress(Address.Parse(value.GetString()!)),
            "string" => new AbiText(value.GetString()!),
            "hexstring" => new AbiBytes(Convert.FromHexString(value.GetString()!.AsSpan(2))),
            _ => new AbiList([.. value.EnumerateArray().Select((item, i) => Value(type.Components[type.Kind == AbiKind.Tuple ? i : 0], item))]),
        };
    }
}
