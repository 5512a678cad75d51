using System.Collections.Immutable;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Ethereum.Transactions;

/// <summary>An address and its storage slots that a transaction declares beforehand.</summary>
/// <param name="Address">The address.</param>
/// <param name="Slots">The slots.</param>
/// <remarks>EIP-2930.</remarks>
public sealed record AccessEntry(Address Address, ImmutableArray<Digest> Slots);

/// <summary>A transaction of type 2: the sender names the most it pays for each unit of gas, and the tip within that.</summary>
/// <remarks>EIP-1559; encoding by EIP-2718.</remarks>
public sealed record FeeTransaction
{
    private const byte Type = 2;

    /// <summary>The chain.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The sender's nonce.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>The most that goes to the block's producer, in wei for each gas.</summary>
    public required UInt128 PriorityFeeMax { get; init; }

    /// <summary>The most that is paid at all, in wei for each gas.</summary>
    public required UInt128 FeeMax { get; init; }

    /// <summary>The most gas.</summary>
    public required ulong GasLimit { get; init; }

    /// <summary>To whom; null creates a contract.</summary>
    public Address? To { get; init; }

    /// <summary>How much, in wei.</summary>
    public UInt128 Value { get; init; }

    /// <summary>The call, or the creation code.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Declared accesses.</summary>
    public ImmutableArray<AccessEntry> Accesses { get; init; } = [];

    /// <summary>The encoding that is hashed and signed.</summary>
    public byte[] EncodeUnsigned() => [Type, .. RlpCodec.Encode(new RlpList(Fields()))];

    /// <summary>Signs.</summary>
    /// <param name="signer">The sender's key on secp256k1; it does not leave this process.</param>
    public SignedFeeTransaction Sign(ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var signature = Envelope.Open(signer.Sign(new Digest(Keccak256.Hash(EncodeUnsigned()))));
        return new SignedFeeTransaction(this, signer.Address, signature, Encode(signature));
    }

    internal byte[] Encode(RecoverableSignature signature) =>
        [Type, .. RlpCodec.Encode(new RlpList(Fields().AddRange(RlpItem.Number((UInt128)signature.RecoveryId), Short(signature.RBytes), Short(signature.SBytes))))];

    private static RlpString Short(byte[] number) => new(number.AsSpan().TrimStart((byte)0).ToArray());

    private ImmutableArray<RlpItem> Fields() =>
    [
        RlpItem.Number(ChainId), RlpItem.Number(Nonce), RlpItem.Number(PriorityFeeMax), RlpItem.Number(FeeMax), RlpItem.Number(GasLimit),
        new RlpString(To is { } to ? to.ToArray() : default(ReadOnlyMemory<byte>)), RlpItem.Number(Value), new RlpString(Data),
        new RlpList([.. Accesses.Select(entry => (RlpItem)new RlpList([entry.Address.ToArray(), new RlpList([.. entry.Slots.Select(slot => (RlpItem)slot.ToArray())])]))]),
    ];
}

/// <summary>A signed transaction, as it is sent.</summary>
public sealed class SignedFeeTransaction
{
    private readonly byte[] _encoded;

    internal SignedFeeTransaction(FeeTransaction body, Address sender, RecoverableSignature signature, byte[] encoded)
    {
        Body = body;
        Sender = sender;
        Signature = signature;
        _encoded = encoded;
        Hash = new Digest(Keccak256.Hash(encoded));
    }

    /// <summary>What was signed.</summary>
    public FeeTransaction Body { get; }

    /// <summary>Who signed.</summary>
    public Address Sender { get; }

    /// <summary>The signature.</summary>
    public RecoverableSignature Signature { get; }

    /// <summary>The encoding.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    /// <summary>The transaction's hash, by which the chain knows it.</summary>
    public Digest Hash { get; }

