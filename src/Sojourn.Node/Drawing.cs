using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>Enters the node's tickets: its VRF value on the round's beacon, and which of its units it enters.</summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
internal sealed class Drawing(NodeContext node, Sender sender)
{
    private readonly HashSet<(byte Round, DrawRole Role)> _entered = [];

    /// <summary>Enters what can be entered now.</summary>
    /// <param name="job">The job.</param>
    /// <param name="running">How many jobs run here.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task EnterAsync(JobView job, int running, CancellationToken cancel)
    {
        await EnterAsync(job, DrawRole.Verifier, cancel).ConfigureAwait(false);
        if (Objection(job, running) is { } objection)
        {
            if (_entered.Add((job.Round.Index, DrawRole.Executor)))
            {
                node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"no ticket to execute: {objection}");
            }

            return;
        }

        await EnterAsync(job, DrawRole.Executor, cancel).ConfigureAwait(false);
    }

    private async Task EnterAsync(JobView job, DrawRole role, CancellationToken cancel)
    {
        if (_entered.Contains((job.Round.Index, role)))
        {
            return;
        }

        var invitation = await node.Ledger.InvitationAsync(job.Id, role, node.Signer.Address, cancel).ConfigureAwait(false);
        if (invitation.Refusal == Refusal.BeaconUnknown)
        {
            return;
        }

        _entered.Add((job.Round.Index, role));
        if (invitation.Refusal != Refusal.None || invitation.Alpha is not { } alpha)
        {
            node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"not eligible as {role}: {invitation.Refusal}");
            return;
        }

        var proof = node.Vrf.Prove(alpha, out var output);
        var units = UnitDraw.Best(output, invitation.Units, invitation.UnitsMax);
        var possession = Digest.Zero;
        if (role == DrawRole.Executor && invitation.HoldsInputs && await Possession.ProveAsync(node, job, cancel).ConfigureAwait(false) is { } held)
        {
            possession = Protocol.Identifiers.Possession(node.Signer.Address, held);
        }

        var result = await sender.SendAsync("select", job.Id, new Ticket(job.Id, invitation.Round, role, output, proof, [.. units], possession), cancel).ConfigureAwait(false);
        if (result.Refusal == Refusal.TicketLoses)
        {
            node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"the ticket as {role} loses against those already in");
        }
    }

    private string? Objection(JobView job, int running)
    {
        var rules = node.Rules;
        return !rules.TakesJobs ? "the node is paused or draining"
            : running >= rules.JobsMax ? $"{running} jobs run here already, at most {rules.JobsMax} may"
            : job.Terms.MemoryMebibytes > rules.MemoryMebibytesMax ? $"it asks for {job.Terms.MemoryMebibytes} MiB, at most {rules.MemoryMebibytesMax} are given"
            : job.Terms.FuelMax > rules.FuelMax ? $"it asks for {job.Terms.FuelMax} fuel, at most {rules.FuelMax} is given"
            : job.Terms.ExecutorPay < rules.PayMin ? $"it pays {job.Terms.ExecutorPay}, at least {rules.PayMin} is asked"
            : !rules.Requesters.IsEmpty && !rules.Requesters.Contains(job.Requester) ? "its requester is not among those whose jobs are taken"
            : rules.Refused.Contains(job.Requester) ? "its requester's jobs are not taken"
            : !rules.Hours.IsEmpty && !rules.Hours.Contains(node.Clock.GetUtcNow().Hour) ? "it came outside the operator's hours"
            : null;
    }
}
