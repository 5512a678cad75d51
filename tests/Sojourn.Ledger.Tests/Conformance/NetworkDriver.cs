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

namespace Sojourn.Ledger.Tests.Conformance;

/// <summary>How the nodes of a <see cref="NetworkDriver"/> depart from what honest ones do; unset means honest.</summary>
public sealed record NodeHabits
{
    /// <summary>What a node's enclave says came out.</summary>
    public Func<Party, string> Output { get; init; } = _ => "42";

    /// <summary>Whether a node publishes evidence.</summary>
    public Func<Party, bool> Attests { get; init; } = _ => true;

    /// <summary>Whether a node shows what it committed to.</summary>
    public Func<Party, bool> Reveals { get; init; } = _ => true;

    /// <summary>Why a node says, signed, that it cannot run the job; null where it runs it.</summary>
    public Func<Party, FailReason?> Fails { get; init; } = _ => null;

    /// <summary>A verifier's verdict on an executor; null where it stays silent.</summary>
    public Func<Party, Address, VoteVerdict?> Votes { get; init; } = (_, _) => VoteVerdict.Accept;

    /// <summary>Whether a verifier opens its appraisals.</summary>
    public Func<Party, bool> Opens { get; init; } = _ => true;
}

/// <summary>Nodes that see a ledger only through its port: whatever passes here works with any adapter.</summary>
public sealed class NetworkDriver(ILedger ledger, IReadOnlyList<Party> nodes, Func<ulong, Task> advance, NodeHabits? habits = null)
{
    private readonly NodeHabits _habits = habits ?? new NodeHabits();

    /// <summary>Keepers by account, and why one denies; null where it releases.</summary>
    public Dictionary<Address, (Party Keeper, DenyReason? Denies)> Keepers { get; } = [];

    /// <summary>The ledger as one node reaches it; null where all share one.</summary>
    public Func<Party, ILedger>? LedgerOf { get; init; }

    private ILedger At(Party party) => LedgerOf?.Invoke(party) ?? ledger;

    public async Task<SubmitResult> Send(Party party, Transaction body)
    {
        var nonce = body.IsNonced ? (await ledger.AccountAsync(party.Address)).Nonce : 0;
        return await At(party).SubmitAsync(SignedTransaction.Create(body, nonce, ledger.GenesisDigest, party.Signer));
    }

    /// <summary>Plays every party until the job is closed.</summary>
    public async Task<JobView> Run(Digest id, int heights = 2000)
    {
        for (var i = 0; i < heights; i++)
        {
            var job = (await ledger.JobAsync(id))!;
            if (job.Phase == JobPhase.Closed)
            {
                return job;
            }

            if ((await ledger.HeadAsync()).Height > job.Deadline)
            {
                // Anyone may; a ledger that does so by itself says that nothing is due.
                await ledger.SubmitAsync(SignedTransaction.Unsigned(new Drive(id)));
                continue;
            }

            await Keep(job);
            foreach (var node in nodes)
            {
                await Act(node, id);
            }

            await advance(1);
        }

        throw new InvalidOperationException($"The job is not closed after {heights} heights: {(await ledger.JobAsync(id))!.Phase}.");
    }

    /// <summary>Waits, doing nothing, until the job is in a phase or closed.</summary>
    public async Task<JobView> Reach(Digest id, JobPhase phase, int heights = 2000)
    {
        for (var i = 0; i < heights; i++)
        {
            var job = (await ledger.JobAsync(id))!;
            if (job.Phase == phase || job.Phase == JobPhase.Closed)
            {
                return job;
            }

            foreach (var node in nodes)
            {
                await Enter(node, job);
            }

            await advance(1);
            if ((await ledger.HeadAsync()).Height > job.Deadline)
            {
                await ledger.SubmitAsync(SignedTransaction.Unsigned(new Drive(id)));
            }
        }

        throw new InvalidOperationException($"The job never came to {phase}.");
    }

    private async Task Keep(JobView job)
    {
        if (Keepers.Count == 0 || job.Phase is not (JobPhase.Attesting or JobPhase.Running))
        {
            return;
        }

        foreach (var id in job.Terms.Offers)
        {
            var offer = (await ledger.OfferAsync(id))!;
            if (!Keepers.TryGetValue(offer.Terms.Keeper, out var keeper))
            {
                continue;
            }

            foreach (var executor in job.Round.Executors.Where(executor => executor.Status == SeatStatus.Admitted && executor.Releases.All(release => release.Offer != id)))
            {
                await Send(keeper.Keeper, keeper.Denies is { } why
                    ? new ReleaseDeny(job.Id, job.Round.Index, executor.Node, id, why)
                    : new ReleaseRecord(job.Id, job.Round.Index, executor.Node, id, executor.Admission, Workbench.Hash("wrapped key")));
            }
        }
    }

