using Sojourn.Primitives;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Terms;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests;

/// <summary>The draw is fair, and nothing a node does improves its odds.</summary>
public sealed class SortitionTests(Xunit.Abstractions.ITestOutputHelper record)
{
    private static Digest Output(ulong seed, int node) => new ProtocolHash("test vrf").Add(seed).Add((ulong)node).Finish();

    // Who wins the first seat, where each node has so many units.
    private static int Winner(ulong seed, ReadOnlySpan<uint> units)
    {
        var best = ulong.MaxValue;
        var winner = -1;
        for (var node = 0; node < units.Length; node++)
        {
            var output = Output(seed, node);
            for (uint unit = 0; unit < units[node]; unit++)
            {
                var value = UnitDraw.Value(output, unit);
                if (value < best)
                {
                    (best, winner) = (value, node);
                }
            }
        }

        return winner;
    }

    // Wilson–Hilferty: the chi-squared value that chance passes once in a million.
    private static double Critical(int degrees)
    {
        const double z = 4.753;
        var h = 2.0 / (9 * degrees);
        return degrees * Math.Pow(1 - h + (z * Math.Sqrt(h)), 3);
    }

    private static double ChiSquared(ReadOnlySpan<long> counts, ReadOnlySpan<uint> weights, long draws)
    {
        var total = 0u;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var sum = 0.0;
        for (var i = 0; i < counts.Length; i++)
        {
            var expected = (double)draws * weights[i] / total;
            sum += (counts[i] - expected) * (counts[i] - expected) / expected;
        }

        return sum;
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(1_000_000)]
    [Trait("long", "fairness")]
    public void Wins_follow_stake(int draws)
    {
        var run = Sojourn.Testing.LongRun.Of("fairness");
        if (draws > 20_000 && run is null)
        {
            return;
        }

        var from = draws > 20_000 ? run!.Seed * 100_000_000 : 0;
        uint[] units = [1, 2, 3, 4, 5, 1, 17, 33];
        var counts = new long[units.Length];
        for (var i = 0; i < draws; i++)
        {
            counts[Winner(from + (ulong)i, units)]++;
        }

        var chi = ChiSquared(counts, units, draws);
        Assert.True(chi < Critical(units.Length - 1), string.Join(' ', counts));
        if (draws > 20_000)
        {
            Sojourn.Testing.LongRun.Record(record, "fairness", System.FormattableString.Invariant($"draws={draws} nodes={units.Length} chiSquared={chi:0.00} degrees={units.Length - 1} bound={Critical(units.Length - 1):0.0}"));
        }
    }

    [Fact]
    public void Splitting_stake_over_nodes_changes_nothing()
    {
        const int Draws = 20_000;
        uint[] joined = [4, 4, 4, 4];
        uint[] split = [1, 1, 1, 1, 4, 4, 4];
        long one = 0, many = 0;
        for (var i = 0; i < Draws; i++)
        {
            one += Winner((ulong)i, joined) == 0 ? 1 : 0;
            many += Winner((ulong)i + 1_000_000, split) < 4 ? 1 : 0;
        }

        Assert.True(ChiSquared([one, Draws - one], [1, 3], Draws) < Critical(1), $"{one}");
        Assert.True(ChiSquared([many, Draws - many], [1, 3], Draws) < Critical(1), $"{many}");
    }

    [Fact]
    public void The_moment_of_a_ticket_changes_nothing()
    {
        var orders = new List<string>();
        foreach (var reversed in new[] { false, true })
        {
            var bench = new Workbench(nodes: 12);
            var id = bench.Post(Workbench.Terms(3));
            if (reversed)
            {
                bench.Nodes.Reverse();
            }

            bench.Draw(id);
            orders.Add(string.Join(' ', bench.Job(id).Round.Executors.Select(seat => seat.Node)) + "|" + string.Join(' ', bench.Job(id).Round.Verifiers.Select(seat => $"{seat.Node}:{seat.Seats}")));
        }

        Assert.Equal(orders[0], orders[1]);
    }

    [Fact]
    public void The_best_units_are_the_lowest()
    {
        var output = Output(1, 1);
        var all = Enumerable.Range(0, 1003).OrderBy(unit => UnitDraw.Value(output, (uint)unit)).Take(7).Select(unit => (uint)unit).Order();
        Assert.Equal(all, UnitDraw.Best(output, 1003, 7));
        Assert.Equal([0u, 1u, 2u], UnitDraw.Best(output, 3, 7));
    }

    [Theory]
    [InlineData(5, 4)]
    [InlineData(20, 4)]
    [InlineData(33, 4)]
    [InlineData(33, 21)]
    [InlineData(50, 21)]
    public void Odds_agree_with_monte_carlo(int percent, int seats)
    {
        const int Draws = 40_000;
        const int Units = 200;
        var coalition = Units * percent / 100;
        var random = new Random(percent * 100 + seats);
        var captured = 0;
        var blocked = 0;
        for (var i = 0; i < Draws; i++)
        {
            // Units draw alike: a committee is a draw without replacement.
            var left = Units;
            var bad = coalition;
            var held = 0;
            for (var seat = 0; seat < seats; seat++, left--)
            {
                if (random.Next(left) < bad)
                {
                    bad--;
                    held++;
                }
            }

            captured += held >= (2 * seats / 3) + 1 ? 1 : 0;
            blocked += seats - held < (2 * seats / 3) + 1 ? 1 : 0;
        }

        foreach (var (exact, found) in new[] { (CommitteeOdds.Capture(Units, (ulong)coalition, seats), captured), (CommitteeOdds.Block(Units, (ulong)coalition, seats), blocked) })
        {
            var deviation = Math.Sqrt(Draws * exact * (1 - exact)) + 1;
            Assert.InRange(found, (Draws * exact) - (5 * deviation), (Draws * exact) + (5 * deviation));
        }
    }

    [Fact]
    public void A_node_cannot_choose_its_key_after_the_beacon()
    {
        // The ticket's input names neither key nor time: only job, round, role and beacon.
        var a = Identifiers.TicketAlpha(Workbench.Hash("g"), Workbench.Hash("j"), DrawRole.Executor, 0, Workbench.Hash("b"));
        Assert.NotEqual(a, Identifiers.TicketAlpha(Workbench.Hash("g"), Workbench.Hash("j"), DrawRole.Verifier, 0, Workbench.Hash("b")));
        Assert.NotEqual(a, Identifiers.TicketAlpha(Workbench.Hash("g"), Workbench.Hash("j"), DrawRole.Executor, 1, Workbench.Hash("b")));
        Assert.NotEqual(a, Identifiers.TicketAlpha(Workbench.Hash("g"), Workbench.Hash("j"), DrawRole.Executor, 0, Workbench.Hash("c")));
    }
}
