using Sojourn.Node.Journal;
using Sojourn.Node.Operating;
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
    /// <returns>Whether nothing is left to enter in this round; false where its beacon is awaited.</returns>
    public async Task<bool> EnterAsync(JobView job, int running, CancellationToken cancel)
    {
        if (node.Control.Mode != NodeMode.Taking)
        {
            Object(job, DrawRole.Executor, $"the node is {node.Control.Mode.ToString().ToLowerInvariant()}");
            return true;
        }

        if (NodeObjections.Find(node, job, running) is { } objection)
        {
            Object(job, DrawRole.Executor, objection);
            return !node.Rules.Verifies || await EnterAsync(job, DrawRole.Verifier, cancel).ConfigureAwait(false);
        }

        if (!node.Rules.Verifies)
        {
            return await EnterAsync(job, DrawRole.Executor, cancel).ConfigureAwait(false);
        }

        // Both at once: a ticket is acknowledged when it is on the ledger's disk, and the window does not wait for two of these, one after the other.
        var verifying = Task.Run(() => EnterAsync(job, DrawRole.Verifier, cancel), cancel);
        var executing = await EnterAsync(job, DrawRole.Executor, cancel).ConfigureAwait(false);
        return await verifying.ConfigureAwait(false) && executing;
    }

    private void Object(JobView job, DrawRole role, string objection)
    {
        if (Note(job, role))
        {
            node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"no ticket to execute: {objection}");
        }
    }

    private bool Note(JobView job, DrawRole role)
    {
        lock (_entered)
        {
            return _entered.Add((job.Round.Index, role));
        }
    }

    private async Task<bool> EnterAsync(JobView job, DrawRole role, CancellationToken cancel)
    {
        lock (_entered)
        {
            if (_entered.Contains((job.Round.Index, role)))
            {
                return true;
            }
        }

        var invitation = await node.Ledger.InvitationAsync(job.Id, role, node.Signer.Address, cancel).ConfigureAwait(false);
        if (invitation.Refusal == Refusal.BeaconUnknown)
        {
            return false;
        }

        if (invitation.Refusal != Refusal.None || invitation.Alpha is not { } alpha)
        {
            Note(job, role);
            node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"not eligible as {role}: {invitation.Refusal}");
            return true;
        }

        var proof = node.Vrf.Prove(alpha, out var output);
        var units = UnitDraw.Best(output, invitation.Units, invitation.UnitsMax);
        var possession = Digest.Zero;
        if (role == DrawRole.Executor && invitation.HoldsInputs && node.Conduct.Possession(await Possession.ProveAsync(node, job, cancel).ConfigureAwait(false)) is { } held)
        {
            possession = Protocol.Identifiers.Possession(node.Signer.Address, held);
        }

        var result = await sender.SendAsync("select", job.Id, new Ticket(job.Id, invitation.Round, role, output, proof, [.. units], possession), cancel).ConfigureAwait(false);
        // Only now: a ledger that did not answer is asked again, and a ticket that is in already does no harm.
        Note(job, role);
        if (result.Refusal == Refusal.TicketLoses)
        {
            node.Journal.Add(JournalLevel.Reason, "select", job.Id, $"the ticket as {role} loses against those already in");
        }

        return true;
    }
}
