using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Ledger;
using Sojourn.Cli.Node;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Keepers;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Yaml;
using Sojourn.Node.Journal;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;

namespace Sojourn.Cli.Keeper;

/// <summary><c>sojourn keeper init|run|log|revoke|key|member|consent|consents|share</c>: an owner's key broker as a process of its own.</summary>
internal static class KeeperCommands
{
    /// <summary>The noun.</summary>
    public static Command Create()
    {
        ErrorRules.Add(LedgerCommands.Explain);
        ErrorRules.Add(e => e is YamlFileException yaml ? new(ExitCode.Usage, yaml.Message, "sojourn keeper init writes a file to begin with.") : null);
        ErrorRules.Add(NodeCommands.Explain);
        return new Command("keeper", "Release your contents' keys to admitted enclaves when your policy holds, and to nothing else.")
        {
            Init(), Run(), Log(), Revoke(), KeeperBookCommands.Key(), KeeperBookCommands.Member(), KeeperBookCommands.Consent(), KeeperBookCommands.Consents(), KeeperBookCommands.Share(),
        };
    }

    private static Argument<FileInfo?> FileArgument() => new("file") { Description = "The keeper's file (YAML; default: keeper.yaml in the state folder's 'keeper').", DefaultValueFactory = _ => null };

    internal static KeeperOptions Read(FileInfo? given)
    {
        var file = given?.FullName ?? Path.Combine(Places.StateFolder, "keeper", "keeper.yaml");
        return File.Exists(file) ? KeeperOptions.Read(file) : throw new CliException(ExitCode.NotFound, $"there is no keeper file at {file}.", "sojourn keeper init writes one.");
    }

    private static Command Init()
    {
        var file = FileArgument();
        var ledger = Addresses.One("--ledger", "Where the ledger is served.", required: true);
        var box = Addresses.One("--drop-box", "A gateway that takes uploads.", required: true);
        var name = new Option<string>("--name") { Description = "A name for people.", DefaultValueFactory = _ => "keeper" };
        var command = new Command("init", "Make an owner's keys, and the keeper's file.") { file, ledger, box, name };
        command.SetRun(async run =>
        {
            var path = run.Get(file)?.FullName ?? Path.Combine(Places.StateFolder, "keeper", "keeper.yaml");
            if (File.Exists(path))
            {
                throw new CliException(ExitCode.Usage, $"{path} is there already.", "Edit it, or name another file.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var keys = PartyKeys.LoadOrCreate(Path.Combine(Path.GetDirectoryName(path)!, "keys"), run.Get(name)!);
            await File.WriteAllTextAsync(
                path, $"# A keeper of Sojourn. Paths are relative to this file.\nName: {run.Get(name)}\nKeys: keys\nState: state\nLedger: {run.Get(ledger)}\nDropBox: {run.Get(box)}\n# Gateways: [https://…]   # where sealed contents' headers may be fetched\n",
                run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(keys.Address);
            run.Note($"wrote {path} and the keys beside it (mode 0600): whoever has them can open what is sealed to you");
            run.Note("Next: sojourn keeper run" + (run.Get(file) is null ? "" : " " + path));
        });
        return command;
    }

    private static Command Run()
    {
        var file = FileArgument();
        var command = new Command("run", "Run a keeper until Ctrl+C or SIGTERM; it needs outgoing connections alone. It may be away for a while: jobs wait for it until their deadline.") { file };
        command.SetRun(async run =>
        {
            var host = await KeeperHost.StartAsync(
                Read(run.Get(file)), words => run.Note($"note: {words}"),
                entry => run.Note(string.Create(CultureInfo.InvariantCulture, $"{entry.At:HH:mm:ss.fff} {(entry.Job.IsZero ? "" : entry.Job.ToString()[..8] + " ")}{entry.Stage}: {entry.Words}")), run.Cancellation).ConfigureAwait(false);
            await using (host.ConfigureAwait(false))
            {
                run.Out.WriteLine($"keeper {host.Address}");
                await run.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                run.Note("'sojourn keeper log' shows every decision; Ctrl+C ends it");
                await host.RunAsync(run.Cancellation).ConfigureAwait(false);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Log()
    {
        var file = FileArgument();
        var journal = new Option<bool>("--journal") { Description = "The journal (what happened) in place of the decisions." };
        var output = OutputOption.Create();
        var command = new Command("log", "Show every decision of the keeper, and check that no line was taken out.") { file, journal, output };
        command.SetRun(run =>
        {
            var options = Read(run.Get(file));
            if (run.Get(journal))
            {
                Journals.Print(run, [.. JournalFile.Read(Path.Combine(options.StateFolder, "journal"))]);
                return Task.FromResult(ExitCode.Ok);
            }

            var entries = AuditLog.Read(KeeperOptions.AuditFile(options.StateFolder), out var broken);
            run.Results.List(
                entries,
                new Column<AuditEntry>("at", e => JsonText.Instant(e.At), e => e.At.UtcDateTime.ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
                new Column<AuditEntry>("decision", e => e.Decision),
                new Column<AuditEntry>("job", e => e.Job.ToString(), e => e.Job.ToString()[..8]),
                new Column<AuditEntry>("requester", e => e.Requester.ToString(), e => e.Requester.ToString()[..10]),
                new Column<AuditEntry>("executor", e => e.Executor.ToString(), e => e.Executor.ToString()[..10]),
                new Column<AuditEntry>("content", e => e.Content?.ToString(), e => e.Content?.ToString()[^8..] ?? "-"),
                new Column<AuditEntry>("code", e => e.Code?.ToString(), OnlyData: true),
                new Column<AuditEntry>("offer", e => e.Offer.ToString(), OnlyData: true),
                new Column<AuditEntry>("why", e => e.Words));
            if (broken > 0)
            {
                throw new CliException(ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"line {broken} of the log does not follow the one before it: lines were changed or taken out."), "The ledger's own releases (sojourn job describe) are the second record.");
            }

            run.Note(string.Create(CultureInfo.InvariantCulture, $"{entries.Count} decisions, no line is missing"));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Revoke()
    {
        var offer = new Argument<string>("offer") { Description = "The offer's id." };
        var file = FileArgument();
        var command = new Command("revoke", "Release no more keys under an offer, from this moment, whatever the ledger says. 'sojourn data revoke' tells the ledger too.") { offer, file };
        command.SetRun(run =>
        {
            if (!Digest.TryParse(run.Get(offer)!, out var id))
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(offer)}' is no offer's id.", "64 hexadecimal digits were expected; sojourn market shows offers.");
            }

            var options = Read(run.Get(file));
            new RevocationList(KeeperOptions.RevokedFile(options.StateFolder)).Add(id);
            run.Out.WriteLine($"revoked {id}");
            return Task.CompletedTask;
        });
        return command;
    }
}
