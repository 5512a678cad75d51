using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Sojourn.Hosting.Devnet.Processes;
using Sojourn.Jobs.Tests.Processes;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Jobs.Tests.Faults;

/// <summary>What a network meets besides crashes: a ledger that is away, a gateway that lies, a full disk, a keeper that is away, consent taken back, an operator's hand; and nothing in the plain anywhere.</summary>
[Collection("network")]
public sealed class NetworkFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(3);

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    [Trait("speed", "slow")]
    public async Task A_network_meets_what_networks_meet_and_tells_nothing()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var cancel = limit.Token;
        await using var gateway = await LyingGateway.StartAsync();
        await using var net = await ProcessNet.StartAsync(cancel, options => options with { GatewayBehind = gateway.Address, Listener = Behind(gateway, options) });
        gateway.Behind = net.Net.Gateway;

        await StepAsync("the ledger is away for a while", () => LedgerAwayAsync(net, cancel));
        await StepAsync("a gateway lies for a while", () => GatewayLiesAsync(net, gateway, cancel));
        await StepAsync("a keeper is away until after the admission", () => KeeperAwayAsync(net, cancel));
        await StepAsync("a disk is full", () => DiskFullAsync(net, cancel));
        await StepAsync("a node is asked to end while it runs a job", () => GracefulEndAsync(net, cancel));
        await StepAsync("an operator pauses and resumes", () => PauseAsync(net, cancel));
        await StepAsync("a machine is slow", () => SlowAsync(net, cancel));
        await StepAsync("the requester is killed at every stage", () => RequesterKilledAsync(net, cancel));
        NothingPlain(net, gateway);
        await StepAsync("consent is taken back between admission and release", () => RevokedAsync(net, cancel));
    }

    [ToolFact("artifacts/enclave/sojourn-enclave")]
    public async Task A_node_that_asks_for_whole_isolation_refuses_to_start_without_and_names_what_is_missing()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var net = await ProcessNet.StartAsync(limit.Token, options => options with { Nodes = 1, Verifiers = 0, Keepers = ["data-owner", "app-owner"] });
        var node = Path.Combine(net.Folder, "state", "node-1", "node.yaml");
        await net.Net["node-1"].StopAsync(limit.Token);
        await File.WriteAllTextAsync(node, (await File.ReadAllTextAsync(node, limit.Token)).Replace("best-effort", "required", StringComparison.Ordinal), limit.Token);
        var start = new ProcessStartInfo(ProcessNet.Command[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in ProcessNet.Command.Skip(1).Concat(["node", "run", node]))
        {
            start.ArgumentList.Add(argument);
        }

        // A path without bubblewrap.
        var empty = Directory.CreateDirectory(Path.Combine(net.Folder, "path")).FullName;
        start.FileName = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "dotnet")).First(File.Exists);
        start.Environment["PATH"] = empty;
        start.Environment["SOJOURN_ENCLAVE"] = ProcessNet.Artifact("artifacts", "enclave");
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(6, process.ExitCode);
        Assert.Contains("namespaces", error, StringComparison.Ordinal);
        Assert.Contains("bubblewrap", error, StringComparison.Ordinal);
    }

    private static Action<string, string>? Behind(LyingGateway gateway, ProcessNetworkOptions options)
    {
        // The gateway's own port is known once its file is written: before anything asks for it.
        return (who, line) =>
        {
            var port = Path.Combine(options.Folder, "gateway", "port");
            if (gateway.Behind is null && File.Exists(port))
            {
                gateway.Behind = new Uri($"http://127.0.0.1:{File.ReadAllText(port)}/");
            }

            options.Listener?.Invoke(who, line);
        };
    }

    private async Task StepAsync(string what, Func<Task<string>> step)
    {
        var start = Stopwatch.GetTimestamp();
        var found = await step();
        output.WriteLine(FormattableString.Invariant($"{what}: {found} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s)"));
    }

    private static async Task<string> LedgerAwayAsync(ProcessNet net, CancellationToken cancel)
    {
        var job = await net.PostAsync(3, 2, cancel);
        var view = await net.FollowAsync(job, Once(EventKind.Admitted, async _ =>
        {
            net.Net["ledger"].Freeze();
            await Task.Delay(Away, cancel);
            net.Net["ledger"].Thaw();
        }), cancel);
        await SucceededAsync(net, view, cancel);
        return $"{view.Outcome}";
    }

    private static async Task<string> GatewayLiesAsync(ProcessNet net, LyingGateway gateway, CancellationToken cancel)
    {
        var job = await net.PostAsync(3, 2, cancel);
        var view = await net.FollowAsync(job, Once(EventKind.ExecutorDrawn, drawn =>
        {
            gateway.Lies = true;
            _ = Task.Delay(Away, cancel).ContinueWith(_ => gateway.Lies = false, cancel, TaskContinuationOptions.None, TaskScheduler.Default);
            return Task.CompletedTask;
        }), cancel);
        gateway.Lies = false;
        Assert.True(gateway.Lied > 0, "the gateway was never asked while it lied");
        await SucceededAsync(net, view, cancel);
        return $"{view.Outcome} after {gateway.Lied} lies";
    }

    private static async Task<string> KeeperAwayAsync(ProcessNet net, CancellationToken cancel)
    {
        await net.Net["keeper-data-owner"].KillAsync();
        var job = await net.PostAsync(3, 2, cancel);
        var admitted = 0;
        var view = await net.FollowAsync(job, async e =>
        {
            if (e.Kind == EventKind.Admitted && ++admitted == 3)
            {
                await net.Net["keeper-data-owner"].StartAsync(cancel);
            }
        }, cancel);
        await SucceededAsync(net, view, cancel);
        return $"{view.Outcome}";
    }

    private static async Task<string> DiskFullAsync(ProcessNet net, CancellationToken cancel)
    {
        // What must survive a crash lies on a disk of its own, with room for marks and none for a result.
        var node = net.Net["node-1"];
        await node.StopAsync(cancel);
        var results = Path.Combine(net.Folder, "state", "node-1", "promises");
        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", results]) { RedirectStandardError = true })!;
        await mount.WaitForExitAsync(cancel);
        if (mount.ExitCode != 0)
        {
            await node.StartAsync(cancel);
            return "not tried: this user may not mount a small disk";
        }

        try
        {
            using (var log = PromiseLog.Open(Path.Combine(net.Folder, "state", "node-1")))
            {
                await log.KeepAsync(PromiseKind.Votes, Digest.Of("filler"u8), 0, new byte[4096 - 850]);
            }

            await File.WriteAllBytesAsync(Path.Combine(results, "ballast"), new byte[64 << 10], cancel).ContinueWith(_ => { }, cancel, TaskContinuationOptions.None, TaskScheduler.Default);
            await node.StartAsync(cancel);
            var job = await net.PostAsync(3, 2, cancel);
            var view = await net.FollowAsync(job, _ => Task.CompletedTask, cancel);
            await SucceededAsync(net, view, cancel);
            var seat = view.Rounds.SelectMany(round => round.Executors).First(executor => net.NameOf(executor.Node) == "node-1");
            Assert.Equal(FailReason.Resources, seat.Fail);
            var lines = await net.LinesAsync(seat.Node, job, cancel);
            Assert.DoesNotContain(lines, line => line.ToString().StartsWith("Slashed", StringComparison.Ordinal));
            return $"{view.Outcome}; its node failed by {seat.Fail}: {string.Join(", ", lines)}";
        }
        finally
        {
            await node.StopAsync(CancellationToken.None);
            using var unmount = Process.Start("umount", ["-l", results]);
            await unmount.WaitForExitAsync(CancellationToken.None);
            await node.StartAsync(CancellationToken.None);
        }
    }

    private static async Task<string> GracefulEndAsync(ProcessNet net, CancellationToken cancel)
    {
        Task<int>? ending = null;
        Address? asked = null;
        var job = await net.PostAsync(3, 2, cancel);
        var view = await net.FollowAsync(job, Once(EventKind.Admitted, e =>
        {
            asked = e.Account;
            ending = net.Net[net.NameOf(e.Account)].StopAsync(cancel);
            return Task.CompletedTask;
        }), cancel);
        var name = net.NameOf(asked!.Value);
        Assert.Equal(0, await ending!);
        Assert.Equal(SeatStatus.Revealed, view.Rounds.SelectMany(round => round.Executors).First(executor => executor.Node == asked).Status);
        // While it is away the result is had from another one that agrees.
        await SucceededAsync(net, view, cancel);
        await net.Net[name].StartAsync(cancel);
        return $"{name} finished the job, then ended with 0";
    }

    private static async Task<string> PauseAsync(ProcessNet net, CancellationToken cancel)
    {
        var file = Path.Combine(net.Folder, "state", "node-2", "node.yaml");
        Assert.Equal("paused", await net.CliAsync(cancel, "node", "pause", file));
        // A pause outlives the process.
        await net.Net["node-2"].KillAsync();
        await net.Net["node-2"].StartAsync(cancel);
        var job = await net.PostAsync(1, 1, cancel);
        var view = await net.FollowAsync(job, _ => Task.CompletedTask, cancel);
        await SucceededAsync(net, view, cancel);
        Assert.DoesNotContain(view.Rounds.SelectMany(round => round.Executors), executor => net.NameOf(executor.Node) == "node-2");
        using var status = JsonDocument.Parse(await net.CliAsync(cancel, "node", "status", file, "--output", "json"));
        Assert.Equal("paused", status.RootElement.GetProperty("mode").GetString());
        Assert.Contains(status.RootElement.GetProperty("reasons").EnumerateArray(), reason => reason.GetProperty("words").GetString()!.Contains("the node is paused", StringComparison.Ordinal));
        Assert.InRange(status.RootElement.GetProperty("memoryBytes").GetInt64(), 1, 250L << 20);
        Assert.Equal("taking", await net.CliAsync(cancel, "node", "resume", file));
        return "no job while paused, and it says so";
    }

    // A disk or a processor that others use too: the node gets a third of its time, in pieces.
    private static async Task<string> SlowAsync(ProcessNet net, CancellationToken cancel)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var stutter = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                net.Net["node-1"].Freeze();
                await Task.Delay(200, CancellationToken.None);
                net.Net["node-1"].Thaw();
                await Task.Delay(100, CancellationToken.None);
            }
        }, CancellationToken.None);
        try
        {
            var view = await net.FollowAsync(await net.PostAsync(3, 2, cancel), _ => Task.CompletedTask, cancel);
            Assert.True(view.Outcome == JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
            return $"{view.Outcome}";
        }
        finally
        {
            await enough.CancelAsync();
            await stutter;
        }
    }

    // Whoever asked may be gone: the job goes on, and the result waits for them.
    private static async Task<string> RequesterKilledAsync(ProcessNet net, CancellationToken cancel)
    {
        var file = Path.Combine(net.Folder, "job.yaml");
        await File.WriteAllTextAsync(file, net.JobText(3, 2), cancel);
        foreach (var stage in (EventKind[])[EventKind.JobPosted, EventKind.ExecutorDrawn, EventKind.EvidencePublished, EventKind.Admitted, EventKind.Released, EventKind.Committed, EventKind.Revealed])
        {
            using var requester = net.StartCommand("job", "run", file);
            var job = Digest.Parse((await requester.StandardOutput.ReadLineAsync(cancel))!);
            var view = await net.FollowAsync(job, Once(stage, _ =>
            {
                requester.Kill();
                return Task.CompletedTask;
            }), cancel);
            await requester.WaitForExitAsync(cancel);
            Assert.True(view.Outcome == JobOutcome.Succeeded, $"{stage}: {view.Outcome}\n{net.Log}");
            var to = Path.Combine(net.Folder, "got-" + stage);
            await net.CliAsync(cancel, "job", "get", job.ToString(), "--to", to);
            Assert.Equal(ProcessNet.Expected, await File.ReadAllTextAsync(Path.Combine(to, "output", "result.csv"), cancel));
        }

        return "its results were fetched afterwards";
    }

    private static async Task<string> RevokedAsync(ProcessNet net, CancellationToken cancel)
    {
        var job = await net.PostAsync(3, 2, cancel);
        var keeper = net.Net["keeper-data-owner"];
        keeper.Freeze();
        var view = await net.FollowAsync(job, Once(EventKind.Admitted, async _ =>
        {
            await net.CliAsync(cancel, "data", "revoke", net.Data.ToString());
            keeper.Thaw();
        }), cancel);
        Assert.True(view.Outcome == JobOutcome.KeyDenied, $"{view.Outcome}\n{net.Log}");
        Assert.Contains(view.Rounds.SelectMany(round => round.Executors).SelectMany(executor => executor.Releases), release => release.Denied == DenyReason.Withdrawn);
        Assert.Contains(LineReason.Refunded, await net.LinesAsync(net.AddressOf("requester"), job, cancel));
        foreach (var executor in view.Rounds.SelectMany(round => round.Executors))
        {
            Assert.DoesNotContain(await net.LinesAsync(executor.Node, job, cancel), line => line.ToString().StartsWith("Slashed", StringComparison.Ordinal));
        }

        var log = await net.CliAsync(cancel, "keeper", "log", Path.Combine(net.Folder, "state", "parties", "data-owner", "keeper.yaml"), "--output", "json");
        using var decisions = JsonDocument.Parse(log);
        Assert.Contains(decisions.RootElement.EnumerateArray(), entry => entry.GetProperty("decision").GetString() == "denied" && entry.GetProperty("job").GetString() == job.ToString());
        Assert.Contains(decisions.RootElement.EnumerateArray(), entry => entry.GetProperty("decision").GetString() == "released");
        return $"{view.Outcome}, refunded, and the owner's log says so";
    }

    // Markers of the data, the program and the output, looked for in every file, in every log line, on the wire, and in the swappable memory of every process.
    private static void NothingPlain(ProcessNet net, LyingGateway gateway)
    {
        var program = File.ReadAllBytes(ProcessNet.Artifact("guests", "statistics", "group-statistics.wasm"));
        Assert.True(program.AsSpan().IndexOf("group,count,mean"u8) >= 0, "the program's marker is not in the program");
        var markers = new Dictionary<string, byte[]>
        {
            ["the data"] = Encoding.ASCII.GetBytes("-PLANTED"),
            ["the program"] = Encoding.ASCII.GetBytes("group,count,mean"),
            ["the output"] = Encoding.ASCII.GetBytes("49.5,30,69"),
        };
        var state = Path.Combine(net.Folder, "state");
        foreach (var (what, marker) in markers)
        {
            foreach (var file in Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("lock" or "node.sock")))
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                Assert.True(copy.ToArray().AsSpan().IndexOf(marker) < 0, $"{file} holds plaintext of {what}");
            }

            Assert.True(Encoding.UTF8.GetBytes(net.Log).AsSpan().IndexOf(marker) < 0, $"a log holds plaintext of {what}");
            Assert.True(gateway.Wire.AsSpan().IndexOf(marker) < 0, $"plaintext of {what} went over the wire");
        }

        foreach (var party in net.Net.Parties.Where(party => party.ProcessId != 0))
        {
            var found = ProcessMemory.Find(party.ProcessId, [.. markers.Values]);
            Assert.True(found is null, $"plaintext of {markers.FirstOrDefault(pair => pair.Value == found).Key} is in the memory of {party.Name}");
        }

        Assert.True(gateway.Wire.Length > 10_000, "nothing went over the wire");
    }

    private static async Task SucceededAsync(ProcessNet net, JobView view, CancellationToken cancel)
    {
        Assert.True(view.Outcome == JobOutcome.Succeeded, $"{view.Outcome}\n{net.Log}");
        Assert.Equal(ProcessNet.Expected, await net.OutputAsync(view, cancel));
    }

    private static Func<LedgerEvent, Task> Once(EventKind stage, Func<LedgerEvent, Task> act)
    {
        var done = false;
        return e =>
        {
            if (e.Kind != stage || done)
            {
                return Task.CompletedTask;
            }

            done = true;
            return act(e);
        };
    }
}
