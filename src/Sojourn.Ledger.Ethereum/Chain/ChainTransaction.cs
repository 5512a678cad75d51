using System.Collections.Immutable;
using System.Text.Json;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>A transaction of a block, encoded again here so that the header's root proves it.</summary>
/// <param name="Hash">Keccak-256 of its encoding.</param>
/// <param name="Sender">Who signed it.</param>
/// <param name="To">To whom; null creates a contract.</param>
/// <param name="Input">The call.</param>
/// <param name="Encoded">The encoding.</param>
/// <remarks>Types 0 (EIP-155 too), 1 (EIP-2930), 2 (EIP-1559), 3 (EIP-4844) and 4 (EIP-7702).</remarks>
internal sealed record ChainTransaction(Digest Hash, Address Sender, Address? To, ReadOnlyMemory<byte> Input, ReadOnlyMemory<byte> Encoded)
{
    private static readonly string[] s_legacy = ["nonce", "gasPrice", "gas", "to", "value", "input"];
    private static readonly string[][] s_typed =
    [
        [],
        ["chainId", "nonce", "gasPrice", "gas", "to", "value", "input", "accessList"],
        ["chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList"],
        ["chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList", "maxFeePerBlobGas", "blobVersionedHashes"],
        ["chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList", "authorizationList"],
    ];

    /// <summary>Reads a transaction as a node answers it.</summary>
    /// <exception cref="LyingEndpointException">It cannot be read, or its signature names nobody.</exception>
    public static ChainTransaction Read(JsonElement json)
    {
        var type = json.TryGetProperty("type", out var number) ? (int)Quantity(number) : 0;
        if (type < 0 || type >= s_typed.Length)
        {
            throw new LyingEndpointException($"a transaction of the unknown type {type}");
        }

        var fields = (type == 0 ? s_legacy : s_typed[type]).Select(name => Field(json, name)).ToImmutableArray();
        var v = Quantity(Get(json, "v"));
        var r = Word(Get(json, "r"));
        var s = Word(Get(json, "s"));
        ImmutableArray<RlpItem> signature = [RlpItem.Number(type == 0 ? v : Parity(json, v)), Short(r), Short(s)];
        byte[] encoded, payload;
        int recovery;
        if (type == 0)
        {
            encoded = RlpCodec.Encode(new RlpList(fields.AddRange(signature)));
            var replay = v >= 35;
            payload = RlpCodec.Encode(new RlpList(replay ? fields.AddRange(RlpItem.Number((v - 35) / 2), new RlpString(default), new RlpString(default)) : fields));
            recovery = (int)(replay ? (v - 35) & 1 : v - 27);
        }
        else
        {
            encoded = [(byte)type, .. RlpCodec.Encode(new RlpList(fields.AddRange(signature)))];
            payload = [(byte)type, .. RlpCodec.Encode(new RlpList(fields))];
            recovery = (int)Parity(json, v);
        }

        if (RecoverableSignature.TryCreate(r, s, recovery, out var known) != SignatureFault.None || Secp256k1PublicKey.TryRecover(Keccak256.Hash(payload), known!, out var key) != SignatureFault.None)
        {
            throw new LyingEndpointException("a transaction that nobody signed");
        }

        var to = Get(json, "to");
        return new ChainTransaction(new Digest(Keccak256.Hash(encoded)), key!.Address, to.ValueKind == JsonValueKind.Null ? null : new Address(Data(to)), Data(Get(json, "input")), encoded);
    }

    private static UInt128 Parity(JsonElement json, UInt128 v) => json.TryGetProperty("yParity", out var parity) && parity.ValueKind == JsonValueKind.String ? Quantity(parity) : v;

    private static RlpItem Field(JsonElement json, string name) => name switch
    {
        "to" => Get(json, name) is { ValueKind: JsonValueKind.Null } ? new RlpString(default) : Data(Get(json, name)),
        "input" => Data(Get(json, name)),
        "accessList" => new RlpList([.. Items(json, name).Select(entry => (RlpItem)new RlpList([Data(Get(entry, "address")), new RlpList([.. Items(entry, "storageKeys").Select(slot => (RlpItem)Data(slot))])]))]),
        "blobVersionedHashes" => new RlpList([.. Items(json, name).Select(hash => (RlpItem)Data(hash))]),
        "authorizationList" => new RlpList([.. Items(json, name).Select(entry => (RlpItem)new RlpList(
        [
            RlpItem.Number(Quantity(Get(entry, "chainId"))), Data(Get(entry, "address")), RlpItem.Number(Quantity(Get(entry, "nonce"))), RlpItem.Number(Quantity(Get(entry, "yParity"))),
            Short(Word(Get(entry, "r"))), Short(Word(Get(entry, "s"))),
        ]))]),
        _ => RlpItem.Number(Quantity(Get(json, name))),
    };

    private static IEnumerable<JsonElement> Items(JsonElement json, string name) => json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static RlpString Short(byte[] number) => new(number.AsSpan().TrimStart((byte)0).ToArray());

    private static JsonElement Get(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : throw new LyingEndpointException($"a transaction without {name}");

    private static byte[] Data(JsonElement json) => Hex.TryData(json, out var bytes) ? bytes : throw new LyingEndpointException("a transaction with a field that is no data");

    private static UInt128 Quantity(JsonElement json) => Hex.TryQuantity(json, out var value) ? value : throw new LyingEndpointException("a transaction with a field that is no number");

    // r and s are written as quantities: any length up to 32 bytes.
    private static byte[] Word(JsonElement json)
    {
        var word = new byte[32];
        if (json.ValueKind != JsonValueKind.String || json.GetString() is not { } text || !text.StartsWith("0x", StringComparison.Ordinal) || text.Length > 66)
        {
            throw new LyingEndpointException("a signature of another form");
        }

        return Convert.FromHexString(text[2..].PadLeft(64, '0'), word, out _, out _) == System.Buffers.OperationStatus.Done ? word : throw new LyingEndpointException("a signature of another form");
    }
}
