using System.Security.Cryptography;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Verifying;

/// <summary>One round in which this node was drawn to verify: it checks evidence, votes, and opens its appraisals afterwards.</summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="round">The round.</param>
/// <param name="job">The job.</param>
/// <param name="kept">Where votes survive a crash.</param>
internal sealed class Verification(NodeContext node, Sender sender, byte round, Digest job, KeptVotes kept)
{
    // Evidence that is not to be had is voted on only when waiting would cost the vote.
    private const ulong LastHeights = 4;
    private readonly Dictionary<Address, KeptVote> _votes = kept.Read().ToDictionary(vote => vote.Executor);
    private readonly EvidenceCheck _check = new(node.Ledger, node.Content, node.DropBox, node.Collateral, node.Held);

    /// <summary>Whether nothing is left to do here.</summary>
    public bool Ended { get; private set; }

    /// <summary>Does what can be done now.</summary>
    /// <param name="view">The job.</param>
    /// <param name="height">The present height.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task StepAsync(JobView view, ulong height, CancellationToken cancel)
    {
        if (Ended)
        {
            return;
        }

        var current = view.Rounds.First(candidate => candidate.Index == round);
        if (height <= current.VoteClose && view.Phase != JobPhase.Drawing)
        {
            await VoteAsync(view, current, height, cancel).ConfigureAwait(false);
        }

        if (view.Phase is not (JobPhase.Drawing or JobPhase.Attesting))
        {
            await OpenAsync(current, height, cancel).ConfigureAwait(false);
        }
    }

    // An opening is due once everybody's vote is in or their time is up: until then it could be copied.
    private async Task OpenAsync(RoundView current, ulong height, CancellationToken cancel)
    {
        var me = node.Signer.Address;
        var due = current.Executors
            .Where(executor => _votes.ContainsKey(executor.Node) && executor.Votes.Any(vote => vote.Verifier == me && vote.Opened is null))
            .Where(executor => height > current.VoteClose || executor.Votes.Length == current.Verifiers.Length)
            .Select(executor => _votes[executor.Node]).OrderBy(vote => vote.Executor).ToList();
        if (due.Count > 0)
        {
            var openings = due.Select(vote => new Opening(vote.Executor, vote.Appraisal, vote.Salt));
            var result = await node.Ledger.SubmitAsync(SignedTransaction.Create(new AppraisalOpen(job, round, [.. openings]), 0, node.Ledger.GenesisDigest, node.Signer), cancel).ConfigureAwait(false);
            if (!result.Applied && result.Refusal != Refusal.VotingOpen)
            {
                node.Journal.Add(JournalLevel.Reason, "attest", job, $"the ledger refused the opening of appraisals: {result.Refusal}");
                Ended = true;
            }
        }
        else if (current.Executors.All(executor => executor.Evidence is null || !executor.Votes.Any(vote => vote.Verifier == me && vote.Opened is null)) && (height > current.VoteClose || current.Executors.All(executor => executor.Evidence is null || executor.Votes.Any(vote => vote.Verifier == me))))
        {
            Ended = true;
        }
    }

    private async Task VoteAsync(JobView view, RoundView current, ulong height, CancellationToken cancel)
    {
        foreach (var executor in current.Executors)
        {
            if (executor.Evidence is null || executor.Status == SeatStatus.Void || _votes.ContainsKey(executor.Node))
            {
                continue;
            }

            var finding = await _check.CheckAsync(view, current, executor, node.Clock.GetUtcNow(), cancel).ConfigureAwait(false);
            if (finding.Verdict == VoteVerdict.Unavailable && height + LastHeights < current.VoteClose)
            {
                continue; // It may still arrive.
            }

            var verdict = node.Conduct.Verdict(finding.Verdict);
            _votes[executor.Node] = new KeptVote(executor.Node, verdict, finding.Appraisal, RandomDigest());
            node.Journal.Add(
                verdict == VoteVerdict.Accept ? JournalLevel.Progress : JournalLevel.Reason, "attest", job,
                verdict == VoteVerdict.Accept ? $"accepted the evidence of {executor.Node}" : $"refused the evidence of {executor.Node} ({verdict}): {finding.Words}");
        }

        // What the ledger does not show yet is cast, or cast again in the same words after a crash.
        var missing = current.Executors
            .Where(executor => executor.Evidence is not null && executor.Status != SeatStatus.Void && _votes.ContainsKey(executor.Node) && !executor.Votes.Any(vote => vote.Verifier == node.Signer.Address))
            .Select(executor => _votes[executor.Node]).OrderBy(vote => vote.Executor).ToList();
        if (missing.Count > 0)
        {
            await kept.WriteAsync(_votes.Values).ConfigureAwait(false);
            var votes = missing.Select(vote => new Vote(vote.Executor, vote.Verdict, Identifiers.Appraisal(job, round, vote.Executor, node.Signer.Address, vote.Appraisal, vote.Salt)));
            await sender.SendAsync("attest", job, new VoteCast(job, round, [.. votes]), cancel).ConfigureAwait(false);
        }
    }

    private static Digest RandomDigest()
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        RandomNumberGenerator.Fill(bytes);
        return new Digest(bytes);
    }
}
