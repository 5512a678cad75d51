using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Hosting.Doctor;
using Sojourn.Node.Enclaves;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>Jobs on a development network: latency, rate, where the processor time goes, and what an idle node takes. In one run of less than two minutes; the large scan is a suite of its own.</summary>
internal sealed class JobsSuite : IBenchSuite
{
    private const int Warm = 10;

    public string Name => "jobs";

    public void Run(BenchReport report)
    {
        Starts(report);
        Latency(report, "no-op job, 1 executor, 1 verifier", nodes: 2, verifiers: 2, executors: 1, seats: 1, jobs: 40, "p50 ≤ 60 ms");
        Latency(report, "no-op job, 3 executors, 4 verifiers, commit–reveal", nodes: 4, verifiers: 4, executors: 3, seats: 4, jobs: 40, "p50 ≤ 250 ms, p99 ≤ 500 ms");
        Rate(report, "sustained, 1 executor", nodes: 3, verifiers: 2, executors: 1, seats: 1, inFlight: 4, "≥ 12 a second");
        Rate(report, "sustained, 3 executors, 4 verifiers", nodes: 4, verifiers: 4, executors: 3, seats: 4, inFlight: 3, "≥ 5 a second");
        IdleRows.Run(report);
    }

    private static void Starts(BenchReport report)
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

    private static void Latency(BenchReport report, string what, int nodes, int verifiers, byte executors, byte seats, int jobs, string bar) => Task.Run(async () =>
    {
        await using var net = await JobNetwork.StartAsync(nodes, verifiers);
        for (var i = 0; i < Warm; i++)
        {
            await net.RunAsync(executors, seats);
        }

        var stages = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        var times = new List<double>();
        var late = 0;
        var before = JobNetwork.Processor();
        for (var i = 0; i < jobs; i++)
        {
            if (await net.RunAsync(executors, seats, stages) is { } time)
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
        times.Sort();
        var shares = string.Join(", ", stages.Select(stage => Text($"{Words(stage.Key)} +{stage.Value.Sum() / times.Count:0.0} ms")));
        report.Add(new BenchRow(
            what, Text($"p50 {times[times.Count / 2]:0} ms, p99 {times[(times.Count * 99) / 100]:0} ms"), "", "", bar,
            Text($"mean of each stage: {shares}; processor time a job: ledger, nodes and client {(after.Own - before.Own) / jobs * 1000:0} ms, enclaves (ended ones) {(after.Children - before.Children) / jobs * 1000:0} ms; {late} of {jobs} gave no result; with those before, {net.Lost}")));
    }).GetAwaiter().GetResult();

    private static void Rate(BenchReport report, string what, int nodes, int verifiers, byte executors, byte seats, int inFlight, string bar) => Task.Run(async () =>
    {
        await using var net = await JobNetwork.StartAsync(nodes, verifiers);
        for (var i = 0; i < Warm; i++)
        {
            await net.RunAsync(executors, seats);
        }

        var before = JobNetwork.Processor();
        var start = Stopwatch.GetTimestamp();
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
            {
                if (await net.RunAsync(executors, seats, null, 10) is not null)
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
