using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content gc</c>.</summary>
internal static class GcCommand
{
    public static Command Create()
    {
        var store = ContentOptions.Store();
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would be deleted." };
        var command = new Command("gc", "Delete every block that no pin reaches. Waits for running writers.") { store, dry, OutputOption.Create() };
        command.SetRun(async run =>
        {
            var opened = ContentSession.OpenStore(run.Get(store));
            GarbageReport report;
            using (var progress = run.Progress("collecting"))
            {
                report = await GarbageCollector.CollectAsync(opened, Links.Of, run.Get(dry), block => progress.Advance(block.Bytes), run.Cancellation).ConfigureAwait(false);
            }

            run.Results.One(
                report,
                new Column<GarbageReport>(run.Get(dry) ? "wouldDelete" : "deleted", r => r.Deleted),
                new Column<GarbageReport>("freedBytes", r => r.FreedBytes, r => Human.Size(r.FreedBytes)),
                new Column<GarbageReport>("kept", r => r.Kept));
        });
        return command;
    }
}
