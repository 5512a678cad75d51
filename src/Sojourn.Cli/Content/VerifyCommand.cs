using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content verify</c>.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var store = ContentOptions.Store();
        var aside = new Option<bool>("--put-aside") { Description = "Move damaged blocks into the store's folder 'damaged', so that they can be fetched again." };
        var command = new Command("verify", "Hash every stored block and name the damaged ones. Ends with 3 where there are any.") { store, aside, OutputOption.Create() };
        command.SetRun(run =>
        {
            var opened = ContentSession.OpenStore(run.Get(store));
            StoreReport report;
            using (var progress = run.Progress("verifying", opened.List().Sum(block => block.Bytes)))
            {
                report = StoreVerifier.Verify(opened, run.Get(aside), progress.Advance, run.Cancellation);
            }

            if (run.Format == OutputFormat.Table)
            {
                foreach (var bad in report.Damaged)
                {
                    run.Out.WriteLine($"damaged  {bad.Cid}  {TerminalText.Safe(bad.Path)}: {bad.Problem}");
                }

                foreach (var stranger in report.Strangers)
                {
                    run.Out.WriteLine($"stranger  {TerminalText.Safe(stranger)}");
                }

                run.Out.WriteLine($"{report.Blocks} block{(report.Blocks == 1 ? "" : "s")}, {Human.Size(report.Bytes)}: {(report.Damaged.Count == 0 ? "all whole" : $"{report.Damaged.Count} damaged")}");
            }
            else
            {
                run.Results.One(
                    report,
                    new Column<StoreReport>("blocks", r => r.Blocks),
                    new Column<StoreReport>("bytes", r => r.Bytes),
                    new Column<StoreReport>("damaged", r => new JsonArray([.. r.Damaged.Select(d => new JsonObject { ["cid"] = d.Cid.ToString(), ["path"] = d.Path, ["problem"] = d.Problem })])),
                    new Column<StoreReport>("strangers", r => new JsonArray([.. r.Strangers.Select(s => (JsonNode)s)])));
            }

            if (report.Damaged.Count > 0 && run.Get(aside))
            {
                run.Note("The damaged blocks were put aside. Fetch them again with: sojourn content pin CID --from URL");
            }

            return Task.FromResult(report.Damaged.Count == 0 ? ExitCode.Ok : ExitCode.BadInput);
        });
        return command;
    }
}
