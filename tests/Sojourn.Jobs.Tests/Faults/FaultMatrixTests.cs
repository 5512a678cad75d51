using System.Globalization;
using Sojourn.Hosting.Devnet.Processes;
using Sojourn.Jobs.Tests.Processes;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Faults;

/// <summary>Who is killed.</summary>
public enum Victim
{
    /// <summary>A node that executes, where the stage names one; else the first.</summary>
    Node,

    /// <summary>A node drawn to verify.</summary>
    Verifier,

    /// <summary>The data owner's keeper.</summary>
    Keeper,

    /// <summary>The ledger's sequencer.</summary>
    Ledger,

    /// <summary>The gateway with the drop box.</summary>
    Gateway,

    /// <summary>The enclaves of an executing node.</summary>
    Enclave,
}

/// <summary>Each party killed (-9) at each stage and started again, over real processes: the job ends right or is refunded, and the ledger says why.</summary>
[Collection("network")]
public sealed class FaultMatrixTests(ITestOutputHelper output)
{
    private static readonly EventKind[] Stages =
    [
        EventKind.JobPosted, EventKind.ExecutorDrawn, EventKind.VerifierDrawn, EventKind.EvidencePublished, EventKind.Voted, EventKind.Admitted, EventKind.Released, EventKind.Committed,
        EventKind.Revealed, EventKind.Agreed,
    ];

    private static readonly LineReason[] Slashes = [LineReason.SlashedWrongResult, LineReason.SlashedEquivocation, LineReason.SlashedFalseTicket, LineReason.SlashedWrongVote];

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task Each_party_killed_once_and_started_again_costs_no_job_its_right_end()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var net = await ProcessNet.StartAsync(limit.Token);
        foreach (var (victim, stage) in ((Victim, EventKind)[])
            [(Victim.Node, EventKind.EvidencePublished), (Victim.Node, EventKind.Committed), (Victim.Verifier, EventKind.Voted), (Victim.Keeper, EventKind.Admitted), (Victim.Ledger, EventKind.Admitted),
                (Victim.Gateway, EventKind.EvidencePublished), (Victim.Enclave, EventKind.EvidencePublished)])
        {
            output.WriteLine($"{victim} at {stage}: {await CellAsync(net, victim, stage, limit.Token)}");
        }

        await AuditAsync(net, limit.Token);
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    [Trait("long", "faults")]
    public async Task The_whole_matrix()
    {
        if (LongRun.Of("faults") is not { } run)
        {
            return;
        }

        using var limit = new CancellationTokenSource(run.Budget + TimeSpan.FromMinutes(3));
        await using var net = await ProcessNet.StartAsync(limit.Token);
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var cells = Enum.GetValues<Victim>().SelectMany(victim => Stages.Select(stage => (victim, stage))).ToArray();
        new Random((int)run.Seed).Shuffle(cells);
        var done = 0;
        foreach (var (victim, stage) in cells)
        {
            if (run.Over)
            {
                break;
            }

            var outcome = await CellAsync(net, victim, stage, limit.Token);
            outcomes[outcome.ToString()] = outcomes.GetValueOrDefault(outcome.ToString()) + 1;
            done++;
        }

        await AuditAsync(net, limit.Token);
        LongRun.Record(output, "faults", string.Create(CultureInfo.InvariantCulture, $"cells={done} of={cells.Length} {string.Join(' ', outcomes.Select(pair => $"{pair.Key}={pair.Value}"))} slashed-for-lies=0"));
    }

    // One job; at the stage the victim is killed and started again; then everything that must hold is looked at.
    private static async Task<JobOutcome> CellAsync(ProcessNet net, Victim victim, EventKind stage, CancellationToken cancel)
    {
        var struck = new List<Address>();
        var fired = false;
        var job = await net.PostAsync(3, 2, cancel);
        var view = await net.FollowAsync(
            job,
            async e =>
            {
                if (e.Kind == stage && !fired)
                {
                    fired = true;
                    await StrikeAsync(net, victim, job, e, struck, cancel);
                }
            }, cancel);
        Assert.True(fired, $"the stage {stage} never came: {view.Outcome}\n{net.Log}");
        var requester = await net.LinesAsync(net.AddressOf("requester"), job, cancel);
        if (view.Outcome == JobOutcome.Succeeded)
        {
            Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        }
        else
        {
            Assert.True(requester.Contains(LineReason.Refunded), $"{victim} at {stage}: {view.Outcome}, and the requester's lines are {string.Join(", ", requester)}\n{net.Log}");
        }

        foreach (var account in struck)
        {
            var lines = await net.LinesAsync(account, job, cancel);
            Assert.False(lines.Intersect(Slashes).Any(), $"{victim} at {stage}: a crash was taken for a lie: {string.Join(", ", lines)}\n{net.Log}");
        }

        return view.Outcome;
    }

    private static async Task StrikeAsync(ProcessNet net, Victim victim, Digest job, LedgerEvent e, List<Address> struck, CancellationToken cancel)
    {
        switch (victim)
        {
            case Victim.Ledger:
                await AgainAsync(net.Net["ledger"], cancel);
                break;
            case Victim.Gateway:
                await AgainAsync(net.Net["gateway"], cancel);
                break;
            case Victim.Keeper:
                await AgainAsync(net.Net["keeper-data-owner"], cancel);
                break;
            case Victim.Verifier:
                await AgainAsync(await NodeAsync(view => view.Rounds.SelectMany(round => round.Verifiers).Select(seat => seat.Node)), cancel);
                break;
            case Victim.Enclave:
                ProcessTree.KillBelow((await NodeAsync(view => view.Rounds.SelectMany(round => round.Executors).Select(seat => seat.Node))).ProcessId, "sojourn-enclave");
                break;
            default:
                await AgainAsync(await NodeAsync(view => view.Rounds.SelectMany(round => round.Executors).Select(seat => seat.Node)), cancel);
                break;
        }

        // The node that the event names, where it plays that part; else the first that does; else the first node.
        async Task<PartyProcess> NodeAsync(Func<JobView, IEnumerable<Address>> pick)
        {
            var view = (await net.Client.Ledger.JobAsync(job, cancel))!;
            var candidates = pick(view).ToList();
            if (candidates.Count == 0)
            {
                return net.Net["node-1"];
            }

            var account = candidates.Contains(e.Account) ? e.Account : candidates[0];
            struck.Add(account);
            return net.Net[net.NameOf(account)];
        }
    }

    private static async Task AgainAsync(PartyProcess party, CancellationToken cancel)
    {
        await party.KillAsync();
        await party.StartAsync(cancel);
    }

    private static async Task AuditAsync(ProcessNet net, CancellationToken cancel)
    {
        await net.Net["ledger"].StopAsync(cancel);
        var (code, _, error) = await net.RunAsync(cancel, "ledger", "verify", Path.Combine(net.Folder, "state", "ledger"));
        Assert.True(code == 0, error);
    }
}
