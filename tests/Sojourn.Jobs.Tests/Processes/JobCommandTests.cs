using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol.Guards;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Processes;

/// <summary>The commands of a requester, as a person types them, against a network of processes: verification by checker, review, known answer and another run, and what is told on the way.</summary>
[Collection("network")]
public sealed class JobCommandTests(ITestOutputHelper output)
{
    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task A_requester_verifies_in_every_way_by_command()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        await using var net = await ProcessNet.StartAsync(cancel);
        using var requester = net.Client.Party("requester");
        using var uploads = net.Client.Uploads(requester);
        var publisher = new Publisher(uploads);
        async Task<Cid> PublicAsync(byte[] bytes) => await publisher.FileAsync(new MemoryStream(bytes), cancel);
        var code = await PublicAsync(await File.ReadAllBytesAsync(ProcessNet.Artifact("guests", "statistics", "group-statistics.wasm"), cancel));
        var table = await PublicAsync(Encoding.ASCII.GetBytes("ward,age\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"w{i % 3},{i}\n"))));
        var checker = await PublicAsync(GuardArguments.Embed(await File.ReadAllBytesAsync(ProcessNet.Artifact("guests", "checkers", "column-total.wasm"), cancel), ["/output/result.csv", "count", "/in/table"]));

        // A public job with a checker: run, fetched, and run again from its receipt.
        var first = await RunAsync(net, Job(code, table, $"Checker: {checker}"), cancel);
        Assert.Contains("judged by", first.Told, StringComparison.Ordinal);
        var at = Path.Combine(net.Folder, "first");
        await net.CliAsync(cancel, "job", "get", first.Id, "--to", at);
        string[] verify = ["receipt", "verify", Path.Combine(at, "receipt.cose"), "--key", Path.Combine(at, "receipt.key"), "--re-execute"];
        var (code0, shown, told) = await net.RunAsync(cancel, verify);
        Assert.True(code0 == 0, told);
        Assert.Contains("the same result", told, StringComparison.Ordinal);
        Assert.Contains($"{checker} accepted", shown, StringComparison.Ordinal);
        var answer = Regex.Match(shown, "output: (\\S+)").Groups[1].Value;

        // Another job's post beside the receipt is found out.
        var second = await RunAsync(net, Job(code, table, $"KnownAnswer: {answer}"), cancel);
        Assert.Contains("known beforehand is shown", second.Told, StringComparison.Ordinal);
        var other = Path.Combine(net.Folder, "second");
        await net.CliAsync(cancel, "job", "get", second.Id, "--to", other);
        var (code1, _, refused) = await net.RunAsync(cancel, [.. verify, "--post", Path.Combine(other, "post.cbor")]);
        Assert.NotEqual(0, code1);
        Assert.Contains("OtherJob", refused, StringComparison.Ordinal);

        // A review that rejects; the same job again, which is accepted.
        var third = Digest.Parse(await net.CliAsync(cancel, "job", "run", await FileAsync(net, Job(code, table, "Review: true"), cancel), "--id-only"));
        await ReviewAsync(net, third, cancel, "--reject");
        Assert.Equal("ReviewRejected", await OutcomeAsync(net, third, cancel));
        Assert.Contains("the reviewer rejected", await net.CliAsync(cancel, "job", "describe", third.ToString()), StringComparison.Ordinal);
        var fourth = Digest.Parse(await net.CliAsync(cancel, "job", "retry", third.ToString(), "--id-only"));
        await ReviewAsync(net, fourth, cancel);
        Assert.Equal("Succeeded", await OutcomeAsync(net, fourth, cancel));
        var logs = await net.CliAsync(cancel, "job", "logs", fourth.ToString());
        foreach (var stage in (string[])["escrowed", "elected to execute", "attested", "admitted", "revealed", "results agree", "judged by", "ExecutorPaid", "closed: Succeeded"])
        {
            Assert.Contains(stage, logs, StringComparison.Ordinal);
        }

        Assert.Contains("accepted the evidence", await net.CliAsync(cancel, "job", "logs", fourth.ToString(), "--nodes"), StringComparison.Ordinal);
        output.WriteLine(logs);

        // What cannot be is a usage error before anything is posted.
        var (code2, _, wrong) = await net.RunAsync(cancel, "job", "run", await FileAsync(net, Job(code, table, $"KnownAnswer: {answer}") + "Confidentiality: {Level: simulated, Recipients: [requester]}\n", cancel));
        Assert.Equal(2, code2);
        Assert.NotEmpty(wrong);

        await ProgressAsync(net, await PublicAsync(YieldsForever), table, cancel);

        // Sealed: another run needs the owners' keys, and the receipt's check says so.
        var sealedJob = await RunAsync(net, net.JobText(1, 1), cancel);
        var third2 = Path.Combine(net.Folder, "sealed");
        await net.CliAsync(cancel, "job", "get", sealedJob.Id, "--to", third2);
        var (code3, _, words) = await net.RunAsync(cancel, "receipt", "verify", Path.Combine(third2, "receipt.cose"), "--key", Path.Combine(third2, "receipt.key"), "--re-execute");
        Assert.NotEqual(0, code3);
        Assert.Contains("Sealed", words, StringComparison.Ordinal);
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task Nodes_with_outgoing_connections_alone_do_the_whole_job()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        await using var net = await ProcessNet.StartAsync(cancel, options => options with { Serve = false, Nodes = 2, Verifiers = 2 });
        var view = await net.FollowAsync(await net.PostAsync(1, 1, cancel), _ => Task.CompletedTask, cancel);
        Assert.True(view.Outcome == Protocol.State.JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        foreach (var node in net.Net.Parties.Where(party => party.Role is Hosting.Devnet.Processes.ProcessRole.Node or Hosting.Devnet.Processes.ProcessRole.Verifier))
        {
            Assert.Empty(Listening(node.ProcessId));
        }
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap", "swtpm")]
    [Trait("speed", "slow")]
    public async Task Processes_with_software_TPMs_do_the_whole_job_at_level_tpm()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var cancel = limit.Token;
        await using var net = await ProcessNet.StartAsync(cancel, options => options with { SoftwareTpm = true, Nodes = 2, Verifiers = 2 });
        var view = await net.FollowAsync(await net.PostAsync(1, 1, cancel, terms => terms with { LevelMin = Attestation.TrustLevel.Tpm }), _ => Task.CompletedTask, cancel);
        Assert.True(view.Outcome == Protocol.State.JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
        var nodes = (await net.Client.Ledger.NodesAsync(cancellation: cancel)).Where(node => node.Profile.Executes).ToList();
        Assert.All(nodes, node => Assert.Equal(Attestation.TrustLevel.Tpm, node.Profile.Level));
    }

    // (module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (memory (export "memory") 1) (func (export "_start") (loop (drop (call 0)) (br 0))))
    private static byte[] YieldsForever =>
    [
        0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x60, 0x00, 0x01, 0x7F, 0x60, 0x00, 0x00,
        0x02, 0x26, 0x01, 0x16, .. "wasi_snapshot_preview1"u8, 0x0B, .. "sched_yield"u8, 0x00, 0x00,
        0x03, 0x02, 0x01, 0x01, 0x05, 0x03, 0x01, 0x00, 0x01,
        0x07, 0x13, 0x02, 0x06, .. "memory"u8, 0x02, 0x00, 0x06, .. "_start"u8, 0x00, 0x01,
        0x0A, 0x0C, 0x01, 0x0A, 0x00, 0x03, 0x40, 0x10, 0x00, 0x1A, 0x0C, 0x00, 0x0B, 0x0B,
    ];

    // While a guest runs, its node's gateway tells how much of the fuel is burnt. A machine that was too fast to be asked gets a longer job.
    private static async Task ProgressAsync(ProcessNet net, Cid code, Cid table, CancellationToken cancel)
    {
        using var client = new ProgressClient();
        for (var fuel = 10_000_000_000; ; fuel *= 2)
        {
            var text = Job(code, table, "Review: false").Replace("Fuel: 20000000000", $"Fuel: {fuel}", StringComparison.Ordinal);
            var job = Digest.Parse(await net.CliAsync(cancel, "job", "run", await FileAsync(net, text, cancel), "--id-only"));
            while (await net.Client.Ledger.JobAsync(job, cancel) is { Phase: not Protocol.State.JobPhase.Closed } view)
            {
                if ((await client.AskAsync(net.Client.Ledger, view, cancel)).Contains("% of its fuel", StringComparison.Ordinal))
                {
                    await net.FollowAsync(job, _ => Task.CompletedTask, cancel);
                    return;
                }

                await Task.Delay(50, cancel);
            }
        }
    }

    // Sockets of a process that wait for connections, as the kernel lists them (state 0A).
    private static List<string> Listening(int process)
    {
        var sockets = Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Select(entry => new FileInfo(entry).LinkTarget).OfType<string>()
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1]).ToHashSet();
        return [.. File.ReadLines($"/proc/{process}/net/tcp").Concat(File.ReadLines($"/proc/{process}/net/tcp6")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[3] == "0A" && sockets.Contains(fields[9])).Select(fields => fields[1])];
    }

    private static string Job(Cid code, Cid table, string verification) => $$$"""
        Name: public
        Type: batch
        Count: 1
        Tasks:
          - Name: main
            Engine: {Type: wasm, Params: {EntryModule: {{{code}}}, Parameters: [/in/table, /output/result.csv, ward, age] } }
            InputSources:
              - Source: {Type: ipfs, Params: {CID: {{{table}}} } }
                Target: /in/table
            Resources: {Memory: 256MiB, Fuel: 20000000000}
        Verification: {Verifiers: 4, Redraws: 4, JudgeHeights: 1200, {{{verification}}} }
        Confidentiality: {Level: simulated}

        """;

    private static async Task<string> FileAsync(ProcessNet net, string text, CancellationToken cancel)
    {
        var file = Path.Combine(net.Folder, $"job-{Digest.Of(Encoding.UTF8.GetBytes(text)).ToString()[..8]}.yaml");
        await File.WriteAllTextAsync(file, text, cancel);
        return file;
    }

    // Again where a busy machine let the draw pass.
    private static async Task<(string Id, string Told)> RunAsync(ProcessNet net, string text, CancellationToken cancel)
    {
        var file = await FileAsync(net, text, cancel);
        while (true)
        {
            var (code, id, told) = await net.RunAsync(cancel, "job", "run", file);
            if (code == 0)
            {
                return (id.Trim(), told);
            }

            Assert.True(told.Contains("NoExecutors", StringComparison.Ordinal) || told.Contains("NoResult", StringComparison.Ordinal), $"{told}\n{net.Log}");
        }
    }

    private static async Task ReviewAsync(ProcessNet net, Digest job, CancellationToken cancel, params string[] more)
    {
        await net.FollowAsync(
            job,
            async e =>
            {
                if (e.Kind == Protocol.Reasons.EventKind.Phase && await net.Client.Ledger.JobAsync(job, cancel) is { Phase: Protocol.State.JobPhase.Judging })
                {
                    await net.RunAsync(cancel, ["job", "review", job.ToString(), .. more]);
                }
            }, cancel);
    }

    private static async Task<string> OutcomeAsync(ProcessNet net, Digest job, CancellationToken cancel)
    {
        using var document = JsonDocument.Parse(await net.CliAsync(cancel, "job", "describe", job.ToString(), "--output", "json"));
        return document.RootElement.GetProperty("outcome").GetString()!;
    }
}
