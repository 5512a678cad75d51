using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.State;

/// <summary>Two messages of one node that cannot both be meant.</summary>
/// <param name="Node">Whose.</param>
/// <param name="Job">In which job.</param>
/// <param name="Round">In which round.</param>
/// <param name="IsVote">Whether they are votes; otherwise evidence, commitments or results.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct Contradiction(Address Node, Digest Job, byte Round, bool IsVote)
{
    public static bool TryRead(EquivocationProof proof, in Digest genesis, ISignatureScheme signatures, out Contradiction found)
    {
        found = default;
        if (SignedTransaction.TryDecode(proof.First.Span, out var first) != Refusal.None || SignedTransaction.TryDecode(proof.Second.Span, out var second) != Refusal.None
            || first!.Sender.IsZero || first.Sender != second!.Sender || first.BodyDigest == second.BodyDigest || !Compare(first.Body, second.Body, out var job, out var round, out var isVote))
        {
            return false;
        }

        if (VerifiedTransaction.TryVerify(first, genesis, signatures, out _) != Refusal.None || VerifiedTransaction.TryVerify(second, genesis, signatures, out _) != Refusal.None)
        {
            return false;
        }

        found = new Contradiction(first.Sender, job, round, isVote);
        return true;
    }

    private static bool Compare(Transaction first, Transaction second, out Digest job, out byte round, out bool isVote)
    {
        (job, round, isVote) = (default, 0, false);
        switch (first, second)
        {
            case (VoteCast a, VoteCast b) when a.Job == b.Job && a.Round == b.Round:
                (job, round, isVote) = (a.Job, a.Round, true);
                return a.Votes.Any(vote => b.Votes.Any(other => other.Executor == vote.Executor && other != vote));
            case (EvidencePublish a, EvidencePublish b) when a.Job == b.Job && a.Round == b.Round:
                (job, round) = (a.Job, a.Round);
                return a.EvidenceDigest != b.EvidenceDigest || !a.HpkeKey.Span.SequenceEqual(b.HpkeKey.Span) || !a.ReceiptKey.Span.SequenceEqual(b.ReceiptKey.Span);
            case (ResultCommit a, ResultCommit b) when a.Job == b.Job && a.Round == b.Round:
                (job, round) = (a.Job, a.Round);
                return a.Commitment != b.Commitment;
            case (ResultReveal a, ResultReveal b) when a.Job == b.Job && a.Round == b.Round:
                (job, round) = (a.Job, a.Round);
                return a.Statement != b.Statement;
            default:
                return false;
        }
    }
}
