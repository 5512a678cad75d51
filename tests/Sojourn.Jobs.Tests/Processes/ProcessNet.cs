using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Devnet.Processes;
using Sojourn.Hosting.JobFiles;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Processes;

/// <summary>A network of real processes with a sealed program and a sealed table, for tests that kill, stop and deceive its parties.</summary>
internal sealed class ProcessNet : IAsyncDisposable
{
    /// <summary>What the job gives: the guard struck out the ward of three.</summary>
    public const string Expected = "group,count,mean,min,max\neast,40,49.5,30,69\nwest,40,50.5,31,70\n";

    private readonly StringBuilder _log = new();

    private ProcessNet(string folder) => Folder = folder;

    public string Folder { get; }

    public ProcessNetwork Net { get; private set; } = null!;

    public DevnetClient Client { get; private set; } = null!;

    public Cid Code { get; private set; } = null!;

    public Cid Data { get; private set; } = null!;

    /// <summary>The last of what the processes wrote.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static string Artifact(params string[] parts) => Path.Combine([Vectors.Checkout, .. parts]);

    public static IReadOnlyList<string> Command => ["dotnet", Artifact("artifacts", "sojourn", "sojourn.dll")];

    public static async Task<ProcessNet> StartAsync(CancellationToken cancel, Func<ProcessNetworkOptions, ProcessNetworkOptions>? change = null)
    {
        var net = new ProcessNet(Directory.CreateTempSubdirectory("sojourn-net-").FullName);
        try
        {
            var options = new ProcessNetworkOptions
            {
                Folder = Path.Combine(net.Folder, "state"),
                Command = Command,
                EnclaveFolder = Artifact("artifacts", "enclave"),
                Nodes = 3,
                Verifiers = 2,
                Height = TimeSpan.FromMilliseconds(50),
                Listener = net.Heard,
            };
            net.Net = await ProcessNetwork.StartAsync(change?.Invoke(options) ?? options, cancel);
            net.Client = await DevnetClient.ConnectAsync(options.Folder, cancel);
            var table = Path.Combine(net.Folder, "patients.csv");
            await File.WriteAllTextAsync(table, Table(), cancel);
            net.Code = Cid.Parse(await net.CliAsync(cancel, "app", "publish", Artifact("guests", "statistics", "group-statistics.wasm")));
            net.Data = Cid.Parse(await net.CliAsync(
                cancel, "data", "publish", table, "--code", net.Code.ToString(), "--guard", Artifact("guests", "guards", "min-group-size.wasm"), "--guard-arg=5"));
            return net;
        }
        catch
        {
            await net.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of the CLI and gives its standard output.</summary>
    public async Task<string> CliAsync(CancellationToken cancel, params string[] arguments)
    {
        var (code, output, error) = await RunAsync(cancel, arguments);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"sojourn {string.Join(' ', arguments)} ended with {code}: {error}");
    }

    public async Task<(int Code, string Output, string Error)> RunAsync(CancellationToken cancel, params string[] arguments)
    {
        using var process = StartCommand(arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var error = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Starts a command of the CLI.</summary>
    public Process StartCommand(params string[] arguments)
    {
        var start = new ProcessStartInfo(Command[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in Command.Skip(1).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["SOJOURN_NETWORK"] = Path.Combine(Folder, "state");
        start.Environment["SOJOURN_ENCLAVE"] = Artifact("artifacts", "enclave");
        return Process.Start(start)!;
    }

    /// <summary>Posts the job.</summary>
    /// <param name="executors">How many executors.</param>
    /// <param name="agreeing">How many equal results.</param>
    /// <param name="cancel">Stops.</param>
    /// <param name="change">Changes the terms.</param>
    /// <param name="data">Other data than the network's own.</param>
    public async Task<Digest> PostAsync(byte executors, byte agreeing, CancellationToken cancel, Func<JobTerms, JobTerms>? change = null, Cid? data = null)
    {
        using var requester = Client.Party("requester");
        var file = JobFile.Parse("job.yaml", JobText(executors, agreeing, data));
        var offers = new List<Digest>();
        foreach (var content in (Cid[])[Code, data ?? Data])
        {
            // All of them where custodians share the key.
            var known = await Client.Ledger.OffersAsync(new OfferQuery(Content: content, Open: false), cancel);
            offers.AddRange(known.Where(offer => offer == known[0] || offer.Terms.Threshold > 0).Select(offer => offer.Id));
        }

        file = file.For([requester.Sealing.Public.Bytes], [.. offers.Order()]);
        using var uploads = Client.Uploads(requester);
        await uploads.PutAsync(Block.Create(Multicodec.DagCbor, file.Spec.Encode()), cancel);
        // Wide windows: this machine may be busy, and parties are started again within them.
        var terms = file.Terms with { Windows = new JobWindows(2, 29, 300, 160, 1000, 300, 20), Audit = 0 };
        var posted = await Client.SubmitAsync(requester, new JobPost(change?.Invoke(terms) ?? terms), cancel);
        Assert.True(posted.Applied, posted.Refusal.ToString());
        return posted.Subject;
    }

    /// <summary>Follows a job to its end; acts on events as they come.</summary>
    public async Task<JobView> FollowAsync(Digest job, Func<LedgerEvent, Task> act, CancellationToken cancel)
    {
        try
        {
            await foreach (var entry in Client.Ledger.EventsAsync(0, cancel))
            {
                if (entry.Event.Job != job)
                {
                    continue;
                }

                await act(entry.Event);
                if (entry.Event.Kind == EventKind.Closed)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the job {job} did not close in time\n{Log}");
        }

        return (await Client.Ledger.JobAsync(job, cancel))!;
    }

    /// <summary>The name of the process behind an account.</summary>
    public string NameOf(Address account) => Names()[account];

    /// <summary>Opens the agreed output as the requester.</summary>
    public async Task<string> OutputAsync(JobView view, CancellationToken cancel)
    {
        using var requester = Client.Party("requester");
        using var uploads = Client.Uploads(requester);
        var (result, reasons) = await new ResultFetcher(Client.Content, uploads).FetchAsync(view, requester.Sealing, cancel);
        Assert.True(result is not null, string.Join("; ", reasons));
        var output = result.Files;
        return Encoding.UTF8.GetString(output["result.csv"]);
    }

    /// <summary>An account's lines for a job, as reasons.</summary>
    public async Task<IReadOnlyList<LineReason>> LinesAsync(Address account, Digest job, CancellationToken cancel) =>
        [.. (await Client.Ledger.ExplainAsync(account, job, 100, cancel)).Select(line => line.Reason)];

    public Address AddressOf(string party)
    {
        using var keys = Client.Party(party);
        return keys.Address;
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Net is not null)
        {
            await Net.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private Dictionary<Address, string> Names()
    {
        var names = new Dictionary<Address, string>();
        foreach (var party in Net.Parties.Where(party => party.Role is ProcessRole.Node or ProcessRole.Verifier))
        {
            using var keys = PartyKeys.LoadOrCreate(Path.Combine(Folder, "state", party.Name, "keys"), party.Name);
            names[keys.Address] = party.Name;
        }

        return names;
    }

    private void Heard(string who, string line)
    {
        lock (_log)
        {
            _log.Append(who).Append(": ").AppendLine(line);
            if (_log.Length > 400_000)
            {
                _log.Remove(0, 200_000);
            }
        }
    }

    public string JobText(byte executors, byte agreeing, Cid? data = null) => string.Create(CultureInfo.InvariantCulture, $$"""
        Name: ages
        Type: batch
        Count: {{executors}}
        Tasks:
          - Name: main
            Engine:
              Type: wasm
              Params:
                EntryModule: {{Code}}
                Parameters: [/in/table, /output/result.csv, ward, age]
            InputSources:
              - Source:
                  Type: ipfs
                  Params:
                    CID: {{data ?? Data}}
                Target: /in/table
            Resources: {Memory: 256MiB}
        Verification: {Agreeing: {{agreeing}}, Verifiers: 4, Redraws: 4}
        Confidentiality: {Level: simulated, Recipients: [requester]}

        """);

    private static string Table()
    {
        var text = new StringBuilder("ward,age,name\n");
        for (var i = 0; i < 80; i++)
        {
            text.Append(i % 2 == 0 ? "east" : "west").Append(',').Append(30 + (i / 2) + (i % 2)).Append(",MARKER-").Append(i).Append("-PLANTED\n");
        }

        for (var i = 0; i < 3; i++)
        {
            text.Append("rare,99,MARKER-RARE-PLANTED\n");
        }

        return text.ToString();
    }
}
