using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;

namespace Sojourn.Cli.Devnet;

/// <summary><c>sojourn devnet up|down|status</c>: a whole network on one machine.</summary>
internal static class DevnetCommands
{
    private static readonly string[] Parties = ["data-owner", "app-owner", "requester"];

    /// <summary>The folder option, the same on every command that talks to a development network.</summary>
    public static Option<DirectoryInfo?> FolderOption() => new("--network") { Description = "The development network's folder (default: devnet in the state folder, or SOJOURN_NETWORK)." };

    /// <summary>The folder asked for.</summary>
    public static string FolderOf(DirectoryInfo? given) =>
        given?.FullName ?? (Environment.GetEnvironmentVariable("SOJOURN_NETWORK") is { Length: > 0 } named ? named : Path.Combine(Places.StateFolder, "devnet"));

    /// <summary>The noun.</summary>
    public static Command Create() => new("devnet", "A whole network on this machine: ledger, nodes, keepers, gateway.") { Up(), Down(), Status() };

    private static Command Up()
    {
        var folder = FolderOption();
        var nodes = new Option<int>("--nodes") { Description = "Nodes that hold data and execute.", DefaultValueFactory = _ => 3 };
        var verifiers = new Option<int>("--verifiers") { Description = "Further nodes that only verify.", DefaultValueFactory = _ => 4 };
        var tpm = new Option<bool>("--tpm") { Description = "Give every executing node a software TPM (swtpm) of its own; evidence is then of level tpm, on a development root." };
        var processes = new Option<bool>("--processes") { Description = "Every party as a process of its own, as on a real network; one that dies is started again." };
        var outgoing = new Option<bool>("--outgoing-only") { Description = "With --processes: nodes serve nothing and need outgoing connections alone." };
        var more = new Option<string[]>("--party") { Description = "A further party with an account and a keeper, such as a custodian or a member of a pool; repeat for each.", HelpName = "NAME" };
        var ledger = Chain.ChainOptions.DevelopmentLedger();
        var command = new Command("up", "Start the network and keep it up until Ctrl+C.") { folder, nodes, verifiers, more, tpm, processes, outgoing, ledger };
        command.SetRun(async run =>
        {
            var further = (run.Get(more) ?? []).Distinct(StringComparer.Ordinal).Except(Parties).ToList();
            if (further.Find(name => name.Length > 40 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || !char.IsAsciiLetterOrDigit(name.FirstOrDefault())) is { } bad)
            {
                throw new CliException(ExitCode.Usage, $"'{bad}' is no name for a party: lower-case letters, digits and hyphens, at most 40, beginning with a letter or digit", "Such as: --party notary");
            }

            var at = FolderOf(run.Get(folder));
            if (DevnetFile.Read(at) is { } other && IsAlive(other.ProcessId))
            {
                throw new CliException(ExitCode.Refused, $"a network is up already in {at} (process {other.ProcessId}).", "sojourn devnet down ends it.");
            }

            if (run.Get(nodes) is < 1 or > 64 || run.Get(verifiers) is < 0 or > 64)
            {
                throw new CliException(ExitCode.Usage, "1 to 64 nodes and 0 to 64 verifiers can be started.", "See sojourn devnet up --help.");
            }

            var softwareTpm = !run.Get(tpm) ? null
                : Examination.FindProgram("swtpm") ?? throw new CliException(ExitCode.Environment, "swtpm is not installed, and --tpm needs it.", "apt-get install -y swtpm, or leave --tpm out.");
            var ethereum = Chain.ChainOptions.IsEthereum(run, ledger);
            if (run.Get(processes))
            {
                if (ethereum)
                {
                    throw new CliException(ExitCode.Usage, "--processes and --ledger ethereum do not go together yet.", "Leave one of them out.");
                }

                return await DevnetProcesses.RunAsync(run, at, run.Get(nodes), run.Get(verifiers), serve: !run.Get(outgoing), tpm: softwareTpm is not null, further).ConfigureAwait(false);
            }

            var parties = Parties.Concat(further).Select(name => PartyKeys.LoadOrCreate(DevnetFile.KeysOf(at, name), name)).ToList();
            var bubblewrap = Examination.FindProgram("bwrap");
            if (bubblewrap is null)
            {
                run.Warn("bubblewrap is not installed: enclaves have no namespaces of their own. apt-get install -y bubblewrap mends it.");
            }

            var net = await DevNetwork.StartAsync(
                new DevnetOptions
                {
                    Folder = at,
                    EnclaveFolder = Places.EnclaveFolder,
                    Nodes = run.Get(nodes),
                    Verifiers = run.Get(verifiers),
                    Bubblewrap = bubblewrap,
                    SoftwareTpm = softwareTpm,
                    Ethereum = ethereum,
                    Listener = (who, entry) => run.Note(string.Create(CultureInfo.InvariantCulture, $"{entry.At:HH:mm:ss.fff} {who}: {(entry.Job.IsZero ? "" : entry.Job.ToString()[..8] + " ")}{entry.Stage}: {entry.Words}")),
                },
                parties.ToDictionary(party => party.Address, _ => (Amount)10_000_000), run.Cancellation).ConfigureAwait(false);
            await using (net.ConfigureAwait(false))
            {
                var server = await LedgerServer.StartAsync(net.Ledger, cancellation: run.Cancellation).ConfigureAwait(false);
                await using (server.ConfigureAwait(false))
                {
                    parties.ForEach(net.Admit);
                    await net.ServeAsync(Holdings.Read(at), run.Cancellation).ConfigureAwait(false);
                    parties.ForEach(net.StartKeeper);
                    new DevnetFile(
                        Environment.ProcessId, server.Address, net.Gateway.Address, net.Gateways, net.Image.Measurement.ToString(), [.. parties.Select(party => party.Name)],
                        [.. net.Nodes.Where(node => node.Executes).Select(node => node.Keys.Name)]) { Proof = DevnetProof.Of(net.Proof), Chain = net.Chain }.Write(at);
                    run.Out.WriteLine($"up: {at}");
                    if (net.Chain is { } chain)
                    {
                        run.Out.WriteLine($"chain {chain}");
                    }

                    run.Out.WriteLine($"ledger {server.Address}  gateway {net.Gateway.Address}  nodes {run.Get(nodes)}  verifiers {run.Get(verifiers)}");
                    run.Note(softwareTpm is null
                        ? "This is a development network: evidence is simulated and proves nothing about hardware."
                        : "This is a development network: evidence comes from software TPMs, for which no vendor vouches.");
                    run.Note("Next, in another terminal: ./sojourn app publish PROGRAM.wasm, then ./sojourn data publish TABLE.csv --code CID, then ./sojourn job run JOB.yaml");
                    try
                    {
                        await Task.Delay(Timeout.Infinite, run.Cancellation).ConfigureAwait(false);
                    }
                    catch (OperationCanceledException)
                    {
                        run.Note("going down …");
                    }

                    File.Delete(DevnetFile.PathIn(at));
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Down()
    {
        var folder = FolderOption();
        var command = new Command("down", "End a network that is up; its state stays.") { folder };
        command.SetRun(async run =>
        {
            var at = FolderOf(run.Get(folder));
            if (DevnetFile.Read(at) is not { } file || !IsAlive(file.ProcessId))
            {
                throw new CliException(ExitCode.NotFound, $"no network is up in {at}.", "sojourn devnet up starts one.");
            }

            using var process = Process.GetProcessById(file.ProcessId);
            using var kill = Process.Start("kill", ["-TERM", file.ProcessId.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync(run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine("down");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Status()
    {
        var folder = FolderOption();
        var output = OutputOption.Create();
        var command = new Command("status", "Show whether the network is up, its nodes and where the ledger stands.") { folder, output };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            var nodes = await net.Ledger.NodesAsync(cancellation: run.Cancellation).ConfigureAwait(false);
            if (run.Format == OutputFormat.Table)
            {
                var head = await net.Ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
                run.Out.WriteLine($"up: height {head.Height}, block {head.Block}, {head.Receipts} receipts, ledger {net.File.Ledger}, gateway {net.File.Gateway}");
            }

            run.Results.List(
                nodes,
                new Column<Protocol.Views.NodeView>("node", n => n.Address.ToString()),
                new Column<Protocol.Views.NodeView>("executes", n => JsonValue.Create(n.Profile.Executes)),
                new Column<Protocol.Views.NodeView>("level", n => n.Profile.Level.ToString().ToLowerInvariant()),
                new Column<Protocol.Views.NodeView>("stake", n => n.Stake.ToString(), AlignRight: true),
                new Column<Protocol.Views.NodeView>("pins", n => n.Profile.Pins.Length, AlignRight: true),
                new Column<Protocol.Views.NodeView>("agreed", n => n.Record.Agreed, AlignRight: true),
                new Column<Protocol.Views.NodeView>("gateway", n => n.Profile.Gateway));
            return ExitCode.Ok;
        });
        return command;
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
