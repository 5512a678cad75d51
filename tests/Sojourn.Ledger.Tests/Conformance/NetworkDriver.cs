using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Embedded;

/// <summary>Honest nodes that see a ledger only through its port: whatever passes here works with any adapter.</summary>
public sealed class NetworkDriver(ILedger ledger, IReadOnlyList<Party> nodes, Func<ulong, Task> advance)
{
    public async Task<SubmitResult> Send(Party party, Transaction body)
    {
        var nonce = body.IsNonced ? (await ledger.AccountAsync(party.Address)).Nonce : 0;
        return await ledger.SubmitAsync(SignedTransaction.Create(body, nonce, ledger.GenesisDigest, party.Signer));
    }

    public async Task<JobView> Run(Digest id, Func<Party, string>? output = null, int heights = 200)
    {
        for (var i = 0; i < heights; i++)
        {
            var job = (await ledger.JobAsync(id))!;
            if (job.Phase == JobPhase.Closed)
            {
                return job;
            }

            foreach (var node in nodes)
            {
                await Act(node, id, output?.Invoke(node) ?? "42");
            }

            await advance(1);
        }

        throw new InvalidOperationException($"The job is not closed after {heights} heights: {(await ledger.JobAsync(id))!.Phase}.");
    }

    private async Task Act(Party node, Digest id, string output)
    {
        var job = (await ledger.JobAsync(id))!;
        if (job.Phase == JobPhase.Closed)
        {
            return;
        }

        var round = job.Round;
        if (job.Phase == JobPhase.Drawing)
        {
            foreach (var role in new[] { DrawRole.Executor, DrawRole.Verifier })
            {
                var invitation = await ledger.InvitationAsync(id, role, node.Address);
                if (invitation.Refusal == Refusal.None && invitation.Alpha is { } alpha)
                {
                    var proof = node.Vrf.Prove(alpha, out var value);
                    await Send(node, new Ticket(id, invitation.Round, role, value, proof, [.. UnitDraw.Best(value, invitation.Units, invitation.UnitsMax)], Digest.Zero));
                }
            }
        }

        var seat = round.Executors.FirstOrDefault(executor => executor.Node == node.Address);
        if (seat is { Status: SeatStatus.Drawn } && job.Phase == JobPhase.Attesting)
        {
            var evidence = System.Text.Encoding.UTF8.GetBytes($"evidence of {node.Name}");
            await Send(node, new EvidencePublish(id, round.Index, Cid.ForRaw(evidence), Digest.Of(evidence), new byte[65], node.Receipt.PublicKey, Digest.Zero));
        }

        var statement = Workbench.ResultOf(output);
        if (seat is { Status: SeatStatus.Admitted, HasKeys: true } && round.Commits)
        {
            await Send(node, new ResultCommit(id, round.Index, Identifiers.Commitment(id, round.Index, node.Address, statement, Workbench.NonceOf(node))));
        }

        if ((seat is { Status: SeatStatus.Committed } && job.Phase == JobPhase.Revealing) || (seat is { Status: SeatStatus.Admitted, HasKeys: true } && !round.Commits && job.Phase == JobPhase.Running))
        {
            await Send(node, new ResultReveal(id, round.Index, statement, round.Commits ? Workbench.NonceOf(node) : Digest.Zero, node.Receipt.Sign(Identifiers.Statement(id, round.Index, node.Address, statement)), Workbench.Content("receipt")));
        }

        foreach (var any in job.Rounds.Where(any => any.Verifiers.Any(verifier => verifier.Node == node.Address)))
        {
            await Verify(node, id, any);
        }
    }

    private async Task Verify(Party node, Digest id, RoundView round)
    {
        var votes = round.Executors.Where(executor => executor.Evidence is not null && executor.Votes.All(vote => vote.Verifier != node.Address)).OrderBy(executor => executor.Node)
            .Select(executor => new Vote(executor.Node, VoteVerdict.Accept, Identifiers.Appraisal(id, round.Index, executor.Node, node.Address, Workbench.AppraisalOf(executor.Node), Workbench.SaltOf(node)))).ToList();
        if (votes.Count > 0)
        {
            await Send(node, new VoteCast(id, round.Index, [.. votes]));
        }

        foreach (var executor in round.Executors.Where(executor => executor.Votes.Any(vote => vote.Verifier == node.Address && vote.Opened is null)))
        {
            await Send(node, new AppraisalOpen(id, round.Index, [new Opening(executor.Node, Workbench.AppraisalOf(executor.Node), Workbench.SaltOf(node))]));
        }
    }
}
