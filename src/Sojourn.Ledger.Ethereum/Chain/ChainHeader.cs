using System.Collections.Immutable;
using System.Text.Json;
using Sojourn.Cryptography.Hashing;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>A block's header, whose hash was computed here and not believed.</summary>
/// <remarks>Ethereum Yellow Paper, 4.3; EIP-1559, 4895, 4844, 4788, 7685 for the fields that came later. A header with fields that are not known here does not hash to what the node says and is refused.</remarks>
public sealed class ChainHeader
{
    // Name in JSON, and how it is encoded: word-like data as it is, quantities in their shortest form.
    private static readonly (string Name, bool Number)[] s_fields =
    [
        ("parentHash", false), ("sha3Uncles", false), ("miner", false), ("stateRoot", false), ("transactionsRoot", false), ("receiptsRoot", false), ("logsBloom", false),
        ("difficulty", true), ("number", true), ("gasLimit", true), ("gasUsed", true), ("timestamp", true), ("extraData", false), ("mixHash", false), ("nonce", false),
    ];

    private static readonly (string Name, bool Number)[] s_later =
    [
        ("baseFeePerGas", true), ("withdrawalsRoot", false), ("blobGasUsed", true), ("excessBlobGas", true), ("parentBeaconBlockRoot", false), ("requestsHash", false), ("blockAccessListHash", false),
    ];

    private readonly byte[] _bloom;

    private ChainHeader(byte[] encoded, Digest hash, ImmutableArray<RlpItem> fields)
    {
        Encoded = encoded;
        Hash = hash;
        Parent = Word(fields[0]);
        StateRoot = Word(fields[3]);
        TransactionsRoot = Word(fields[4]);
        ReceiptsRoot = Word(fields[5]);
        _bloom = ((RlpString)fields[6]).Bytes.ToArray();
        Number = (ulong)Quantity(fields[8]);
        GasLimit = (ulong)Quantity(fields[9]);
        GasUsed = (ulong)Quantity(fields[10]);
        Timestamp = (ulong)Quantity(fields[11]);
        Randomness = Word(fields[13]);
        BaseFee = fields.Length > 15 ? Quantity(fields[15]) : 0;
    }

    /// <summary>The encoding whose Keccak-256 is the hash: what a contract checks to know a block's randomness.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The block's hash.</summary>
    public Digest Hash { get; }

    /// <summary>The hash of the block before.</summary>
    public Digest Parent { get; }

    /// <summary>The root over all accounts.</summary>
    public Digest StateRoot { get; }

    /// <summary>The root over the transactions.</summary>
    public Digest TransactionsRoot { get; }

    /// <summary>The root over the receipts.</summary>
    public Digest ReceiptsRoot { get; }

    /// <summary>The number.</summary>
    public ulong Number { get; }

    /// <summary>The most gas of the block.</summary>
    public ulong GasLimit { get; }

    /// <summary>The gas used.</summary>
    public ulong GasUsed { get; }

    /// <summary>Seconds since 1970.</summary>
    public ulong Timestamp { get; }

    /// <summary>PREVRANDAO (EIP-4399).</summary>
    public Digest Randomness { get; }

    /// <summary>What each gas costs at least, in wei.</summary>
    public UInt128 BaseFee { get; }

    /// <summary>Whether the block may hold logs of a contract; a no is certain.</summary>
    /// <param name="contract">The contract.</param>
    public bool MayHoldLogsOf(in Address contract) => Bloom.MayHold(_bloom, contract);

    /// <summary>Reads a header and computes its hash.</summary>
    /// <param name="json">A block as a node answers it.</param>
    /// <exception cref="LyingEndpointException">A field is missing or malformed, or the hash is another one than the node says.</exception>
    internal static ChainHeader Read(JsonElement json)
    {
        var fields = ImmutableArray.CreateBuilder<RlpItem>(22);
        foreach (var (name, number) in s_fields)
        {
            fields.Add(Field(json, name, number) ?? throw new LyingEndpointException($"a block without {name}"));
        }

        var missing = false;
        foreach (var (name, number) in s_later)
        {
            if (Field(json, name, number) is not { } field)
            {
                missing = true;
            }
            else if (missing)
            {
                throw new LyingEndpointException($"a block with {name} but without what comes before it");
            }
            else
            {
                fields.Add(field);
            }
        }

        if (((RlpString)fields[6]).Bytes.Length != Bloom.Length || fields[0] is not RlpString { Bytes.Length: 32 } || fields[3] is not RlpString { Bytes.Length: 32 }
            || fields[4] is not RlpString { Bytes.Length: 32 } || fields[5] is not RlpString { Bytes.Length: 32 } || fields[13] is not RlpString { Bytes.Length: 32 }
            || ((RlpString)fields[8]).Bytes.Length > 8 || ((RlpString)fields[9]).Bytes.Length > 8 || ((RlpString)fields[10]).Bytes.Length > 8 || ((RlpString)fields[11]).Bytes.Length > 8)
        {
            throw new LyingEndpointException("a block with fields of other lengths");
        }

        var encoded = RlpCodec.Encode(new RlpList(fields.ToImmutable()));
        var hash = new Digest(Keccak256.Hash(encoded));
        if (!json.TryGetProperty("hash", out var said) || !Hex.TryData(said, out var bytes) || !hash.AsSpan().SequenceEqual(bytes))
        {
            throw new LyingEndpointException($"block {Quantity(fields[8])} does not hash to {said}");
        }

        return new ChainHeader(encoded, hash, fields.ToImmutable());
    }

    private static RlpItem? Field(JsonElement json, string name, bool number)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (number)
        {
            return Hex.TryQuantity(value, out var quantity) ? RlpItem.Number(quantity) : throw new LyingEndpointException($"a block whose {name} is no number");
        }

        return Hex.TryData(value, out var bytes) ? new RlpString(bytes) : throw new LyingEndpointException($"a block whose {name} is no data");
    }

    private static Digest Word(RlpItem item) => new(((RlpString)item).Bytes.Span);

    private static UInt128 Quantity(RlpItem item)
    {
        UInt128 value = 0;
        foreach (var one in ((RlpString)item).Bytes.Span)
        {
            value = (value << 8) | one;
        }

        return value;
    }
}
