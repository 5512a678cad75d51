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
        LifeCycles(report, onChallenge: false, 60);
        LifeCycles(report, onChallenge: true, 200);
        MillionJobs(report);
        Selection(report);
    }

    private const int Submitters = 256;
    private const int WarmUps = 3;
    private const int Rounds = 7;

    private static void LifeCycles(BenchReport report, bool onChallenge, double jobsPerSecond)
    {
        using var work = new RecordedWorkload(onChallenge);
        work.RecordAsync(waves: 1, jobsPerWave: 480).GetAwaiter().GetResult();
        var latencies = new List<double>();
        var own = new List<double>();
        var bare = new List<double>();
        var processor = new List<double>();
        for (var round = 0; round < WarmUps + Rounds; round++)
        {
            var (one, used) = PlayAsync(work, round < WarmUps ? [] : latencies, null).GetAwaiter().GetResult();
            var before = Processor();
            var other = BareChecks(work, onChallenge);
            var after = Processor();
            if (round >= WarmUps)
            {
                own.Add(one);
                bare.Add(other);
                processor.Add(used / (after - before));
            }
        }

        var perJob = work.All.Count() / (double)work.Jobs;
        var paced = new List<double>();
        _ = PlayAsync(work, paced, jobsPerSecond * perJob).GetAwaiter().GetResult();
        var how = onChallenge ? "VRF proofs on challenge" : "every VRF proof checked";
        var rate = work.Jobs / BenchReport.Median(own);
        var ratio = BenchReport.Median([.. own.Zip(bare, (a, b) => a / b)]);
        report.Add(new BenchRow($"life cycles, {how}", BenchReport.Format(rate, "jobs/s"), "", "", $"≥ {jobsPerSecond:0}/s", $"3 executors, 4 verifiers, {perJob:0.#} signed transactions a job, P-256 accounts, durable, all in one process, {Submitters} submitters at once"));
        report.Add(new BenchRow($"against the bare checks, {how}", BenchReport.Format(BenchReport.Median(own), "s"), $"signatures and proofs alone {BenchReport.Format(BenchReport.Median(bare), "s")}", ratio.ToString("0.00", CultureInfo.InvariantCulture), "≤ 1.25", "both on all processors; " + BenchReport.Format(BenchReport.Median(processor), "times the processor time")));
        report.Add(new BenchRow($"latency of an acknowledged transaction, p99, {how}", BenchReport.Format(Percentile(paced), "ms"), "", "", "≤ 25 ms", $"{jobsPerSecond:0} jobs/s offered, counted from when each transaction was due; at the full rate with {Submitters} submitters {BenchReport.Format(Percentile(latencies), "ms")}"));
    }

    private static double Percentile(List<double> latencies)
    {
        latencies.Sort();
        return latencies[(int)(latencies.Count * 0.99)];
    }

    private static double Processor() => Environment.CpuUsage.TotalTime.TotalSeconds;

    // Plays every stage against a fresh ledger: as fast as the submitters can, or at an offered rate.
    private static async Task<(double Seconds, double Processor)> PlayAsync(RecordedWorkload work, List<double> latencies, double? perSecond)
    {
        await using var ledger = work.Fresh();
        var measured = new ConcurrentBag<double>();
        async Task Submit(SignedTransaction transaction, long due)
        {
            var result = await ledger.SubmitAsync(transaction);
            measured.Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
            if (!result.Applied)
            {
                throw new InvalidOperationException($"{transaction.Body.Kind}: {result.Refusal}");
            }
        }

        var used = Processor();
        var start = Stopwatch.GetTimestamp();
        foreach (var stage in work.Stages)
        {
            // Posts of one account keep their order, so each requester hands its own in; everything else comes from many at once.
            if (stage.Count > 0 && stage[0].Body is JobPost)
            {
                await Task.WhenAll(stage.GroupBy(transaction => transaction.Sender).Select(posts => Task.Run(() => Task.WhenAll(posts.Select(transaction => ledger.SubmitAsync(transaction).AsTask())))));
            }
            else if (perSecond is { } rate)
            {
                var begun = Stopwatch.GetTimestamp();
                var sent = new List<Task>();
                while (sent.Count < stage.Count)
                {
                    for (var due = (int)Math.Min(stage.Count, Stopwatch.GetElapsedTime(begun).TotalSeconds * rate); sent.Count < due;)
                    {
                        var transaction = stage[sent.Count];
                        var at = begun + (long)(sent.Count / rate * Stopwatch.Frequency);
                        sent.Add(Task.Run(() => Submit(transaction, at)));
                    }

                    await Task.Delay(1);
                }

                await Task.WhenAll(sent);
            }
            else
            {
                await Parallel.ForEachAsync(stage, new ParallelOptions { MaxDegreeOfParallelism = Submitters }, async (transaction, _) => await Submit(transaction, Stopwatch.GetTimestamp()));
            }

            await ledger.AdvanceAsync();
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        used = Processor() - used;
        latencies.AddRange(measured);
        return (seconds, used);
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
