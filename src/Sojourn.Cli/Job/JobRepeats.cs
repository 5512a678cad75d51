using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Node;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary><c>sojourn job retry</c> and <c>sojourn job logs</c>.</summary>
internal static class JobRepeats
{
    /// <summary><c>job retry</c>: posts a job's terms again, as a new job.</summary>
    public static Command Retry()
    {
        var folder = DevnetCommands.FolderOption();
        var id = JobCommands.IdArgument();
        var who = new Option<string>("--as") { Description = "The requester.", DefaultValueFactory = _ => "requester" };
        var idOnly = new Option<bool>("--id-only") { Description = "Print the new job's id and return at once." };
        var command = new Command("retry", "Post a job's terms again, as a new job, and follow it.") { id, folder, who, idOnly };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var old = await JobCommands.JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            if (old.Phase != JobPhase.Closed)
            {
                run.Note($"the job {old.Id} still runs; this posts another one");
            }

            var head = await net.Ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
            var posted = await net.SubmitAsync(party, new JobPost(Again(old)), run.Cancellation).ConfigureAwait(false);
            if (!posted.Applied)
            {
                throw new CliException(ExitCode.Refused, $"the ledger refused the job: {posted.Refusal}.", "sojourn account show tells what the requester has; a withdrawn offer needs another one.");
            }

            run.Out.WriteLine(posted.Subject);
            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            return run.Get(idOnly) ? ExitCode.Ok : await JobFollower.FollowAsync(run, net, posted.Subject, head.Events, run.Get(who)!).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary><c>job logs</c>: what the ledger and the nodes of this machine say of a job.</summary>
    public static Command Logs()
    {
        var folder = DevnetCommands.FolderOption();
        var id = JobCommands.IdArgument();
        var nodes = new Option<bool>("--nodes") { Description = "What the nodes on this machine wrote down, in place of the ledger's events." };
        var command = new Command("logs", "Show what happened to a job. What a program prints is part of its sealed output: 'job get' opens it.") { id, folder, nodes };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            var job = await JobCommands.JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            if (run.Get(nodes))
            {
                var entries = Directory.EnumerateDirectories(net.Folder).Concat(Directory.Exists(Path.Combine(net.Folder, "parties")) ? Directory.EnumerateDirectories(Path.Combine(net.Folder, "parties")).Select(at => Path.Combine(at, "keeper")) : [])
                    .SelectMany(at => JournalFile.Read(Path.Combine(at, "journal")).Where(entry => entry.Job == job.Id).Select(entry => entry with { Words = $"{Path.GetFileName(at)}: {entry.Words}" }))
                    .OrderBy(entry => entry.At).ToList();
                Journals.Print(run, entries);
                if (entries.Count == 0)
                {
                    run.Note("no node's journal lies here; nodes elsewhere keep theirs to themselves");
                }

                return ExitCode.Ok;
            }

            var head = await net.Ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
            await foreach (var entry in net.Ledger.EventsAsync(0, run.Cancellation).ConfigureAwait(false))
            {
                if (entry.Event.Job == job.Id && (JobWords.Of(entry.Event) ?? Line(entry.Event)) is { } words)
                {
                    run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"height {entry.Height}  {words}"));
                }

                if (entry.Position + 1 >= head.Events || (entry.Event.Job == job.Id && entry.Event.Kind == EventKind.Closed))
                {
                    break;
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    // A known answer stays the one that is kept; where there is none, a fresh commitment to nothing makes every post look alike.
    private static JobTerms Again(JobView old) => old.Terms.Modes.HasFlag(VerificationModes.KnownAnswer) ? old.Terms : old.Terms with { AnswerCommitment = new Digest(RandomNumberGenerator.GetBytes(Digest.Length)) };

    private static string? Line(LedgerEvent e) => e.Kind == EventKind.Line ? $"{e.Account}: {e.Line} {e.Amount}" : null;
}
