using Sojourn.Cryptography.Identity;

namespace Sojourn.Ledger.Ethereum.Transactions;

/// <summary>The envelope in which accounts sign: only keys of the chain's own curve can act on it.</summary>
internal static class Envelope
{
    private const byte Secp256k1 = 1;

    public static RecoverableSignature Open(ReadOnlySpan<byte> envelope)
    {
        if (envelope.Length != 1 + RecoverableSignature.Size || envelope[0] != Secp256k1 || RecoverableSignature.TryDecode(envelope[1..], out var signature) != SignatureFault.None)
        {
            throw new EthereumException("An account on an EVM chain needs a secp256k1 key; this one is of another kind. Make one with `sojourn keys new`.");
        }

        return signature!;
    }
}
