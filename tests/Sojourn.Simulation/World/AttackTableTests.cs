using System.Globalization;
using System.Text;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Terms;
using Sojourn.Simulation.Model;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Simulation.World;

/// <summary>What each attack costs and gains, for each way of verification, with 5 to 50 % of the stake: measured in the simulator and written into the document.</summary>
public sealed class AttackTableTests(ITestOutputHelper output)
{
    private static readonly int[] Stakes = [5, 10, 20, 33, 50];

    private static readonly (string Name, Func<JobTerms, JobTerms> Terms)[] Modes =
    [
        ("none (audit floor 1 %)", terms => terms with { Executors = 1, Agreeing = 1, Audit = 0 }),
        ("redundancy 2 of 3", terms => terms with { Executors = 3, Agreeing = 2, Audit = 0 }),
        ("redundancy 3 of 5", terms => terms with { Executors = 5, Agreeing = 3, Audit = 0 }),
        ("audit 25 %", terms => terms with { Executors = 1, Agreeing = 1, Audit = 250_000 }),
        ("checker", terms => terms with { Executors = 1, Agreeing = 1, Audit = 0, Modes = VerificationModes.Checker, Checker = Workbench.Content("checker") }),
        ("known answer, 1 in 5 planted", terms => terms with { Executors = 1, Agreeing = 1, Audit = 0, Modes = VerificationModes.KnownAnswer }),
        ("review by somebody who can tell", terms => terms with { Executors = 1, Agreeing = 1, Audit = 0, Modes = VerificationModes.Review }),
    ];

    private static readonly (string Name, Behaviour Behaviour)[] Attacks =
    [
        ("broken enclaves that agree on one wrong result", Behaviour.BrokenEnclave),
        ("wrong results, each its own", Behaviour.WrongResult),
        ("forged evidence, accepted by own verifiers", Behaviour.Colluder),
        ("verifiers who do not look", Behaviour.LazyVerifier),
        ("copied votes", Behaviour.VoteCopier),
        ("copied commitments", Behaviour.ResultCopier),
        ("withheld reveals", Behaviour.Withholder),
        ("contradictory messages", Behaviour.Equivocator),
        ("silence after the draw", Behaviour.Silent),
        ("false claims to hold the inputs", Behaviour.LocalityLiar),
        ("floods of forged messages", Behaviour.Flooder),
    ];

    // What a committee can do to results that are right.
    private static readonly (string Name, Behaviour Behaviour)[] Denials =
    [
        ("judges who keep silent", Behaviour.SilentJudge),
        ("judges who reject whatever they see", Behaviour.RejectingJudge),
    ];

    private static WorldOptions Options(ulong seed, int stake, Behaviour attack, Func<JobTerms, JobTerms> mode, bool baseline) => new(seed)
    {
        Nodes = 20, Jobs = 2, BadPercent = stake, Only = attack, Faults = false, Rich = false, Baseline = baseline, PlantedPercent = 20,
        Rules = Workbench.Rules with { AuditFloor = 10_000, CreditEpoch = 16, PayoutMin = 1 },
        Terms = terms => mode(terms) with { Verifiers = 4, RedrawsMax = 2, LocalityMin = (byte)(attack == Behaviour.LocalityLiar ? 3 : 0), ExecutorBond = 5_000 },
    };

    private static string Refusals(int seeds)
    {
        var text = new StringBuilder("| attack | " + string.Join(" | ", Stakes.Select(stake => $"{stake} %")) + " |").AppendLine().AppendLine("| --- |" + string.Concat(Stakes.Select(_ => " --- |")));
        var checker = Modes.Single(mode => mode.Name == "checker").Terms;
        foreach (var (name, behaviour) in Denials)
        {
            var cells = Stakes.Select(stake =>
            {
                var (denied, net) = Deny(seeds, stake, behaviour, checker, baseline: false);
                var (_, honest) = Deny(seeds, stake, behaviour, checker, baseline: true);
                return string.Create(CultureInfo.InvariantCulture, $"{denied:0.#} %, {honest - net:0}");
            });
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} |");
        }

