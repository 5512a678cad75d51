using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>Signs messages of slots as the contract checks them (EIP-712), in an envelope that says so: such a message can be brought to the chain by anyone, without its author's key.</summary>
public static class TypedEnvelope
{
    /// <summary>The envelope's first byte: an EIP-712 signature r ‖ s ‖ v follows.</summary>
    public const byte Scheme = 3;

    /// <summary>Signs a message of a slot.</summary>
    /// <param name="ledger">The ledger it is for.</param>
    /// <param name="body">The message.</param>
    /// <param name="signer">Its author.</param>
    /// <exception cref="ArgumentException">It is no message of a slot.</exception>
    public static SignedTransaction Create(EthereumLedger ledger, Transaction body, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(signer);
        var digest = TypedMessages.SigningDigest(ledger.Domain, body) ?? throw new ArgumentException($"A {body.Kind} is a call of its sender.", nameof(body));
        return SignedTransaction.Create(body, 0, ledger.GenesisDigest, new Wrapped(signer, digest));
    }

    /// <summary>Whether a transaction carries such a signature, and it is its sender's.</summary>
    internal static bool TryOpen(in Digest domain, SignedTransaction signed, ISignatureScheme signatures, out Cryptography.Identity.RecoverableSignature? signature)
    {
        signature = null;
        if (signed.Signature.Length == 0 || signed.Signature.Span[0] != Scheme || TypedMessages.SigningDigest(domain, signed.Body) is not { } digest)
        {
            return false;
        }

        byte[] plain = [1, .. signed.Signature.Span[1..]];
        if (!signatures.Verify(signed.Sender, digest, plain))
        {
            return false;
        }

        signature = Envelope.Open(plain);
        return true;
    }

    private sealed class Wrapped(ISigner signer, Digest digest) : ISigner
    {
        public Address Address => signer.Address;

        public byte[] Sign(Digest ignored)
        {
            var envelope = signer.Sign(digest);
            envelope[0] = Scheme;
            return envelope;
        }
    }
}
