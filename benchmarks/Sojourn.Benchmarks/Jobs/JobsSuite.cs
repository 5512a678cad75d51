using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Hosting.Doctor;
using Sojourn.Node.Enclaves;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>The latency of one job at a time on a development network, by stages; and an enclave's start.</summary>
internal sealed class JobLatencySuite : IBenchSuite
{
    public string Name => "jobs-latency";

    public void Run(BenchReport report)
    {
        JobsSuite.Starts(report);
        JobsSuite.Latency(report, "no-op job, 1 executor, 1 verifier", nodes: 2, verifiers: 2, executors: 1, seats: 1, jobs: 40, ticketHeights: 10, "p50 ≤ 60 ms");
        JobsSuite.Latency(report, "no-op job, 3 executors, 4 verifiers, commit–reveal", nodes: 4, verifiers: 4, executors: 3, seats: 4, jobs: 40, ticketHeights: 30, "p50 ≤ 250 ms, p99 ≤ 500 ms");
    }
}

/// <summary>How many jobs a second a development network bears, and where the processor time goes.</summary>
internal sealed class JobRateSuite : IBenchSuite
{
    public string Name => "jobs-rate";

    public void Run(BenchReport report)
    {
        JobsSuite.Rate(report, "sustained, 1 executor", nodes: 3, verifiers: 2, executors: 1, seats: 1, inFlight: 4, ticketHeights: 30, "≥ 12 a second");
        JobsSuite.Rate(report, "sustained, 3 executors, 4 verifiers", nodes: 4, verifiers: 4, executors: 3, seats: 4, inFlight: 3, ticketHeights: 30, "≥ 5 a second");
    }
}

/// <summary>What a node takes that has nothing to do.</summary>
internal sealed class JobIdleSuite : IBenchSuite
{
    public string Name => "jobs-idle";

    public void Run(BenchReport report) => IdleRows.Run(report);
}

/// <summary>Jobs on a development network. Three suites, each of less than a minute; the large scan is one of its own.</summary>
internal static class JobsSuite
{
    private const int Warm = 10;

    public static void Starts(BenchReport report)
    {
        var image = EnclaveImage.Measure(JobNetwork.EnclaveFolder);
        foreach (var (name, sandbox) in new[] { ("under bubblewrap", EnclaveSandbox.Bubblewrap), ("bare", EnclaveSandbox.None) })
        {
            var times = new List<double>();
            var before = JobNetwork.Processor().Children;
            for (var i = 0; i < 8; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var process = EnclaveProcess.Start(image, sandbox, Examination.FindProgram("bwrap"));
                var frame = process.Channel.ReceiveAsync(default).AsTask().GetAwaiter().GetResult();
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                if (frame.Type != MessageType.Ready)
                {
                    throw new InvalidOperationException("the enclave did not say that it is ready");
                }

                process.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }

            var cpu = (JobNetwork.Processor().Children - before) / times.Count * 1000;
            report.Add(new BenchRow($"an enclave's start, {name}", BenchReport.Format(BenchReport.Median(times), "ms"), "", "", "", Text($"{cpu:0} ms of processor time each, with what it rehearses until it was ended")));
        }
    }

    public static void Latency(BenchReport report, string what, int nodes, int verifiers, byte executors, byte seats, int jobs, uint ticketHeights, string bar) => Task.Run(async () =>
    {
        await using var net = await JobNetwork.StartAsync(nodes, verifiers);
        for (var i = 0; i < Warm; i++)
        {
            await net.RunAsync(executors, seats, null, ticketHeights);
        }

        var stages = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var times = new List<double>();
        var late = 0;
        var before = JobNetwork.Processor();
        for (var i = 0; i < jobs; i++)
        {
            if (await net.RunAsync(executors, seats, stages, ticketHeights) is { } time)
            {
                times.Add(time);
            }
            else
            {
                late++;
            }

            // Somebody who waits for an answer asks the next question later: the pool is full again.
            await Task.Delay(200);
        }

        var after = JobNetwork.Processor();
        if (times.Count == 0)
        {
            throw new InvalidOperationException($"no job gave a result: {net.Lost}");
        }

        times.Sort();
        // Of all jobs that came so far.
        var shares = string.Join(", ", stages.Select(stage => Text($"{Words(stage.Key)} +{stage.Value.Average():0.0} ms")));
        report.Add(new BenchRow(
            what, Text($"p50 {times[times.Count / 2]:0} ms, p99 {times[(times.Count * 99) / 100]:0} ms"), "", "", bar,
            Text($"mean of each stage: {shares}; processor time a job: ledger, nodes and client {(after.Own - before.Own) / jobs * 1000:0} ms, enclaves (ended ones) {(after.Children - before.Children) / jobs * 1000:0} ms; tickets for {ticketHeights * 2} ms; {late} of {jobs} gave no result; with those before, {net.Lost}")));
    }).GetAwaiter().GetResult();

    public static void Rate(BenchReport report, string what, int nodes, int verifiers, byte executors, byte seats, int inFlight, uint ticketHeights, string bar) => Task.Run(async () =>
    {
        await using var net = await JobNetwork.StartAsync(nodes, verifiers);
        for (var i = 0; i < Warm; i++)
        {
            await net.RunAsync(executors, seats, null, ticketHeights);
        }

        var before = JobNetwork.Processor();
        var start = Stopwatch.GetTimestamp();
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
            {
                if (await net.RunAsync(executors, seats, null, ticketHeights) is not null)
                {
                    Interlocked.Increment(ref done);
                }

            }
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var after = JobNetwork.Processor();
        report.Add(new BenchRow(
            what, Text($"{done / seconds:0.0} jobs/s"), "", "", bar,
            Text($"processor time a job: ledger, nodes and client {(after.Own - before.Own) / done * 1000:0} ms, enclaves {(after.Children - before.Children) / done * 1000:0} ms; {inFlight} under way at once; {net.Lost}; {Environment.WorkingSet >> 20} MiB for all nodes, ledger and client together")));
    }).GetAwaiter().GetResult();

    private static string Words(string stage) => stage switch
    {
        "JobPosted" => "posted",
        "ExecutorDrawn" => "drawn",
        "EvidencePublished" => "attested",
        "Admitted" => "admitted",
        "Committed" => "ran and committed",
        "Revealed" => "revealed",
        _ => "agreed",
    };

    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
