using Sojourn.Cli.Ledger;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.DropBox;
using Sojourn.Hosting.Ledgers;
using Sojourn.Protocol.Accounts;

namespace Sojourn.Cli.Gateway;

/// <summary>A gateway that takes uploads: what parties of jobs that cannot be reached leave for one another.</summary>
internal static class UploadGateway
{
    /// <summary>Serves until asked to stop.</summary>
    /// <param name="run">The command.</param>
    /// <param name="ledger">Whose accounts may upload.</param>
    /// <param name="blocks">The block store's folder; the drop box lies beside it.</param>
    /// <param name="listen">Address and port.</param>
    public static async Task RunAsync(CommandRun run, Uri ledger, string blocks, string listen)
    {
        ErrorRules.Add(LedgerCommands.Explain);
        using var accounts = await SteadyLedger.ConnectAsync([ledger], null, run.Note, run.Cancellation).ConfigureAwait(false);
        var box = new FileDropBox(Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(blocks)))!, "dropbox"));
        var host = await ContentHost.StartAsync(blocks, listen, run.Cancellation, (application, store) => application.MapUploads(box, store, accounts, new AccountSignatures())).ConfigureAwait(false);
        await using (host.ConfigureAwait(false))
        {
            run.Out.WriteLine(host.Address);
            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            run.Note($"serving {blocks} and taking uploads of accounts of {accounts.GenesisDigest}; stop with Ctrl+C");
            await run.UntilStoppedAsync().ConfigureAwait(false);
        }
    }
}
