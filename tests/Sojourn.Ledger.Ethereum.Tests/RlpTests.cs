using System.Collections.Immutable;
using System.Text.Json;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests;

public sealed class RlpTests
{
    [VectorFact("evm/ethers-rlp.json")]
    public void Every_vector_is_written_and_read()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(Vectors.PathOf("evm/ethers-rlp.json")));
        var count = 0;
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var encoded = Hex(vector.GetProperty("encoded").GetString()!);
            var item = Item(vector.GetProperty("decoded"));
            Assert.Equal(encoded, RlpCodec.Encode(item));
            Assert.Equal(RlpFault.None, RlpCodec.TryDecode(encoded, out var read));
            Assert.Equal(encoded, RlpCodec.Encode(read!));
            for (var cut = 0; cut < Math.Min(encoded.Length, 300); cut++)
            {
                Assert.NotEqual(RlpFault.None, RlpCodec.TryDecode(encoded.AsMemory(0, cut), out _));
            }

            count++;
        }

        Assert.NotEqual(0, count);
    }

    [Theory]
    [InlineData("", RlpFault.Truncated)]
    [InlineData("8100", RlpFault.NotCanonical)]
    [InlineData("b800", RlpFault.NotCanonical)]
    [InlineData("b90001ff", RlpFault.NotCanonical)]
    [InlineData("f800", RlpFault.NotCanonical)]
    [InlineData("bfffffffffffffffff", RlpFault.Truncated)]
    [InlineData("8080", RlpFault.Trailing)]
    [InlineData("c2", RlpFault.Truncated)]
    [InlineData("c181", RlpFault.Truncated)]
    public void Everything_else_is_refused_by_reason(string hex, RlpFault fault)
    {
        Assert.Equal(fault, RlpCodec.TryDecode(Convert.FromHexString(hex), out var item));
        Assert.Null(item);
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        RlpItem item = new RlpList([]);
        for (var i = 0; i < RlpCodec.DepthMax; i++)
        {
            item = new RlpList([item]);
        }

        Assert.Equal(RlpFault.None, RlpCodec.TryDecode(RlpCodec.Encode(item), out _));
        Assert.Equal(RlpFault.TooDeep, RlpCodec.TryDecode(RlpCodec.Encode(new RlpList([item])), out _));
    }

    private static RlpItem Item(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? new RlpList([.. element.EnumerateArray().Select(Item)])
        : Hex(element.GetString()!);

    private static byte[] Hex(string text) => Convert.FromHexString(text.AsSpan(2));
}
