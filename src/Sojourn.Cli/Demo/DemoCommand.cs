using System.CommandLine;
using System.Diagnostics;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Demo;
using Sojourn.Hosting.Doctor;

namespace Sojourn.Cli.Demo;

/// <summary><c>sojourn demo</c>: the main job from seal to settlement, on one machine.</summary>
internal static class DemoCommand
{
    private const string DefaultData = "examples/data/node_modules/vega-datasets/data/birdstrikes.csv";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var data = new Option<FileInfo?>("--data") { Description = "A table of your own (comma-separated, with a header line)." };
        var app = new Option<FileInfo?>("--app") { Description = "A WASI program of your own; it finds the table at /in/table and writes below /output." };
        var arguments = new Option<string[]>("--arg") { Description = "An argument of that program; repeat for several.", AllowMultipleArgumentsPerToken = false };
        var simulated = new Option<bool>("--simulated") { Description = "Simulated evidence, even where swtpm is installed." };
        var ledger = Chain.ChainOptions.DevelopmentLedger();
        var command = new Command("demo", "Run the main job on this machine: seal, offer, post, draw, prove, release, run, agree, pay, verify.") { data, app, arguments, simulated, ledger };
        command.SetRun(async run =>
        {
            var root = Places.Checkout ?? throw new CliException(ExitCode.Environment, "the demonstration needs a checkout.", "Start it as ./sojourn demo from the project's folder.");
            var table = run.Get(data)?.FullName ?? Path.Combine(root, DefaultData);
            if (run.Get(data) is null)
            {
                Install(run, root, table);
            }

            foreach (var file in new[] { table, run.Get(app)?.FullName }.OfType<string>().Where(file => !File.Exists(file)))
            {
                throw new CliException(ExitCode.NotFound, $"no such file: {file}", "Check the path.");
            }

            var folder = Directory.CreateTempSubdirectory("sojourn-demo-").FullName;
            var own = run.Get(app) is not null;
            var options = new DemoOptions
            {
                Folder = folder,
                EnclaveFolder = Places.EnclaveFolder,
                DataFile = table,
                AppFile = run.Get(app)?.FullName ?? Path.Combine(root, "guests/statistics/group-statistics.wasm"),
                Arguments = own ? run.Get(arguments) ?? [] : run.Get(arguments) is { Length: > 0 } given ? given : ["/in/table", "/output/result.csv", "Wildlife Species", "Cost Total $"],
                GuardFile = own ? null : Path.Combine(root, "guests/guards/min-group-size.wasm"),
                GuardArguments = ["20"],
                Bubblewrap = Examination.FindProgram("bwrap"),
                Ethereum = Chain.ChainOptions.IsEthereum(run, ledger),
                SoftwareTpm = run.Get(simulated) ? null : Examination.FindProgram("swtpm"),
            };
            var chapter = 0;
            var result = await new Demonstration(options, new DemoStory(
                title => run.Out.WriteLine($"\n{++chapter}. {title}"),
                line => run.Out.WriteLine($"   {line}"))).RunAsync(run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine();
            run.Out.WriteLine($"Done in {result.Elapsed.TotalSeconds:0.0} s: {result.Outcome}. Result: {Path.Combine(folder, "output")}, receipt: {Path.Combine(folder, "receipt.cose")}");
            run.Note("Next: ./sojourn demo --data FILE.csv --arg /in/table --arg /output/result.csv --arg GROUP-COLUMN --arg VALUE-COLUMN");
            return result.Outcome == Protocol.State.JobOutcome.Succeeded && result.Refusals.Count == 4 && result.DataBytesMoved == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static void Install(CommandRun run, string root, string table)
    {
        if (File.Exists(table))
        {
            return;
        }

        if (Examination.FindProgram("npm") is not { } npm)
        {
            throw new CliException(ExitCode.Environment, "npm is needed to install the public data of the demonstration.", "Install Node.js 20 or newer, or name a table with --data.");
        }

        run.Note("Installing public data (FAA bird strikes, in the npm package vega-datasets) …");
        using var process = Process.Start(new ProcessStartInfo(npm, ["ci", "--prefix", Path.Combine(root, "examples", "data"), "--no-audit", "--no-fund", "--loglevel", "error"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        if (process.ExitCode != 0 || !File.Exists(table))
        {
            throw new CliException(ExitCode.Unreachable, $"the public data could not be installed: {error.Result.Trim().Split('\n').LastOrDefault()}", "Check the network, or name a table with --data.");
        }
    }
}