        return text.ToString();
    }

    private static (double Denied, double Net) Deny(int seeds, int stake, Behaviour attack, Func<JobTerms, JobTerms> mode, bool baseline)
    {
        var reports = Enumerable.Range(1, seeds).Select(seed => new NetworkWorld(Options((ulong)seed, stake, attack, mode, baseline)).Run()).ToList();
        var jobs = reports.Sum(report => report.Closed);
        return (100.0 * reports.Sum(report => report.Denied) / jobs, reports.Sum(report => (double)report.CoalitionGain - (double)report.CoalitionLoss) / jobs);
    }

    private static (double Wrong, double Net) Measure(int seeds, int stake, Behaviour attack, Func<JobTerms, JobTerms> mode, bool baseline)
    {
        var (jobs, wrong, net) = (0, 0, 0.0);
        for (var seed = 1; seed <= seeds; seed++)
        {
            var report = new NetworkWorld(Options((ulong)seed, stake, attack, mode, baseline)).Run();
            jobs += report.Closed;
            wrong += report.Wrong;
            net += (double)report.CoalitionGain - (double)report.CoalitionLoss;
        }

        return (100.0 * wrong / jobs, net / jobs);
    }

    private static string Table(int seeds)
    {
        var text = new StringBuilder();
        foreach (var (mode, terms) in Modes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"### {mode}").AppendLine();
            text.AppendLine("| attack | " + string.Join(" | ", Stakes.Select(stake => $"{stake} %")) + " |").AppendLine("| --- |" + string.Concat(Stakes.Select(_ => " --- |")));
            foreach (var (attack, behaviour) in Attacks)
            {
                var cells = Stakes.Select(stake =>
                {
                    var (wrong, net) = Measure(seeds, stake, behaviour, terms, baseline: false);
                    var (_, honest) = Measure(seeds, stake, behaviour, terms, baseline: true);
                    return string.Create(CultureInfo.InvariantCulture, $"{wrong:0.#} %, {honest - net:0}");
                });
                text.AppendLine($"| {attack} | {string.Join(" | ", cells)} |");
            }

            text.AppendLine();
        }

        return text.ToString();
    }

    // What a requester pays who posts again and again until its own nodes are the agreeing majority: the beacon is fixed before it is known, so every attempt is a whole job.
    private static string Draws()
    {
        var text = new StringBuilder().AppendLine("| stake of the coalition | chance in one post of 2 of 3 executors | of a quorum of 4 verifiers | of 21 verifiers | whole jobs paid for until 2 of 3 come up |").AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var stake in Stakes)
        {
            const ulong Units = 1000;
            var mine = Units * (ulong)stake / 100;
            var executors = CommitteeOdds.Agree(Units, mine, 3, 2);
            text.AppendLine(CultureInfo.InvariantCulture, $"| {stake} % | {executors:0.0e+0} | {CommitteeOdds.Capture(Units, mine, 4):0.0e+0} | {CommitteeOdds.Capture(Units, mine, 21):0.0e+0} | {1 / executors:0} |");
        }

        return text.ToString();
    }

    [Fact]
    [Trait("long", "attacks")]
    public void Measured_and_written()
    {
        if (LongRun.Of("attacks") is null)
        {
            return;
        }

        const int Seeds = 24;
        var path = Path.Combine(Vectors.Checkout, "docs", "protocol", "attacks.md");
        File.WriteAllText(path, $"""
            # What attacks cost and gain

            Measured in the simulator (`./test --long attacks` writes this file): a network of 20 nodes with equal stakes, 4 verifier seats, {Seeds * 2} jobs a cell, a bond of 5,000 and an executor's pay of 1,000. Each cell gives the share of jobs
            that ended with a wrong result accepted, then what the attack cost its coalition for each job posted on the network: what honest work would have earned it, less what it earned, plus what was slashed. A negative cost is a gain. With stakes from a
            third on, "forged evidence" shows what a committee of four is worth; see the draws below for one of 21.

            {Table(Seeds)}
            ### checker: right results refused

            The share of jobs whose right result a committee refused, or on which none decided after two redraws, then what that cost the coalition for each job.

            {Refusals(Seeds)}
            ## Draws

            Grinding by repost: the draw's beacon is named before anybody knows it, and a job whose beacon is known can no longer be cancelled, so every attempt is a whole job, paid in full, and counts against the offers' draws. Grinding by silence: a
            coalition that stays out of a draw leaves its places to others; one that is drawn and silent loses a share of its bond and is left out of the redraw.

            {Draws()}
            """);
        LongRun.Record(output, "attacks", $"cells={Modes.Length * Attacks.Length * Stakes.Length} jobs={2 * Seeds * 2 * Modes.Length * Attacks.Length * Stakes.Length}");
    }

    [Fact]
    public void A_wrong_result_costs_more_than_honest_work_earns_wherever_it_is_checked()
    {
        foreach (var (name, terms) in Modes.Where(mode => mode.Name.StartsWith("redundancy 2", StringComparison.Ordinal) || mode.Name == "checker"))
        {
            var (wrong, net) = Measure(10, 20, Behaviour.WrongResult, terms, baseline: false);
            var (_, honest) = Measure(10, 20, Behaviour.WrongResult, terms, baseline: true);
            Assert.True(wrong == 0, $"{name}: {wrong} % wrong results");
            Assert.True(honest > net, $"{name}: lying earned {net}, honest work {honest}");
        }
    }

    [Fact]
    public void A_minority_of_judges_refuses_nothing_and_pays_for_trying()
    {
        var checker = Modes.Single(mode => mode.Name == "checker").Terms;
        foreach (var (name, behaviour) in Denials)
        {
            var (denied, net) = Deny(10, 20, behaviour, checker, baseline: false);
            var (_, honest) = Deny(10, 20, behaviour, checker, baseline: true);
            Assert.True(denied <= 5, $"{name}: {denied} % of right results refused");
            Assert.True(honest > net, $"{name}: earned {net}, honest work {honest}");
        }
    }

    [Fact]
    public void A_flood_aimed_before_tickets_are_seen_hits_no_better_than_chance()
    {
        // The attacker can silence a quarter of the nodes, chosen once the beacon is known and before tickets show who was drawn: it has nothing to choose by.
        const int Runs = 400;
        var (hit, drawn) = (0, 0);
        for (var run = 0; run < Runs; run++)
        {
            var bench = new Workbench((ulong)run + 1, nodes: 16);
            var id = bench.Post(Workbench.Terms(3));
            bench.Reach(bench.Job(id).Round.BeaconHeight);
            // Everything public that a flooder could order its victims by: beacon, addresses, keys.
            var beacon = bench.State.BeaconAt(bench.Job(id).Round.BeaconHeight)!.Value;
            var victims = bench.Nodes.OrderBy(node => new Protocol.ProtocolHash("guess").Add(beacon).Add(node.Address).Finish()).Take(4).Select(node => node.Address).ToHashSet();
            bench.Draw(id);
            hit += bench.Job(id).Round.Executors.Count(seat => victims.Contains(seat.Node));
            drawn += bench.Job(id).Round.Executors.Count;
        }

        var expected = drawn / 4.0;
        Assert.InRange(hit, expected - (5 * Math.Sqrt(expected * 0.75)), expected + (5 * Math.Sqrt(expected * 0.75)));
    }

    [Fact]
    public void Grinding_by_silence_gains_no_committee()
    {
        // A coalition with a third of the stake enters its verifier tickets only where they would give it the quorum; whatever it does, the others fill the seats it leaves.
        var (always, picky) = (0, 0);
        for (var run = 0; run < 300; run++)
        {
            foreach (var withholds in new[] { false, true })
            {
                var bench = new Workbench((ulong)run + 1, nodes: 12);
                var coalition = bench.Nodes.Take(4).Select(node => node.Address).ToHashSet();
                var id = bench.Post(Workbench.Terms(1) with { RedrawsMax = 0 });
                bench.Draw(id, (node, role) => !withholds || role == DrawRole.Executor || !coalition.Contains(node.Address) || run % 2 == 0);
                var round = bench.Job(id).Round;
                var seats = round.Verifiers.Where(seat => coalition.Contains(seat.Node)).Sum(seat => seat.Seats);
                var captured = seats >= round.Quorum ? 1 : 0;
                _ = withholds ? picky += captured : always += captured;
                Assert.Equal(4, round.Verifiers.Sum(seat => seat.Seats));
            }
        }

        Assert.True(picky <= always, $"{picky} captured by withholding, {always} by entering");
    }
}
