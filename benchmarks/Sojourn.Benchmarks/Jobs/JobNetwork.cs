using System.Diagnostics;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>A development network in this process, with enclaves in theirs, and one job that does nothing, posted over and over. Ledger and nodes are as durable as ever.</summary>
internal sealed class JobNetwork : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-bench-jobs-").FullName;
    // Each job under way has a requester of its own: two that post at once would take each other's nonce.
    private readonly PartyKeys[] _requesters = [.. Enumerable.Range(0, 8).Select(i => PartyKeys.Generate($"requester-{i}"))];
    private readonly System.Collections.Concurrent.ConcurrentBag<PartyKeys> _free = [];
    private DevNetwork _net = null!;
    private Cid _code = null!;
    private Cid _spec = null!;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _troubles = new();
    private readonly System.Collections.Concurrent.ConcurrentDictionary<JobOutcome, int> _lost = new();
    private long _number;

    public static string Root { get; } = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();

    public static string EnclaveFolder { get; } = Path.Combine(Root, "artifacts", "enclave");

    public static async Task<JobNetwork> StartAsync(int nodes, int verifiers)
    {
        var made = new JobNetwork();
        made._net = await DevNetwork.StartAsync(
            new DevnetOptions { Folder = made._folder, EnclaveFolder = EnclaveFolder, Nodes = nodes, Verifiers = verifiers, Bubblewrap = Examination.FindProgram("bwrap"), Height = TimeSpan.FromMilliseconds(2), Listener = made.Heard },
            made._requesters.ToDictionary(requester => requester.Address, _ => (Amount)1_000_000_000_000UL), default);
        foreach (var requester in made._requesters)
        {
            made._free.Add(requester);
        }

        // (module (memory (export "memory") 1) (func (export "_start")))
        var module = global::Sojourn.Wasm.Text.Wat.ToBinary("""(module (memory (export "memory") 1) (func (export "_start")))""");
        made._code = await new Publisher(made._net.Gateway.Store).FileAsync(new MemoryStream(module), default);
        var spec = new JobSpec { Name = "nothing", Recipients = [made._requesters[0].Sealing.Public.Bytes] };
        made._spec = spec.Cid;
        await made._net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), default);
        await made._net.ServeAsync([], default);
        return made;
    }

    /// <summary>Jobs that gave no result, and why, in words.</summary>
    public string Lost => _lost.IsEmpty ? "none without a result" : "without a result: " + string.Join(", ", _lost.Select(pair => $"{pair.Value} {pair.Key}"));

    /// <summary>Posts one job and waits for its result.</summary>
    /// <param name="executors">How many run it; with more than one they commit first.</param>
    /// <param name="verifiers">Seats that vote on each executor's evidence.</param>
    /// <param name="stages">Where the milliseconds of each stage are added.</param>
    /// <param name="ticketHeights">How many heights of 2 ms the ticket window has.</param>
    /// <returns>Milliseconds from posting to the agreed result; null where there was none.</returns>
    public async Task<double?> RunAsync(byte executors, byte verifiers, Dictionary<string, List<double>>? stages = null, uint ticketHeights = 8)
    {
        if (!_free.TryTake(out var requester))
        {
            throw new InvalidOperationException($"more than {_requesters.Length} jobs are under way at once");
        }

        try
        {
            return await RunAsync(requester, executors, verifiers, stages, ticketHeights);
        }
        finally
        {
            _free.Add(requester);
        }
    }

    private async Task<double?> RunAsync(PartyKeys requester, byte executors, byte verifiers, Dictionary<string, List<double>>? stages, uint ticketHeights)
    {
        var head = await _net.Ledger.HeadAsync(default);
        var start = Stopwatch.GetTimestamp();
        var posted = await _net.SubmitAsync(requester, new JobPost(new JobTerms
        {
            Spec = _spec,
            Code = _code,
            Executors = executors,
            Agreeing = executors,
            Verifiers = verifiers,
            LevelMin = TrustLevel.Simulated,
            // A draw that came too late is a job lost, and said; a second, smaller one would only hide it.
            RedrawsMax = 0,
            ExecutorPay = 10,
            VerifierPay = 1,
            AnswerCommitment = new Digest(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(Interlocked.Increment(ref _number)))),
            Windows = new JobWindows(1, ticketHeights, 5000, 2500, 10_000, 2500, 1),
        }), default);
        var last = 0.0;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var entry in _net.Ledger.EventsAsync(head.Events, limit.Token))
        {
            if (entry.Event.Job != posted.Subject)
            {
                continue;
            }

            var now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (stages is not null && entry.Event.Kind is EventKind.ExecutorDrawn or EventKind.EvidencePublished or EventKind.Admitted or EventKind.Committed or EventKind.Revealed or EventKind.Agreed or EventKind.JobPosted)
            {
                var name = entry.Event.Kind.ToString();
                if (!stages!.TryGetValue(name, out var list))
                {
                    stages[name] = list = [];
                }

                list.Add(now - last);
                last = now;
            }

            if (entry.Event.Kind == EventKind.Closed)
            {
                var outcome = (JobOutcome)entry.Event.Number;
                if (outcome == JobOutcome.Succeeded)
                {
                    return now;
                }

                _lost.AddOrUpdate(outcome, 1, (_, count) => count + 1);
                if (outcome != JobOutcome.NoExecutors)
                {
                    Console.Error.WriteLine($"a job ended as {outcome}: {string.Join("; ", _troubles)}");
                }

                return null;
            }
        }

        throw new TimeoutException("a job did not end");
    }

    /// <summary>Processor seconds of this process and of ended children (enclaves), from the kernel.</summary>
    public static (double Own, double Children) Processor()
    {
        var fields = File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ');
        double Ticks(int i) => long.Parse(fields[i], CultureInfo.InvariantCulture) / 100.0;
        return (Ticks(11) + Ticks(12), Ticks(13) + Ticks(14));
    }

    private void Heard(string who, Node.Journal.JournalEntry entry)
    {
        if (entry.Level == Node.Journal.JournalLevel.Trouble || (entry.Level == Node.Journal.JournalLevel.Reason && !entry.Words.StartsWith("not eligible", StringComparison.Ordinal)))
        {
            _troubles.Enqueue($"{who}: {entry.Words}");
            while (_troubles.Count > 20 && _troubles.TryDequeue(out _))
            {
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _net.DisposeAsync();
        foreach (var requester in _requesters)
        {
            requester.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
