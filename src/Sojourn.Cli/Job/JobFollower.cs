using System.Globalization;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Nodes;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary>Follows a job to its end, stage by stage; where a stage waits, it says for whom and until when.</summary>
internal static class JobFollower
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    /// <summary>Follows it.</summary>
    /// <param name="run">The command.</param>
    /// <param name="net">The network.</param>
    /// <param name="job">The job.</param>
    /// <param name="from">The event from which on.</param>
    /// <param name="who">The requester, whose known answer is shown when it is time; null for nobody.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> FollowAsync(CommandRun run, DevnetClient net, Digest job, ulong from, string? who = null)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        var heard = Environment.TickCount64;
        var waiting = TellAsync(run, net, job, () => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref heard)), stop.Token);
        try
        {
            await foreach (var entry in net.Ledger.EventsAsync(from, run.Cancellation).ConfigureAwait(false))
            {
                if (entry.Event.Job != job)
                {
                    continue;
                }

                if (JobWords.Of(entry.Event) is { } words)
                {
                    Volatile.Write(ref heard, Environment.TickCount64);
                    run.Note(string.Create(CultureInfo.InvariantCulture, $"height {entry.Height}: {words}"));
                }

                if (entry.Event.Kind == EventKind.Phase && who is not null && await JudgeCommands.ShowAnswerAsync(net, who, job, run.Cancellation).ConfigureAwait(false) is { } refusal)
                {
                    run.Note(refusal == Refusal.None ? "the answer that was known beforehand is shown" : $"the known answer was not taken: {refusal}");
                }

                if (entry.Event.Kind == EventKind.Closed)
                {
                    var outcome = (JobOutcome)entry.Event.Number;
                    if (outcome != JobOutcome.Succeeded && await net.Ledger.JobAsync(job, run.Cancellation).ConfigureAwait(false) is { } closed)
                    {
                        run.Note($"why: {JobWords.Why(closed, await KeyWords.OffersAsync(net.Ledger, closed, run.Cancellation).ConfigureAwait(false))}; what was escrowed and not used is back");
                    }

                    run.Note(outcome == JobOutcome.Succeeded
                        ? $"Next: ./sojourn job get {job}"
                        : $"Next: ./sojourn job describe {job}; ./sojourn job logs {job} says what nodes wrote down; ./sojourn job retry {job} posts it again");
                    return outcome == JobOutcome.Succeeded ? ExitCode.Ok : ExitCode.Refused;
                }
            }

            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (run.Cancellation.IsCancellationRequested)
        {
            run.Note($"the job goes on without you: ./sojourn job describe {job} shows how it stands, ./sojourn job get {job} fetches its result");
            throw;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What a job waits for, in words.</summary>
    /// <param name="view">The job.</param>
    public static string Waits(JobView view) => view.Phase switch
    {
        JobPhase.Drawing => view.Round.Beacon is null ? $"the beacon of height {view.Round.BeaconHeight}" : "tickets; the window closes at a fixed height, never when enough are in",
        JobPhase.Attesting when view.Round.Executors.Any(seat => seat.Status == SeatStatus.Drawn) => "evidence of " + Names(view, SeatStatus.Drawn),
        JobPhase.Attesting => "the verifiers' votes on " + Names(view, SeatStatus.Evidenced),
        JobPhase.Running when view.Round.Executors.Any(seat => seat.Status == SeatStatus.Admitted && !seat.HasKeys) => "keepers to release keys to " + Names(view, SeatStatus.Admitted),
        JobPhase.Running => "the results of " + Names(view, SeatStatus.Admitted),
        JobPhase.Revealing => "the reveals of " + Names(view, SeatStatus.Committed),
        JobPhase.AuditDraw => "the beacon that decides about an audit",
        JobPhase.Judging => "openings, the checker and the reviewer",
        _ => "nothing",
    };

    private static string Names(JobView view, SeatStatus status) =>
        string.Join(", ", view.Round.Executors.Where(seat => seat.Status == status).Select(seat => seat.Node.ToString()[..10] + "…")) is { Length: > 0 } names ? names : "its executors";

    private static async Task TellAsync(CommandRun run, DevnetClient net, Digest job, Func<TimeSpan> silent, CancellationToken cancel)
    {
        var told = "";
        using var progress = new ProgressClient();
        while (true)
        {
            await Task.Delay(Quiet, cancel).ConfigureAwait(false);
            if (silent() < Quiet)
            {
                continue;
            }

            string words;
            try
            {
                var view = await net.Ledger.JobAsync(job, cancel).ConfigureAwait(false);
                var head = await net.Ledger.HeadAsync(cancel).ConfigureAwait(false);
                if (view is null || view.Phase == JobPhase.Closed)
                {
                    continue;
                }

                var left = Math.Max(0, (long)view.Deadline - (long)head.Height) * (net.Ledger.Genesis.HeightMilliseconds / 1000.0);
                words = string.Create(CultureInfo.InvariantCulture, $"{view.Phase.ToString().ToLowerInvariant()}: waits for {Waits(view)}, until height {view.Deadline}");
                var far = view.Phase == JobPhase.Running ? await progress.AskAsync(net.Ledger, view, cancel).ConfigureAwait(false) : "";
                run.Note(string.Create(CultureInfo.InvariantCulture, $"{words} ({left:0} s){(far.Length > 0 ? "; " : "")}{far}"));
            }
#pragma warning disable CA1031 // The ledger is away: said once, asked again.
            catch (Exception e) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
            {
                words = $"the ledger does not answer, it is asked again: {e.Message}";
                if (words != told)
                {
                    run.Note(words);
                }
            }

            told = words;
        }
    }
}
