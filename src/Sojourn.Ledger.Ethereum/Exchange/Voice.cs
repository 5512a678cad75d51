using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>What one node of a round has said so far: its messages in its own order, and at last the signature over all of them.</summary>
/// <remarks>Everything comes from a drop box that nobody trusts: what is not signed by the node, not about this round, of another kind, too long, or too much ends the listening to it.</remarks>
/// <param name="node">Who speaks.</param>
/// <param name="job">The job.</param>
/// <param name="round">The round.</param>
internal sealed class Voice(Address node, Digest job, byte round)
{
    private readonly List<SignedTransaction> _said = [];

    /// <summary>Who speaks.</summary>
    public Address Node => node;

    /// <summary>Its messages, in its order.</summary>
    public IReadOnlyList<SignedTransaction> Said => _said;

    /// <summary>Its signature over all of them, as <see cref="RoundBundles"/> makes it; null before.</summary>
    public ReadOnlyMemory<byte>? Bundle { get; private set; }

    /// <summary>Whether it said something that cannot be: it is not listened to any more, and its messages go their own way to the chain.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether a kind of message is exchanged at all.</summary>
    public static bool Takes(Transaction body) => body is EvidencePublish or VoteCast or AppraisalOpen or ResultCommit or ResultReveal;

    /// <summary>Job and round of a message that is exchanged.</summary>
    public static (Digest Job, byte Round) PlaceOf(Transaction body) => body switch
    {
        EvidencePublish b => (b.Job, b.Round),
        VoteCast b => (b.Job, b.Round),
        AppraisalOpen b => (b.Job, b.Round),
        ResultCommit b => (b.Job, b.Round),
        ResultReveal b => (b.Job, b.Round),
        _ => default,
    };

    /// <summary>Adds a message that the node's own process has made.</summary>
    public void Add(SignedTransaction message) => _said.Add(message);

    /// <summary>Adds the signature that the node's own process has made.</summary>
    public void AddBundle(ReadOnlyMemory<byte> signature) => Bundle = signature;

    /// <summary>Takes what a drop box gave as the next message.</summary>
    /// <param name="encoded">The bytes, untrusted.</param>
    /// <param name="domain">The ledger's EIP-712 domain.</param>
    /// <param name="signatures">Checks signatures.</param>
    /// <returns>Whether it was one.</returns>
    public bool Hear(ReadOnlyMemory<byte> encoded, in Digest domain, ISignatureScheme signatures)
    {
        if (_said.Count >= DropNames.SaidMax || encoded.Length > DropNames.SaidBytesMax || SignedTransaction.TryDecode(encoded.Span, out var message) != Refusal.None || message!.Sender != node || message.Nonce != 0
            || !Takes(message.Body) || PlaceOf(message.Body) != (job, round) || !TypedEnvelope.TryOpen(domain, message, signatures, out _))
        {
            IsBroken = true;
            return false;
        }

        _said.Add(message);
        return true;
    }

    /// <summary>Takes what a drop box gave as the signature over all messages.</summary>
    /// <param name="signature">The bytes, untrusted.</param>
    /// <param name="digest">What must be signed.</param>
    /// <param name="signatures">Checks signatures.</param>
    public bool HearBundle(ReadOnlyMemory<byte> signature, in Digest digest, ISignatureScheme signatures)
    {
        if (!signatures.Verify(node, digest, signature.Span))
        {
            IsBroken = true;
            return false;
        }

        Bundle = signature;
        return true;
    }

    /// <summary>The one message of a kind; null where it was not said.</summary>
    public T? One<T>()
        where T : Transaction => _said.Select(message => message.Body).OfType<T>().FirstOrDefault();

    /// <summary>All that was opened, as one message in the order of executors.</summary>
    public AppraisalOpen Openings() => new(job, round, [.. _said.Select(message => message.Body).OfType<AppraisalOpen>().SelectMany(body => body.Openings).OrderBy(opening => opening.Executor)]);
}
