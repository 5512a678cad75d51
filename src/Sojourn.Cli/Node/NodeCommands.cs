using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cli.Ledger;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Yaml;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Cli.Node;

/// <summary><c>sojourn node init|run|status|pause|resume|drain|log</c>: a node as a process of its own.</summary>
internal static class NodeCommands
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    /// <summary>The noun.</summary>
    public static Command Create()
    {
        ErrorRules.Add(LedgerCommands.Explain);
        ErrorRules.Add(Explain);
        return new Command("node", "Compute on what this machine stores, and earn: run a node, and steer one that runs.")
        {
            Init(), Run(), Status(),
            Steer("pause", "Draw no more jobs until 'resume', also after a restart; what runs goes on."),
            Steer("resume", "Draw jobs again."),
            Steer("drain", "Draw no more jobs, finish what runs, then end."),
            Log(), RegisterCommand.Create(),
        };
    }

    internal static CliError? Explain(Exception e) => e switch
    {
        NodeRefusedException refused => new(ExitCode.Refused, refused.Message + ".", refused.Remedy),
        YamlFileException yaml => new(ExitCode.Usage, yaml.Message, "sojourn node init writes a file to begin with."),
        EnclaveIsolationException or ChannelException => new(ExitCode.Environment, e.Message, "sojourn doctor says what is missing here and what mends it."),
        _ => null,
    };

    private static Argument<FileInfo?> FileArgument() => new("file") { Description = "The node's file (YAML; default: node.yaml in the state folder's 'node').", DefaultValueFactory = _ => null };

    private static string FileOf(FileInfo? given) => given?.FullName ?? Path.Combine(Places.StateFolder, "node", "node.yaml");

    private static NodeOptions Read(string file)
    {
        if (!File.Exists(file))
        {
            throw new CliException(ExitCode.NotFound, $"there is no node file at {file}.", "sojourn node init writes one.");
        }

        return NodeFile.Read(file, Places.EnclaveFolder, Examination.FindProgram("bwrap"));
    }

    private static Command Init()
    {
        var file = FileArgument();
        var ledger = Addresses.One("--ledger", "Where the ledger is served.", required: true);
        var box = Addresses.One("--drop-box", "A gateway that takes uploads.", required: true);
        var name = new Option<string>("--name") { Description = "A name for people.", DefaultValueFactory = _ => Environment.MachineName };
        var command = new Command("init", "Make a node's keys, and a file that says what it may do.") { file, ledger, box, name };
        command.SetRun(async run =>
        {
            var path = FileOf(run.Get(file));
            if (File.Exists(path))
            {
                throw new CliException(ExitCode.Usage, $"{path} is there already.", "Edit it, or name another file.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var keys = PartyKeys.LoadOrCreate(Path.Combine(Path.GetDirectoryName(path)!, "keys"), run.Get(name)!);
            await File.WriteAllTextAsync(path, NodeTemplate.Text(run.Get(name)!, run.Get(ledger)!, run.Get(box)!), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(keys.Address);
            run.Note($"wrote {path} and the keys beside it (mode 0600: back them up, they are the node)");
            run.Note("Next: send that account the stake, look through the file, then: sojourn node run" + (run.Get(file) is null ? "" : " " + path));
        });
        return command;
    }

    private static Command Run()
    {
        var file = FileArgument();
        var ledger = Addresses.Many("--ledger", "Where the ledger is served, in place of the file's; may be given several times.");
        var box = Addresses.Many("--drop-box", "A gateway that takes uploads, in place of the file's.");
        var listen = new Option<string?>("--listen") { Description = "Where to serve what it holds: address:port, or none.", HelpName = "address:port" };
        var jobs = new Option<int?>("--jobs") { Description = "How many jobs may run at once." };
        var grace = new Option<int?>("--grace") { Description = "How many seconds running jobs get when it is asked to end." };
        var command = new Command("run", "Run a node until Ctrl+C or SIGTERM; it needs outgoing connections alone. Asked to end, it finishes what runs; asked again, it ends at once.") { file, ledger, box, listen, jobs, grace };
        command.SetRun(async run =>
        {
            var options = Read(FileOf(run.Get(file)));
            options = options with
            {
                Ledgers = run.Get(ledger) is { Length: > 0 } ledgers ? [.. ledgers] : options.Ledgers,
                DropBoxes = run.Get(box) is { Length: > 0 } boxes ? [.. boxes] : options.DropBoxes,
                Listen = run.Get(listen) is { } at ? (at == "none" ? null : at) : options.Listen,
                Rules = run.Get(jobs) is { } most ? options.Rules with { JobsMax = most } : options.Rules,
                Grace = run.Get(grace) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.Grace,
            };
            var host = await NodeHost.StartAsync(options, words => run.Note($"note: {words}"), entry => run.Note(Words(entry)), run.Cancellation).ConfigureAwait(false);
            await using (host.ConfigureAwait(false))
            {
                run.Out.WriteLine($"node {host.Address}{(host.Gateway is { } gateway ? $" serving {gateway}" : "")}");
                await run.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                run.Note("'sojourn node status' says how it stands and why it got no job; Ctrl+C ends it after what runs");
                await host.RunAsync(run.Cancellation).ConfigureAwait(false);
                run.Note("ended");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Status()
    {
        var file = FileArgument();
        var output = OutputOption.Create();
        var command = new Command("status", "Show how a running node stands, and why it got no job.") { file, output };
        command.SetRun(async run => Show(run, await AskAsync(run, run.Get(file), "status").ConfigureAwait(false)));
        return command;
    }

    private static Command Steer(string verb, string what)
    {
        var file = FileArgument();
        var command = new Command(verb, what) { file };
        command.SetRun(async run =>
        {
            var status = await AskAsync(run, run.Get(file), verb).ConfigureAwait(false);
            run.Out.WriteLine(status.Mode);
            var engaged = status.Jobs.Count(job => job.Role != "watches");
            if (engaged > 0)
            {
                run.Note(string.Create(CultureInfo.InvariantCulture, $"{engaged} jobs go on"));
            }
        });
        return command;
    }

    private static Command Log()
    {
        var file = FileArgument();
        var job = new Option<string?>("--job") { Description = "Only this job's entries; the beginning of its id will do." };
        var why = new Option<bool>("--why") { Description = "Only why something did not happen or went wrong." };
        var tail = new Option<int>("--tail") { Description = "At most so many, the latest.", DefaultValueFactory = _ => 200 };
        var output = OutputOption.Create();
        var command = new Command("log", "Show a node's journal, also of one that does not run.") { file, job, why, tail, output };
        command.SetRun(run =>
        {
            var options = Read(FileOf(run.Get(file)));
            var entries = JournalFile.Read(Path.Combine(options.StateFolder, "journal"))
                .Where(entry => run.Get(job) is not { } id || entry.Job.ToString().StartsWith(id, StringComparison.OrdinalIgnoreCase))
                .Where(entry => !run.Get(why) || entry.Level != JournalLevel.Progress)
                .TakeLast(Math.Max(0, run.Get(tail))).ToList();
            Journals.Print(run, entries);
            return Task.CompletedTask;
        });
        return command;
    }

    private static string Words(JournalEntry entry) =>
        string.Create(CultureInfo.InvariantCulture, $"{entry.At:HH:mm:ss.fff} {(entry.Job.IsZero ? "" : entry.Job.ToString()[..8] + " ")}{entry.Stage}: {entry.Words}");

    private static async Task<NodeStatus> AskAsync(CommandRun run, FileInfo? file, string question)
    {
        var options = Read(FileOf(file));
        var answer = await NodeSocket.AskAsync(options.StateFolder, question, run.Cancellation).ConfigureAwait(false);
        return answer is { Length: > 2 } && JsonSerializer.Deserialize<NodeStatus>(answer) is { } status ? status
            : throw new CliException(ExitCode.NotFound, $"no node runs in {options.StateFolder}.", "sojourn node run starts it; sojourn node log shows what it did.");
    }

    private static void Show(CommandRun run, NodeStatus status)
    {
        if (run.Format != OutputFormat.Table)
        {
            run.Results.Document(JsonSerializer.SerializeToNode(status, CamelCase));
            return;
        }

        void Line(string key, string value) => run.Out.WriteLine($"{key,-12} {TerminalText.Safe(value)}");
        Line("node", $"{status.Name}  {status.Address}");
        Line("mode", status.Mode switch { "taking" => "taking jobs", "paused" => "paused: draws no jobs (sojourn node resume)", _ => "draining: ends when nothing runs" });
        Line("since", $"{status.Started:u}, process {status.ProcessId}, {Human.Size(status.MemoryBytes)} of memory");
        Line("ledger", status.LedgerSeen is { } seen ? $"{status.Ledger[..16]}… height {status.Height}, answered {Human.Time(DateTimeOffset.UtcNow - seen)} ago" : "has not answered yet");
        Line("registered", status.Registered + (status.Stake is { } stake ? $", stake {stake}" : ""));
        Line("proof", status.Proof);
        Line("isolation", status.IsolationMissing.Count == 0 ? "whole" : "MISSING " + string.Join("; ", status.IsolationMissing));
        Line("serves", status.Gateway ?? "nothing: outgoing connections alone");
        Line("uses", $"{Human.Size(status.DiskBytes)} of disk, {Human.Size(status.FetchedToday)} fetched today");
        Line("jobs", status.Jobs.Count == 0 ? "none" : "");
        foreach (var job in status.Jobs)
        {
            run.Out.WriteLine($"  {job.Job[..16]}  {job.Phase,-10} {job.Role}");
        }

        if (status.Reasons.Count > 0)
        {
            run.Out.WriteLine("why not, the latest first:");
            foreach (var group in status.Reasons.GroupBy(reason => (reason.Stage, reason.Words)).Take(15))
            {
                var first = group.First();
                var count = group.Count();
                run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {first.At:HH:mm:ss} {first.Stage}: {TerminalText.Safe(first.Words)}{(count > 1 ? $" ({count} times)" : "")}"));
            }
        }
    }
}
