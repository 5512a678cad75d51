using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using Sojourn.Cryptography.Hashing;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Tests.Abi;

[ContractBinding("Bench")]
internal static partial class Bench;

/// <summary>What the generator makes of an artefact says the same as the codec that works on types as data.</summary>
public sealed class BindingTests
{
    private static readonly Digest s_id = Digest.Of("id"u8);
    private static readonly Address s_by = Address.Parse("0x00000000219ab540356cBB839Cbe05303d7705Fa");

    [Fact]
    public void A_call_is_encoded_as_its_types_say()
    {
        var call = new Bench.StoreCall(
            new Bench.Item(s_id, 77, ["one", "", "three"], new Bench.Pair(-5, UInt128.MaxValue)), [[1, 2], [3, 4], [5, 6]], ["left", "right"], new byte[] { 1, 2, 3, 4 }, -BigInteger.One);
        Assert.Equal("store((bytes32,uint64,string[],(int64,uint128)),uint8[2][],string[2],bytes4,int256)", call.Signature);
        var type = AbiType.Parse("((bytes32,uint64,string[],(int64,uint128)),uint8[2][],string[2],bytes4,int256)");
        AbiNumber N(BigInteger value) => new(value);
        var values = new AbiList(
        [
            new AbiList([new AbiBytes(s_id.ToArray()), N(77), new AbiList([new AbiText("one"), new AbiText(""), new AbiText("three")]), new AbiList([N(-5), N((BigInteger)UInt128.MaxValue)])]),
            new AbiList([new AbiList([N(1), N(2)]), new AbiList([N(3), N(4)]), new AbiList([N(5), N(6)])]),
            new AbiList([new AbiText("left"), new AbiText("right")]), new AbiBytes(new byte[] { 1, 2, 3, 4 }), N(-1),
        ]);
        byte[] expected = [.. Keccak256.Hash(Encoding.ASCII.GetBytes(call.Signature)).AsSpan(0, 4), .. AbiCodec.Encode(type, values)];
        Assert.Equal(expected, call.Encode());
        Assert.Equal(AbiFault.None, Bench.StoreCall.TryRead(expected, out var read));
        Assert.Equal(expected, read!.Encode());
        expected[0] ^= 1;
        Assert.Equal(AbiFault.WrongSelector, Bench.StoreCall.TryRead(expected, out _));
    }

    [Fact]
    public void Results_are_typed_and_checked()
    {
        var data = AbiCodec.Encode(AbiType.Parse("(bool,(int64,uint128)[])"), new AbiList([new AbiFlag(true), new AbiList([new AbiList([new AbiNumber(-1), new AbiNumber(2)])])]));
        var call = new Bench.StoreCall(null!, [], [], default, default);
        Assert.Equal(AbiFault.None, call.TryReadResult(data, out var result));
        Assert.True(result.Value0);
        Assert.Equal(new Bench.Pair(-1, 2), result.Rest.Single());
        Assert.Equal(AbiFault.Trailing, call.TryReadResult([.. data, 0], out _));
        Assert.Equal(AbiFault.None, new Bench.StoreCall2().TryReadResult(Word(9), out var number));
        Assert.Equal(9u, number);
        Assert.Equal(AbiFault.OutOfRange, new Bench.StoreCall2().TryReadResult([.. new byte[24], 1, 0, 0, 0, 0, 0, 0, 0], out _));
        Assert.Equal(AbiFault.None, new Bench.ResetCall().TryReadResult([], out _));
    }

    [Fact]
    public void Events_and_errors_are_read_by_their_names()
    {
        var data = AbiCodec.Encode(AbiType.Parse("(bytes,uint16)"), new AbiList([new AbiBytes(new byte[] { 9, 8 }), new AbiNumber(3)]));
        var title = new Digest(Keccak256.Hash("a title"u8));
        var topic = new Digest(Keccak256.Hash("Stored(bytes32,address,string,bytes,uint16)"u8));
        var log = new ChainLog(s_by, [topic, s_id, new Digest([.. new byte[12], .. s_by.ToArray()]), title], data, default, 1, default, 0);
        Assert.Equal(AbiFault.None, Bench.StoredEvent.TryRead(log, out var stored));
        Assert.Equal((s_id, s_by, title, (ushort)3), (stored!.Id, stored.By, stored.Title, stored.Count));
        Assert.Equal(new byte[] { 9, 8 }, stored.Data.ToArray());
        Assert.Equal(AbiFault.WrongSelector, Bench.StoredEvent.TryRead(log with { Topics = log.Topics.RemoveAt(3) }, out _));
        Assert.Equal(AbiFault.OutOfRange, Bench.StoredEvent.TryRead(log with { Topics = log.Topics.SetItem(2, title) }, out _));

        byte[] error = [.. Bench.RefusedError.Selector, .. Word(42)];
        Assert.Equal("Refused(uint8)", Bench.ErrorSignature(error));
        Assert.Equal(AbiFault.None, Bench.RefusedError.TryRead(error, out var refused));
        Assert.Equal(42, refused!.Reason);
        Assert.Null(Bench.ErrorSignature([1, 2, 3, 4]));
    }

    [Fact]
    public void Creation_appends_the_arguments_to_the_code()
    {
        var expected = AbiCodec.Encode(AbiType.Parse("(address,string)"), new AbiList([new AbiAddress(s_by), new AbiText("t")]));
        Assert.Equal((byte[])[.. Convert.FromHexString("6001600255"), .. expected], new Bench.Creation(s_by, "t").Encode());
    }

    private static byte[] Word(byte value) => [.. new byte[31], value];
}
