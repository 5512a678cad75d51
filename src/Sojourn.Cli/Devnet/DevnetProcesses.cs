using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet.Processes;
using Sojourn.Hosting.Doctor;

namespace Sojourn.Cli.Devnet;

/// <summary><c>sojourn devnet up --processes</c>.</summary>
internal static class DevnetProcesses
{
    /// <summary>How to start this very program again.</summary>
    public static IReadOnlyList<string> Command { get; } = [Environment.ProcessPath ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "sojourn.dll")];

    /// <summary>Runs the network until asked to stop.</summary>
    public static async Task<int> RunAsync(CommandRun run, string folder, int nodes, int verifiers, bool serve, bool tpm, IEnumerable<string> further)
    {
        if (Examination.FindProgram("bwrap") is null)
        {
            run.Warn("bubblewrap is not installed: enclaves have no namespaces of their own. apt-get install -y bubblewrap mends it.");
        }

        var net = await ProcessNetwork.StartAsync(
            new ProcessNetworkOptions
            {
                Folder = folder,
                Command = Command,
                EnclaveFolder = Places.EnclaveFolder,
                Nodes = nodes,
                Verifiers = verifiers,
                Serve = serve,
                Keepers = ["data-owner", "app-owner", .. further],
                SoftwareTpm = tpm,
                Listener = (who, line) => run.Note($"{who}: {line}"),
            }, run.Cancellation).ConfigureAwait(false);
        await using (net.ConfigureAwait(false))
        {
            run.Out.WriteLine($"up: {folder}");
            run.Out.WriteLine($"ledger {net.Ledger}  gateway {net.Gateway}");
            foreach (var party in net.Parties)
            {
                run.Out.WriteLine($"  {party.Name,-22} process {party.ProcessId}");
            }

            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            run.Note(tpm
                ? "This is a development network: each executing node has a software TPM; that shows the work of level tpm and proves nothing about hardware."
                : "This is a development network: evidence is simulated and proves nothing about hardware.");
            run.Note($"A node's own view: ./sojourn node status {Path.Combine(folder, "node-1", "node.yaml")}");
            try
            {
                await net.SuperviseAsync(party => run.Warn($"{party.Name} ended with {party.ExitCode}; it is started again."), run.Cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                run.Note("going down …");
            }
        }

        return ExitCode.Ok;
    }
}
