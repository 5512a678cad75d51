using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Protocol.Transactions;

/// <summary>A transaction with its sender, as it travels and is stored.</summary>
public sealed class SignedTransaction
{
    /// <summary>The longest encoding that is read.</summary>
    public const int LengthMax = 96 * 1024;

    private readonly byte[] _encoded;

    internal SignedTransaction(Address sender, ulong nonce, Transaction body, Digest bodyDigest, ReadOnlyMemory<byte> signature, byte[] encoded)
    {
        Sender = sender;
        Nonce = nonce;
        Body = body;
        BodyDigest = bodyDigest;
        Signature = signature;
        _encoded = encoded;
    }

    /// <summary>Who sends it; zero where it needs no sender.</summary>
    public Address Sender { get; }

    /// <summary>The sender's nonce; 0 for kinds that take none.</summary>
    public ulong Nonce { get; }

    /// <summary>What it does.</summary>
    public Transaction Body { get; }

    /// <summary>SHA-256 of kind and body as encoded.</summary>
    public Digest BodyDigest { get; }

    /// <summary>The signature's envelope.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The encoding.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    /// <summary>Its id: SHA-256 of the encoding.</summary>
    public Digest Id => Digest.Of(_encoded);

    /// <summary>What a sender signs.</summary>
    /// <param name="genesis">The ledger.</param>
    /// <param name="sender">Who.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="bodyDigest">The digest of the body.</param>
    public static Digest SigningDigest(in Digest genesis, in Address sender, ulong nonce, in Digest bodyDigest) =>
        new ProtocolHash("sojourn/transaction/1").Add(genesis).Add(sender).Add(nonce).Add(bodyDigest).Finish();

    /// <summary>Signs a transaction.</summary>
    /// <param name="body">What it does.</param>
    /// <param name="nonce">The sender's nonce; 0 for kinds that take none.</param>
    /// <param name="genesis">The ledger.</param>
    /// <param name="signer">The sender's key.</param>
    public static SignedTransaction Create(Transaction body, ulong nonce, in Digest genesis, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(signer);
        var encodedBody = TransactionCodec.EncodeBody(body);
        var digest = Digest.Of(encodedBody);
        var signature = signer.Sign(SigningDigest(genesis, signer.Address, nonce, digest));
        return new SignedTransaction(signer.Address, nonce, body, digest, signature, TransactionCodec.Encode(signer.Address, nonce, encodedBody, signature));
    }

    /// <summary>A transaction put together again from what the ledger knows of it, without its signature: for those who need its id's ingredients and no proof of its sender.</summary>
    /// <param name="sender">Who sent it.</param>
    /// <param name="nonce">Its nonce.</param>
    /// <param name="body">What it does.</param>
    public static SignedTransaction WithoutSignature(in Address sender, ulong nonce, Transaction body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var encodedBody = TransactionCodec.EncodeBody(body);
        return new SignedTransaction(sender, nonce, body, Digest.Of(encodedBody), default, TransactionCodec.Encode(sender, nonce, encodedBody, []));
    }

    /// <summary>A transaction that anyone may submit.</summary>
    /// <param name="body">What it does; its kind must allow it.</param>
    public static SignedTransaction Unsigned(Transaction body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (!body.MayBeUnsigned)
        {
            throw new ArgumentException($"A {body.Kind} needs a sender.", nameof(body));
        }

        var encodedBody = TransactionCodec.EncodeBody(body);
        return new SignedTransaction(Address.Zero, 0, body, Digest.Of(encodedBody), default, TransactionCodec.Encode(Address.Zero, 0, encodedBody, []));
    }

    /// <summary>Reads a transaction.</summary>
    /// <param name="encoded">Its encoding; nothing may follow it.</param>
    /// <param name="transaction">The transaction, or null.</param>
    /// <returns>Why it was refused, or <see cref="Refusal.None"/>.</returns>
    public static Refusal TryDecode(ReadOnlySpan<byte> encoded, out SignedTransaction? transaction) => TransactionCodec.TryDecode(encoded, out transaction);
}
