using Sojourn.Node.Executing;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Verifying;

/// <summary>
/// A job's agreed result judged by its checker, by a node of the committee. Where output and inputs are public, the node runs the checker itself, in an enclave of its own; where they are sealed
/// nobody outside may see them, and what the executors' admitted enclaves signed of the checker's verdict is taken.
/// </summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="round">The round whose committee judges.</param>
/// <param name="job">The job.</param>
internal sealed class Judging(NodeContext node, Sender sender, byte round, Digest job)
{
    // Fuel ends a checker; this ends an enclave that does not answer at all.
    private static readonly TimeSpan CheckLimit = TimeSpan.FromMinutes(5);

    /// <summary>Whether nothing is left to do here.</summary>
    public bool Ended { get; private set; }

    /// <summary>The round whose committee judges; null where none does now.</summary>
    /// <param name="view">The job.</param>
    public static RoundView? RoundOf(JobView view) =>
        view.Phase == JobPhase.Judging && view.Outcome == JobOutcome.Succeeded && view.Terms.Modes.HasFlag(VerificationModes.Checker)
            ? view.Rounds.LastOrDefault(candidate => !candidate.Verifiers.IsEmpty)
            : null;

    /// <summary>Does what can be done now.</summary>
    /// <param name="view">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task StepAsync(JobView view, CancellationToken cancel)
    {
        if (Ended || await DecideAsync(view, cancel).ConfigureAwait(false) is not { } answer)
        {
            return; // Something is not to be had yet: asked again until the window closes.
        }

        var accept = node.Conduct.Judgement(answer.Accepted);
        await sender.SendAsync("verify", job, new Judge(job, round, accept, answer.Report), cancel).ConfigureAwait(false);
        node.Journal.Add(accept ? JournalLevel.Progress : JournalLevel.Reason, "verify", job, accept ? "the checker accepts the result" : "the checker rejects the result");
        Ended = true;
    }

    private async Task<CheckAnswer?> DecideAsync(JobView view, CancellationToken cancel)
    {
        if (view.Terms.Checker is not { } checker || await node.Content.GetAsync(view.Terms.Spec, cancel).ConfigureAwait(false) is not { } block
            || !JobSpec.TryDecode(block.Data.Span, out var spec, out _))
        {
            return null;
        }

        var receipts = await ReceiptsAsync(view, cancel).ConfigureAwait(false);
        if (receipts.Count == 0)
        {
            return null;
        }

        if (spec!.Recipients.IsEmpty && view.Terms.Inputs.All(input => input.Codec != Multicodec.DagCbor))
        {
            return await RunAsync(view, receipts[0].Output, cancel).ConfigureAwait(false);
        }

        // One that says no, or says nothing, is enough against; the results agree, so honest verdicts do too.
        var accepted = receipts.All(receipt => receipt.Checked is { Accepted: true } said && said.Checker == checker);
        return new CheckAnswer(accepted, CheckerReport.DigestOf(job, accepted, []));
    }

    private async Task<CheckAnswer?> RunAsync(JobView view, Cid output, CancellationToken cancel)
    {
        var post = SignedTransaction.WithoutSignature(view.Requester, view.Nonce, new JobPost(view.Terms));
        var run = new EnclaveRun(await node.Enclaves.TakeAsync(cancel).ConfigureAwait(false), node.Content, node.Store);
        await using (run.ConfigureAwait(false))
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                limit.CancelAfter(CheckLimit);
                return await run.CheckAsync(new CheckTask(node.Ledger.GenesisDigest, post.Encoded, output), limit.Token).ConfigureAwait(false);
            }
            catch (EnclaveRefusedException e) when (e.Refusal.Reason is FailReason.CodeInvalid or FailReason.CodeTooLarge or FailReason.PolicyRefused)
            {
                node.Journal.Add(JournalLevel.Reason, "verify", job, $"the checker cannot be run: {e.Message}");
                return new CheckAnswer(false, CheckerReport.DigestOf(job, false, []));
            }
            catch (EnclaveRefusedException e)
            {
                node.Journal.Add(JournalLevel.Trouble, "verify", job, $"the checker could not be run yet: {e.Message}");
                return null;
            }
        }
    }

    // Receipts of those who agree, each signed by the key that was admitted and saying what the ledger says.
    private async Task<List<JobReceipt>> ReceiptsAsync(JobView view, CancellationToken cancel)
    {
        var found = new List<JobReceipt>();
        foreach (var (index, seat) in view.Rounds.SelectMany(other => other.Executors.Select(seat => (other.Index, seat))))
        {
            if (seat.Result is not { } result || seat.Evidence is not { } evidence || result.Statement.Tag != view.AgreedTag || result.Statement.Exit != view.AgreedExit)
            {
                continue;
            }

            var bytes = await node.DropBox.GetAsync(job, DropNames.Receipt(index, seat.Node, result.Statement.Receipt), cancel).ConfigureAwait(false);
            if (bytes is { } message && Digest.Of(message.Span) == result.Statement.Receipt && JobReceipt.Verify(message.Span, evidence.ReceiptKey.Span) == CoseFault.None
                && JobReceipt.TryDecode(message.Span, out var receipt, out _) && receipt!.Job == job && receipt.Tag == result.Statement.Tag && ContentKey.Of(receipt.Output) == result.Statement.Output)
            {
                found.Add(receipt);
            }
        }

        return found;
    }
}
