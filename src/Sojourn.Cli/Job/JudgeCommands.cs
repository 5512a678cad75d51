using System.CommandLine;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.JobFiles;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary><c>sojourn job review</c> and <c>sojourn job answer</c>: a person's word on a result, within its window.</summary>
internal static class JudgeCommands
{
    /// <summary><c>job review</c>.</summary>
    public static Command Review()
    {
        var folder = DevnetCommands.FolderOption();
        var id = JobCommands.IdArgument();
        var who = new Option<string>("--as") { Description = "The reviewer.", DefaultValueFactory = _ => "requester" };
        var reject = new Option<bool>("--reject") { Description = "Reject the result; without it, it is accepted." };
        var command = new Command("review", "Accept or reject a job's result, where its Verification names a review.") { id, folder, who, reject };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var job = await JobCommands.JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            await SubmitAsync(run, net, party, job, new Review(job.Id, !run.Get(reject)), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(run.Get(reject) ? "rejected" : "accepted");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary><c>job answer</c>.</summary>
    public static Command Answer()
    {
        var folder = DevnetCommands.FolderOption();
        var id = JobCommands.IdArgument();
        var who = new Option<string>("--as") { Description = "The requester.", DefaultValueFactory = _ => "requester" };
        var command = new Command("answer", "Show the answer that a job's post committed to (Verification: KnownAnswer); 'job run' does it by itself.") { id, folder, who };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var job = await JobCommands.JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            await SubmitAsync(run, net, party, job, OpeningOf(net.Folder, run.Get(who)!, job) ?? throw new CliException(ExitCode.NotFound, $"no known answer of {job.Id} is kept here.", "It is written beside the requester's keys when the job is posted."), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine("shown");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Shows a known answer once the results are in, where one is kept here and the job awaits it.</summary>
    /// <param name="net">The network.</param>
    /// <param name="who">The requester.</param>
    /// <param name="id">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>What the ledger said; null where nothing was to be shown.</returns>
    public static async Task<Refusal?> ShowAnswerAsync(DevnetClient net, string who, Digest id, CancellationToken cancel)
    {
        if (await net.Ledger.JobAsync(id, cancel).ConfigureAwait(false) is not { Phase: JobPhase.Judging, Outcome: JobOutcome.Succeeded, Disputed: false } job || !job.Terms.Modes.HasFlag(VerificationModes.KnownAnswer)
            || OpeningOf(net.Folder, who, job) is not { } opening)
        {
            return null;
        }

        using var party = net.Party(who);
        return (await SendAsync(net.Ledger, party, id, opening, cancel).ConfigureAwait(false)).Refusal;
    }

    private static KnownAnswerOpen? OpeningOf(string folder, string who, JobView job) =>
        KnownAnswer.Find(folder, who, job.Terms.AnswerCommitment) is { } answer ? new KnownAnswerOpen(job.Id, ContentKey.Of(answer.Output), answer.Salt) : null;

    private static async Task SubmitAsync(CommandRun run, DevnetClient net, PartyKeys party, JobView job, Transaction body, CancellationToken cancel)
    {
        var result = await SendAsync(net.Ledger, party, job.Id, body, cancel).ConfigureAwait(false);
        if (!result.Applied)
        {
            throw new CliException(ExitCode.Refused, $"the ledger refused: {result.Refusal}. {result.Refusal.Words()}", $"sojourn job describe {job.Id} shows how the job stands ({job.Phase}).");
        }
    }

    private static ValueTask<SubmitResult> SendAsync(ILedger ledger, PartyKeys party, Digest job, Transaction body, CancellationToken cancel) =>
        new Sender(ledger, party.Signer, new NodeJournal(TimeProvider.System)).SendAsync("verify", job, body, cancel);
}
