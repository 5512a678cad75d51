using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Benchmarks.Ledger;

/// <summary>The embedded ledger under whole lives of jobs; the state with a million of them; the draw.</summary>
public sealed class LedgerSuite : IBenchSuite
{
    /// <inheritdoc/>
    public string Name => "ledger";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        LifeCycles(report, onChallenge: false, "≥ 60/s");
        LifeCycles(report, onChallenge: true, "≥ 200/s");
        MillionJobs(report);
        Selection(report);
    }

    private static void LifeCycles(BenchReport report, bool onChallenge, string bar)
    {
        using var work = new RecordedWorkload(onChallenge);
        work.RecordAsync(waves: 1, jobsPerWave: 240).GetAwaiter().GetResult();
        var latencies = new List<double>();
        var own = new List<double>();
        var bare = new List<double>();
        var processor = new List<double>();
        for (var round = 0; round < 4; round++)
        {
            var before = Processor();
            var one = PlayAsync(work, latencies, counted: round > 0).GetAwaiter().GetResult();
            var between = Processor();
            var other = BareChecks(work, onChallenge);
            var after = Processor();
            if (round > 0)
            {
                own.Add(one);
                bare.Add(other);
                processor.Add((between - before) / (after - between));
            }
        }

        var how = onChallenge ? "VRF proofs on challenge" : "every VRF proof checked";
        var rate = work.Jobs / BenchReport.Median(own);
        var ratio = BenchReport.Median([.. own.Zip(bare, (a, b) => a / b)]);
        latencies.Sort();
        var p99 = latencies[(int)(latencies.Count * 0.99)];
        report.Add(new BenchRow($"life cycles, {how}", BenchReport.Format(rate, "jobs/s"), "", "", bar, $"3 executors, 4 verifiers, {work.All.Count() / (double)work.Jobs:0.#} signed transactions a job, P-256 accounts, durable, all in one process"));
        report.Add(new BenchRow($"against the bare checks, {how}", BenchReport.Format(BenchReport.Median(own), "s"), $"signatures and proofs alone {BenchReport.Format(BenchReport.Median(bare), "s")}", ratio.ToString("0.00", CultureInfo.InvariantCulture), "≤ 1.25", "both on all processors; " + BenchReport.Format(BenchReport.Median(processor), "times the processor time")));
        report.Add(new BenchRow($"latency of an acknowledged transaction, p99, {how}", BenchReport.Format(p99, "ms"), "", "", "≤ 25 ms", "64 submitters at once, each waits for its answer"));
    }

    private static double Processor() => Environment.CpuUsage.TotalTime.TotalSeconds;

    private static async Task<double> PlayAsync(RecordedWorkload work, List<double> latencies, bool counted)
    {
        await using var ledger = work.Fresh();
        var measured = new ConcurrentBag<double>();
        var start = Stopwatch.GetTimestamp();
        foreach (var stage in work.Stages)
        {
            // Posts of one account keep their order, so one thread hands them in; everything else comes from many at once.
            if (stage.Count > 0 && stage[0].Body is JobPost)
            {
                await Task.WhenAll(stage.ConvertAll(transaction => ledger.SubmitAsync(transaction).AsTask()));
            }
            else
            {
                await Parallel.ForEachAsync(stage, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (transaction, cancellation) =>
                {
                    var begun = Stopwatch.GetTimestamp();
                    var result = await ledger.SubmitAsync(transaction, cancellation);
                    measured.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                    if (!result.Applied)
                    {
                        throw new InvalidOperationException($"{transaction.Body.Kind}: {result.Refusal}");
                    }
                });
            }

            await ledger.AdvanceAsync();
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (counted)
        {
            latencies.AddRange(measured);
        }

        return seconds;
    }

    private static double BareChecks(RecordedWorkload work, bool onChallenge)
    {
        var signatures = new AccountSignatures();
        var vrf = new EcVrf();
        var genesis = Protocol.Genesis.GenesisCodec.DigestOf(work.Genesis);
        var keys = work.All.Where(transaction => transaction.Body is NodeRegister).ToDictionary(transaction => transaction.Sender, transaction => ((NodeRegister)transaction.Body).Profile.VrfKey);
        var receipts = work.All.Where(transaction => transaction.Body is EvidencePublish).GroupBy(transaction => transaction.Sender).ToDictionary(group => group.Key, group => ((EvidencePublish)group.First().Body).ReceiptKey);
        var start = Stopwatch.GetTimestamp();
        Parallel.ForEach(work.All, transaction =>
        {
            _ = VerifiedTransaction.TryVerify(transaction, genesis, signatures, out _);
            switch (transaction.Body)
            {
                case Ticket ticket when !onChallenge:
                    // The input differs, the work does not: a wrong proof is found after the same arithmetic.
                    _ = vrf.Verify(keys[transaction.Sender].Span, ticket.Job, ticket.Proof.Span, out _);
                    break;
                case ResultReveal reveal:
                    _ = signatures.VerifyEnclave(receipts[transaction.Sender].Span, Identifiers.Statement(reveal.Job, 0, transaction.Sender, reveal.Statement), reveal.EnclaveSignature.Span);
                    break;
                default:
                    break;
            }
        });
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Fill(LedgerState state, int count)
    {
        for (var i = 0; i < count; i++)
        {
            state.ClosedJobs.Add(new ClosedJob(new ProtocolHash("bench").Add((ulong)i).Finish(), default, JobOutcome.Succeeded, 1, default, default, 1));
        }
    }

    private static void MillionJobs(BenchReport report)
    {
        var few = new Workbench(nodes: 10);
        Fill(few.State, 1000);
        var many = new Workbench(nodes: 10);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Fill(many.State, 1_000_000);
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        report.Add(new BenchRow("memory of 1 million finished jobs", BenchReport.Format(memory / 1048576.0, "MiB"), "", "", "≤ 500 MiB", "managed heap"));

        var path = Path.GetTempFileName();
        try
        {
            using (var stream = File.Create(path))
            {
                many.State.WriteSnapshot(stream);
            }

            report.Compare("opening the state of 1 million finished jobs", "s", 3, "≤ 2 s", "snapshot in the page cache, hash checked", Contestant.Timed("ours", () =>
            {
                using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
                _ = LedgerState.TryReadSnapshot(many.State.Genesis, stream) ?? throw new InvalidOperationException("The snapshot is damaged.");
            }));
        }
        finally
        {
            File.Delete(path);
        }

        report.Compare("life cycles with 10^6 finished jobs against 10^3", "s", 3, "≤ 1.1: flat", "40 jobs, ideal signatures: the state machine alone", Contestant.Timed("10^6", () => Live(many)), Contestant.Timed("10^3", () => Live(few)));
    }

    private static void Live(Workbench bench)
    {
        for (var i = 0; i < 40; i++)
        {
            var id = bench.Post(Workbench.Terms(3));
            bench.Draw(id);
            bench.Attest(id);
            bench.Run(id);
            bench.Open(id, 0);
            bench.Context.Events.Clear();
            bench.Context.Closed.Clear();
        }
    }

    private static void Selection(BenchReport report)
    {
        var output = Digest.Of([1, 2, 3]);
        report.Compare("the lowest 21 of 10^6 staked units", "ms", 5, "≤ 50 ms", "one node that holds them all", new Contestant("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            _ = UnitDraw.Best(output, 1_000_000, 21);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }));
    }
}