    private async Task Enter(Party node, JobView job)
    {
        if (job.Phase != JobPhase.Drawing)
        {
            return;
        }

        foreach (var role in new[] { DrawRole.Executor, DrawRole.Verifier })
        {
            var invitation = await ledger.InvitationAsync(job.Id, role, node.Address);
            if (invitation.Refusal == Refusal.None && invitation.Alpha is { } alpha)
            {
                var proof = node.Vrf.Prove(alpha, out var value);
                await Send(node, new Ticket(job.Id, invitation.Round, role, value, proof, [.. UnitDraw.Best(value, invitation.Units, invitation.UnitsMax)], Digest.Zero));
            }
        }
    }

    private async Task Act(Party node, Digest id)
    {
        var job = (await At(node).JobAsync(id))!;
        if (job.Phase == JobPhase.Closed)
        {
            return;
        }

        var round = job.Round;
        await Enter(node, job);
        var seat = round.Executors.FirstOrDefault(executor => executor.Node == node.Address);
        if (seat is { Status: SeatStatus.Drawn } && job.Phase == JobPhase.Attesting && _habits.Attests(node))
        {
            var evidence = System.Text.Encoding.UTF8.GetBytes($"evidence of {node.Name}");
            await Send(node, new EvidencePublish(id, round.Index, Cid.ForRaw(evidence), Digest.Of(evidence), HpkeKey, node.Receipt.PublicKey, Digest.Zero));
        }

        var statement = Workbench.ResultOf(_habits.Output(node));
        if (seat is { Status: SeatStatus.Admitted } && _habits.Fails(node) is { } reason)
        {
            await Send(node, new ResultFail(id, round.Index, reason));
        }
        else if (seat is { Status: SeatStatus.Admitted, HasKeys: true } && round.Commits)
        {
            await Send(node, new ResultCommit(id, round.Index, Identifiers.Commitment(id, round.Index, node.Address, statement, Workbench.NonceOf(node))));
        }
        else if (((seat is { Status: SeatStatus.Committed } && job.Phase == JobPhase.Revealing) || (seat is { Status: SeatStatus.Admitted, HasKeys: true } && !round.Commits && job.Phase == JobPhase.Running)) && _habits.Reveals(node))
        {
            await Send(node, new ResultReveal(id, round.Index, statement, round.Commits ? Workbench.NonceOf(node) : Digest.Zero, node.Receipt.Sign(Identifiers.Statement(id, round.Index, node.Address, statement)), Workbench.Content("receipt")));
        }

        foreach (var any in job.Rounds.Where(any => any.Verifiers.Any(verifier => verifier.Node == node.Address)))
        {
            await Verify(node, id, any);
        }
    }

    // A point of P-256 in its uncompressed form is what an enclave would show; the ledger looks at its length alone.
    private static byte[] HpkeKey { get; } = [4, .. Enumerable.Repeat((byte)7, 64)];

    private async Task Verify(Party node, Digest id, RoundView round)
    {
        var votes = new List<Vote>();
        foreach (var executor in round.Executors.Where(executor => executor.Evidence is not null && executor.Votes.All(vote => vote.Verifier != node.Address)).OrderBy(executor => executor.Node))
        {
            if (_habits.Votes(node, executor.Node) is { } verdict)
            {
                votes.Add(new Vote(executor.Node, verdict, Identifiers.Appraisal(id, round.Index, executor.Node, node.Address, Workbench.AppraisalOf(executor.Node), Workbench.SaltOf(node))));
            }
        }

        if (votes.Count > 0)
        {
            await Send(node, new VoteCast(id, round.Index, [.. votes]));
        }

        foreach (var executor in round.Executors.Where(executor => _habits.Opens(node) && executor.Votes.Any(vote => vote.Verifier == node.Address && vote.Opened is null)))
        {
            await Send(node, new AppraisalOpen(id, round.Index, [new Opening(executor.Node, Workbench.AppraisalOf(executor.Node), Workbench.SaltOf(node))]));
        }
    }
}
