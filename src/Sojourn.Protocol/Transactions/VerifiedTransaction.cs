using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Protocol.Transactions;

/// <summary>A transaction whose sender's signature was checked for one ledger: the only kind that the state machine takes.</summary>
/// <remarks>Checks that cost much and need no lock (a VRF proof, an enclave's signature) can be made beforehand on other threads; what they found is kept with what they were made for, and used only if that is what the state asks.</remarks>
public sealed class VerifiedTransaction
{
    private (Digest Key, Digest Alpha, Digest Output, bool Holds)? _vrf;
    private (Digest Key, Digest Statement, bool Holds)? _enclave;

    private readonly bool _accepted;

    private VerifiedTransaction(SignedTransaction signed, bool accepted)
    {
        Signed = signed;
        _accepted = accepted;
    }

    /// <summary>The transaction.</summary>
    public SignedTransaction Signed { get; }

    /// <summary>Checks a transaction's signature.</summary>
    /// <param name="signed">The transaction.</param>
    /// <param name="genesis">The ledger.</param>
    /// <param name="signatures">The scheme.</param>
    /// <param name="verified">The verified transaction, or null.</param>
    public static Refusal TryVerify(SignedTransaction signed, in Digest genesis, ISignatureScheme signatures, out VerifiedTransaction? verified)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(signatures);
        verified = null;
        if (signed.Sender.IsZero)
        {
            if (!signed.Body.MayBeUnsigned || !signed.Signature.IsEmpty || signed.Nonce != 0)
            {
                return Refusal.Unsigned;
            }
        }
        else if (!signatures.Verify(signed.Sender, SignedTransaction.SigningDigest(genesis, signed.Sender, signed.Nonce, signed.BodyDigest), signed.Signature.Span))
        {
            return Refusal.BadSignature;
        }

        verified = new VerifiedTransaction(signed, accepted: false);
        return Refusal.None;
    }

    /// <summary>Accepts a transaction that this machine had verified before it wrote it down, for replays whose chain of hashes and signed head were checked.</summary>
    /// <param name="signed">The transaction.</param>
    public static VerifiedTransaction AcceptAlreadyVerified(SignedTransaction signed) => new(signed, accepted: true);

    /// <summary>Checks the VRF proof of a ticket, or recalls that it was checked for the same key and input.</summary>
    /// <param name="vrf">The function.</param>
    /// <param name="key">The node's key.</param>
    /// <param name="alpha">The input.</param>
    /// <param name="output">The value.</param>
    public bool VerifyVrf(IVrf vrf, ReadOnlyMemory<byte> key, in Digest alpha, out Digest output)
    {
        ArgumentNullException.ThrowIfNull(vrf);
        output = default;
        if (Signed.Body is not Ticket ticket)
        {
            return false;
        }

        if (_accepted)
        {
            output = ticket.Output;
            return true;
        }

        var keyDigest = Digest.Of(key.Span);
        if (_vrf is { } known && known.Key == keyDigest && known.Alpha == alpha)
        {
            output = known.Output;
            return known.Holds;
        }

        var holds = vrf.Verify(key.Span, alpha, ticket.Proof.Span, out output);
        _vrf = (keyDigest, alpha, output, holds);
        return holds;
    }

    /// <summary>Checks the enclave's signature of a reveal, or recalls that it was checked for the same key and statement.</summary>
    /// <param name="signatures">The scheme.</param>
    /// <param name="key">The admitted receipt key.</param>
    /// <param name="statement">What was signed.</param>
    public bool VerifyEnclave(ISignatureScheme signatures, ReadOnlyMemory<byte> key, in Digest statement)
    {
        ArgumentNullException.ThrowIfNull(signatures);
        if (Signed.Body is not ResultReveal reveal)
        {
            return false;
        }

        if (_accepted)
        {
            return true;
        }

        var keyDigest = Digest.Of(key.Span);
        if (_enclave is { } known && known.Key == keyDigest && known.Statement == statement)
        {
            return known.Holds;
        }

        var holds = signatures.VerifyEnclave(key.Span, statement, reveal.EnclaveSignature.Span);
        _enclave = (keyDigest, statement, holds);
        return holds;
    }
}