    /// <summary>Reads a signed transaction of type 2 and recovers its sender; untrusted.</summary>
    /// <param name="encoded">The encoding; nothing may follow it.</param>
    /// <param name="transaction">The transaction, unless there is a fault.</param>
    public static TransactionFault TryDecode(ReadOnlyMemory<byte> encoded, out SignedFeeTransaction? transaction)
    {
        transaction = null;
        if (encoded.IsEmpty || encoded.Span[0] != 2)
        {
            return TransactionFault.WrongType;
        }

        if (RlpCodec.TryDecode(encoded[1..], out var item) != RlpFault.None || item is not RlpList { Items: { Length: 12 } fields })
        {
            return TransactionFault.Malformed;
        }

        if (!TryNumber(fields[0], 8, out var chain) || !TryNumber(fields[1], 8, out var nonce) || !TryNumber(fields[2], 16, out var tip) || !TryNumber(fields[3], 16, out var fee)
            || !TryNumber(fields[4], 8, out var gas) || fields[5] is not RlpString { Bytes: { Length: 0 or 20 } to } || !TryNumber(fields[6], 16, out var value)
            || fields[7] is not RlpString data || !TryAccesses(fields[8], out var accesses) || !TryNumber(fields[9], 1, out var parity) || parity > 1
            || !TryWord(fields[10], out var r) || !TryWord(fields[11], out var s))
        {
            return TransactionFault.Malformed;
        }

        if (RecoverableSignature.TryCreate(r, s, (int)parity, out var signature) != SignatureFault.None)
        {
            return TransactionFault.BadSignature;
        }

        var body = new FeeTransaction
        {
            ChainId = (ulong)chain, Nonce = (ulong)nonce, PriorityFeeMax = tip, FeeMax = fee, GasLimit = (ulong)gas, To = to.IsEmpty ? null : new Address(to.Span), Value = value,
            Data = data.Bytes, Accesses = accesses,
        };
        if (Secp256k1PublicKey.TryRecover(Keccak256.Hash(body.EncodeUnsigned()), signature!, out var key) != SignatureFault.None)
        {
            return TransactionFault.BadSignature;
        }

        transaction = new SignedFeeTransaction(body, key!.Address, signature!, encoded.ToArray());
        return TransactionFault.None;
    }

    private static bool TryNumber(RlpItem item, int bytesMax, out UInt128 value)
    {
        value = 0;
        if (item is not RlpString { Bytes: var bytes } || bytes.Length > bytesMax || (bytes.Length > 0 && bytes.Span[0] == 0))
        {
            return false;
        }

        foreach (var one in bytes.Span)
        {
            value = (value << 8) | one;
        }

        return true;
    }

    private static bool TryWord(RlpItem item, out byte[] word)
    {
        word = new byte[32];
        if (item is not RlpString { Bytes: var bytes } || bytes.Length > 32 || (bytes.Length > 0 && bytes.Span[0] == 0))
        {
            return false;
        }

        bytes.Span.CopyTo(word.AsSpan(32 - bytes.Length));
        return true;
    }

    private static bool TryAccesses(RlpItem item, out ImmutableArray<AccessEntry> accesses)
    {
        accesses = [];
        if (item is not RlpList list)
        {
            return false;
        }

        var builder = ImmutableArray.CreateBuilder<AccessEntry>();
        foreach (var entry in list.Items)
        {
            if (entry is not RlpList { Items: [RlpString { Bytes.Length: 20 } address, RlpList slots] } || slots.Items.Any(slot => slot is not RlpString { Bytes.Length: 32 }))
            {
                return false;
            }

            builder.Add(new AccessEntry(new Address(address.Bytes.Span), [.. slots.Items.Select(slot => new Digest(((RlpString)slot).Bytes.Span))]));
        }

        accesses = builder.ToImmutable();
        return true;
    }
}

/// <summary>Why bytes are no signed transaction of type 2.</summary>
public enum TransactionFault
{
    /// <summary>They are.</summary>
    None,

    /// <summary>Another type.</summary>
    WrongType,

    /// <summary>A field is not what the format demands.</summary>
    Malformed,

    /// <summary>The signature is out of range, high, or names no key.</summary>
    BadSignature,
}
