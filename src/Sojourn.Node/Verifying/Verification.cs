using System.Security.Cryptography;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Verifying;

/// <summary>One round in which this node was drawn to verify: it checks evidence, votes, and opens its appraisals afterwards.</summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="round">The round.</param>
/// <param name="job">The job.</param>
internal sealed class Verification(NodeContext node, Sender sender, byte round, Digest job)
{
    private readonly Dictionary<Address, (Digest Appraisal, Digest Salt)> _votes = [];
    private readonly EvidenceCheck _check = new(node.Ledger, node.Content, node.DropBox, node.Collateral);
    private bool _opened;

    /// <summary>Does what can be done now.</summary>
    /// <param name="view">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task StepAsync(JobView view, CancellationToken cancel)
    {
        var current = view.Rounds.First(candidate => candidate.Index == round);
        if (view.Phase == JobPhase.Attesting)
        {
            await VoteAsync(view, current, cancel).ConfigureAwait(false);
        }
        else if (!_opened && _votes.Count > 0 && view.Phase is not (JobPhase.Drawing or JobPhase.Closed))
        {
            _opened = true;
            var openings = _votes.Select(vote => new Opening(vote.Key, vote.Value.Appraisal, vote.Value.Salt)).OrderBy(opening => opening.Executor);
            await sender.SendAsync("attest", job, new AppraisalOpen(job, round, [.. openings]), cancel).ConfigureAwait(false);
        }
    }

    private async Task VoteAsync(JobView view, RoundView current, CancellationToken cancel)
    {
        var votes = new List<Vote>();
        foreach (var executor in current.Executors)
        {
            if (executor.Status != SeatStatus.Evidenced || _votes.ContainsKey(executor.Node))
            {
                continue;
            }

            var finding = await _check.CheckAsync(view, current, executor, node.Clock.GetUtcNow(), cancel).ConfigureAwait(false);
            if (finding.Verdict == VoteVerdict.Unavailable && !Last(view))
            {
                continue; // It may still arrive.
            }

            var salt = RandomDigest();
            _votes[executor.Node] = (finding.Appraisal, salt);
            votes.Add(new Vote(executor.Node, finding.Verdict, Identifiers.Appraisal(job, round, executor.Node, node.Signer.Address, finding.Appraisal, salt)));
            node.Journal.Add(
                finding.Verdict == VoteVerdict.Accept ? JournalLevel.Progress : JournalLevel.Reason, "attest", job,
                finding.Verdict == VoteVerdict.Accept ? $"accepted the evidence of {executor.Node}" : $"refused the evidence of {executor.Node} ({finding.Verdict}): {finding.Words}");
        }

        if (votes.Count > 0)
        {
            await sender.SendAsync("attest", job, new VoteCast(job, round, [.. votes.OrderBy(vote => vote.Executor)]), cancel).ConfigureAwait(false);
        }
    }

    private static bool Last(JobView view) => view.Deadline > 0 && view.Round.VoteClose <= view.Round.EvidenceClose + 1;

    private static Digest RandomDigest()
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        RandomNumberGenerator.Fill(bytes);
        return new Digest(bytes);
    }
}
