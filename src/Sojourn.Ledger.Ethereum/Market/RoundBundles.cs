using System.Collections.Immutable;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>What an executor showed and found in a round, signed once.</summary>
/// <param name="Node">The executor.</param>
/// <param name="Evidence">Its evidence.</param>
/// <param name="Result">Its result, with the nonce of its commitment.</param>
/// <param name="Signature">Its signature over both and the commitment that follows from the result: EIP-712 <c>Bundle</c>, in the envelope of accounts.</param>
public sealed record ExecutorBundle(Address Node, EvidencePublish Evidence, ResultReveal Result, ReadOnlyMemory<byte> Signature);

/// <summary>What a verifier that accepts all evidence of a round says, signed once.</summary>
/// <param name="Node">The verifier.</param>
/// <param name="Openings">Its appraisals, opened; the votes follow from them.</param>
/// <param name="Signature">Its signature over votes and openings: EIP-712 <c>Bundle</c>, in the envelope of accounts.</param>
public sealed record VerifierBundle(Address Node, AppraisalOpen Openings, ReadOnlyMemory<byte> Signature);

/// <summary>Makes the bundles by which a round can be concluded at once.</summary>
/// <remarks>
/// A commitment hides a result only as long as nobody reveals before all have committed, and a salted vote hides an appraisal in the same way. A node therefore hands its bundle out when it holds the
/// signed commitments (or votes) of all others; who then signs another in its bundle has contradicted itself, provably.
/// </remarks>
public static class RoundBundles
{
    /// <summary>Signs what an executor says.</summary>
    /// <param name="ledger">The ledger it is for.</param>
    /// <param name="evidence">Its evidence.</param>
    /// <param name="result">Its result.</param>
    /// <param name="commits">Whether the round has commitments: it has where more than one executor is wanted.</param>
    /// <param name="signer">Its key.</param>
    public static ExecutorBundle Sign(EthereumLedger ledger, EvidencePublish evidence, ResultReveal result, bool commits, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(signer);
        ImmutableArray<Transaction> said = commits
            ? [evidence, CommitmentOf(result, signer.Address), result]
            : [evidence, result];
        return new ExecutorBundle(signer.Address, evidence, result, signer.Sign(TypedMessages.BundleDigest(ledger.Domain, said)));
    }

    /// <summary>Signs what a verifier says that accepts all evidence.</summary>
    /// <param name="ledger">The ledger it is for.</param>
    /// <param name="openings">Its appraisals of all executors, ascending by address.</param>
    /// <param name="signer">Its key.</param>
    public static VerifierBundle Sign(EthereumLedger ledger, AppraisalOpen openings, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(openings);
        ArgumentNullException.ThrowIfNull(signer);
        return new VerifierBundle(signer.Address, openings, signer.Sign(TypedMessages.BundleDigest(ledger.Domain, [VotesOf(openings, signer.Address), openings])));
    }

    /// <summary>The commitment that a result fulfils.</summary>
    internal static ResultCommit CommitmentOf(ResultReveal result, in Address executor) => new(result.Job, result.Round, Protocol.Identifiers.Commitment(result.Job, result.Round, executor, result.Statement, result.Nonce));

    /// <summary>The votes that such openings open.</summary>
    internal static VoteCast VotesOf(AppraisalOpen openings, Address voter) => new(
        openings.Job, openings.Round, [.. openings.Openings.Select(opening => new Vote(opening.Executor, VoteVerdict.Accept, Protocol.Identifiers.Appraisal(openings.Job, openings.Round, opening.Executor, voter, opening.Appraisal, opening.Salt)))]);

    /// <summary>The call; null where the bundles do not fit the round: some are missing, or do not say the same.</summary>
    internal static LedgerContract.ConcludeCall? Call(JobState job, IReadOnlyList<ExecutorBundle> executors, IReadOnlyList<VerifierBundle> verifiers)
    {
        var round = job.Round;
        var sorted = executors.OrderBy(bundle => bundle.Node).ToList();
        var seats = sorted.Select(bundle => round.Executors.FindIndex(seat => seat.Node == bundle.Node)).ToList();
        var ballots = round.Verifiers.Select(seat => verifiers.FirstOrDefault(bundle => bundle.Node == seat.Node)).ToList();
        if (sorted.Count != round.Executors.Count || seats.Contains(-1) || seats.Distinct().Count() != seats.Count || ballots.Contains(null) || sorted.Count == 0
            || sorted.Any(bundle => bundle.Result.Statement.Tag != sorted[0].Result.Statement.Tag || bundle.Result.Statement.Exit != sorted[0].Result.Statement.Exit)
            || ballots.Any(bundle => !bundle!.Openings.Openings.Select(opening => opening.Executor).SequenceEqual(sorted.Select(other => other.Node)))
            || ballots.Any(bundle => !bundle!.Openings.Openings.Select(opening => opening.Appraisal).SequenceEqual(ballots[0]!.Openings.Openings.Select(opening => opening.Appraisal))))
        {
            return null;
        }

        var findings = sorted.Select((bundle, i) =>
        {
            var (r, vs) = Compact(bundle.Signature.Span);
            var (e, f) = (bundle.Evidence, bundle.Result);
            return new LedgerContract.Finding(
                (byte)seats[i], e.Evidence.Bytes.ToArray(), e.EvidenceDigest, e.HpkeKey, e.ReceiptKey, Curve.SecondCoordinate(e.ReceiptKey.Span), e.Possession, f.Statement.Fuel, f.Statement.Output, f.Statement.Receipt, f.Nonce,
                f.EnclaveSignature, f.ReceiptContent.Bytes.ToArray(), r, vs);
        });
        var accepting = ballots.Select(bundle =>
        {
            var (r, vs) = Compact(bundle!.Signature.Span);
            return new LedgerContract.Ballot([.. bundle.Openings.Openings.Select(opening => opening.Salt)], r, vs);
        });
        return new LedgerContract.ConcludeCall(job.Id, round.Index, new LedgerContract.Conclusion(
            sorted[0].Result.Statement.Tag, sorted[0].Result.Statement.Exit, [.. findings], [.. ballots[0]!.Openings.Openings.Select(opening => opening.Appraisal)], [.. accepting]));
    }

    // EIP-2098.
    private static (Digest R, Digest Vs) Compact(ReadOnlySpan<byte> envelope)
    {
        var signature = Envelope.Open(envelope);
        var s = signature.SBytes;
        s[0] |= (byte)(signature.RecoveryId << 7);
        return (new Digest(signature.RBytes), new Digest(s));
    }
}
