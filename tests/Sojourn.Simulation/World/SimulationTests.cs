using System.Globalization;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Simulation.World;

public sealed class SimulationTests(ITestOutputHelper output)
{
    private static WorldOptions Options(ulong seed)
    {
        var random = new Random((int)(seed % int.MaxValue));
        return new WorldOptions(seed)
        {
            Nodes = random.Next(50) == 0 ? 200 + random.Next(200) : 12 + random.Next(30), Jobs = 1 + random.Next(4), BadPercent = random.Next(51), LossPercent = random.Next(40), DelayMax = random.Next(4),
            SkewMax = random.Next(3), CensorPercent = random.Next(2) * random.Next(101),
        };
    }

    [Fact]
    public void Many_seeds_keep_every_promise()
    {
        for (ulong seed = 1; seed <= 150; seed++)
        {
            new NetworkWorld(Options(seed)).Run();
        }
    }

    [Fact]
    public void A_seed_replays_exactly()
    {
        Assert.Equal(new NetworkWorld(Options(7)).Run().EventDigest, new NetworkWorld(Options(7)).Run().EventDigest);
        Assert.NotEqual(new NetworkWorld(Options(7)).Run().EventDigest, new NetworkWorld(Options(8)).Run().EventDigest);
    }

    [Fact]
    public void One_seed()
    {
        if (ulong.TryParse(Environment.GetEnvironmentVariable("SOJOURN_SIM_SEED"), CultureInfo.InvariantCulture, out var seed))
        {
            new NetworkWorld(Options(seed)).Run();
        }
    }

    [Fact]
    public void A_few_seeds_with_real_signatures_and_proofs()
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            // Everything but the cryptography is the same run: what is drawn differs, what is promised does not.
            new NetworkWorld(Options(seed) with { Real = true, Nodes = 14, Jobs = 2 }).Run();
        }
    }

    [Fact]
    [Trait("long", "simulation-real")]
    public void Campaign_with_real_cryptography()
    {
        if (LongRun.Of("simulation-real") is not { } run)
        {
            return;
        }

        var (seeds, transactions, closed, _) = Many(run, seed =>
        {
            var options = Options(seed);
            return options with { Real = true, Nodes = Math.Min(options.Nodes, 24), Jobs = Math.Min(options.Jobs, 2) };
        });
        LongRun.Record(output, "simulation-real", $"seeds={seeds} jobs={closed} transactions={transactions} failures=0");
    }

    [Fact]
    [Trait("long", "simulation")]
    public void Campaign()
    {
        if (LongRun.Of("simulation") is not { } run)
        {
            return;
        }

        var (seeds, transactions, closed, captured) = Many(run, Options);
        LongRun.Record(output, "simulation", $"seeds={seeds} jobs={closed} transactions={transactions} captured={captured} failures=0");
    }

    // Worlds know nothing of each other: each processor plays its own. A run that breaks a promise names its seed.
    private static (long Seeds, long Transactions, long Closed, long Captured) Many(LongRun run, Func<ulong, WorldOptions> options)
    {
        var (seeds, transactions, closed, captured) = (0L, 0L, 0L, 0L);
        var workers = Environment.ProcessorCount;
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, worker =>
        {
            for (var seed = (run.Seed * 1_000_000) + (ulong)worker; !run.Over; seed += (ulong)workers)
            {
                var report = new NetworkWorld(options(seed)).Run();
                Interlocked.Increment(ref seeds);
                Interlocked.Add(ref transactions, report.Transactions);
                Interlocked.Add(ref closed, report.Closed);
                Interlocked.Add(ref captured, report.Captured);
            }
        });
        return (seeds, transactions, closed, captured);
    }
}
