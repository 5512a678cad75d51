using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Folders;
using Sojourn.Content.Ipfs.Store;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content add</c>.</summary>
internal static class AddCommand
{
    private sealed record Added(string Name, ImportResult Result);

    public static Command Create()
    {
        var paths = new Argument<string[]>("file") { Description = "Files and folders; - for standard input.", Arity = ArgumentArity.OneOrMore };
        var store = ContentOptions.Store();
        var name = ContentOptions.Name("Name the pin, so that it can be told from others.");
        var noPin = new Option<bool>("--no-pin") { Description = "Do not pin: the next 'gc' may delete it." };
        var only = new Option<bool>("--only-cid") { Description = "Compute the CID and store nothing." };
        var wrap = new Option<bool>("--wrap", "-w") { Description = "Put everything given into one folder." };
        var hidden = new Option<bool>("--hidden") { Description = "Take files whose names begin with a dot, too." };
        var mode = new Option<bool>("--preserve-mode") { Description = "Record permission bits (changes the CID)." };
        var time = new Option<bool>("--preserve-time") { Description = "Record modification times (changes the CID)." };
        var profile = new Option<string>("--profile") { Description = $"The parameters that decide the CID: {string.Join(", ", ImportProfile.Named.Select(p => p.Name))}.", DefaultValueFactory = _ => ImportProfile.UnixFsV1Of2025.Name };
        profile.AcceptOnlyFromAmong([.. ImportProfile.Named.Select(p => p.Name)]);
        var chunk = ContentOptions.Size("--chunk", "Bytes per chunk, instead of the profile's.");
        var links = new Option<int?>("--links") { Description = "Links per node, instead of the profile's." };
        var trickle = new Option<bool>("--trickle") { Description = "The trickle layout instead of the balanced one." };
        var version = new Option<int?>("--cid-version") { Description = "0 or 1, instead of the profile's." };
        var rawLeaves = new Option<bool?>("--raw-leaves") { Description = "Whether leaves are raw blocks, instead of the profile's." };
        var idOnly = new Option<bool>("--id-only", "-q") { Description = "Print CIDs only." };
        var output = OutputOption.Create();
        var command = new Command("add", "Store files and folders, pin them and print their CIDs.")
        {
            paths, store, name, noPin, only, wrap, hidden, mode, time, profile, chunk, links, trickle, version, rawLeaves, idOnly, output,
        };
        command.SetRun(async run =>
        {
            var chosen = ImportProfile.Find(run.Get(profile)!)!;
            chosen = chosen with
            {
                ChunkBytes = (int)Math.Min(int.MaxValue, run.Get(chunk) ?? chosen.ChunkBytes),
                LinksMax = run.Get(links) ?? chosen.LinksMax,
                Layout = run.Get(trickle) ? FileLayout.Trickle : chosen.Layout,
                CidVersion = run.Get(version) ?? chosen.CidVersion,
                RawLeaves = run.Get(rawLeaves) ?? chosen.RawLeaves,
            };
            Check(chosen);
            var inputs = run.Get(paths)!;
            CheckInputs(run, inputs);
            var total = inputs.Contains("-") ? 0 : inputs.Sum(path => FolderImporter.Measure(path, run.Get(hidden), run.Cancellation));
            var progress = run.Progress("adding", total);
            var options = new FolderImportOptions
            {
                Profile = chosen,
                Hidden = run.Get(hidden),
                PreserveMode = run.Get(mode),
                PreserveTime = run.Get(time),
                OnBytes = progress.Advance,
            };

            List<Added> added;
            using (progress)
            {
                if (run.Get(only))
                {
                    added = await ImportAsync(run, inputs, null, options, run.Get(wrap)).ConfigureAwait(false);
                }
                else
                {
                    // The importer has just hashed what it hands in.
                    await using var writer = await ContentSession.OpenStore(run.Get(store)).BeginWriteAsync(trustCaller: true, run.Cancellation).ConfigureAwait(false);
                    added = await ImportAsync(run, inputs, writer, options, run.Get(wrap)).ConfigureAwait(false);
                    await writer.FlushAsync(run.Cancellation).ConfigureAwait(false);
                    foreach (var each in run.Get(noPin) ? [] : added)
                    {
                        await writer.PinAsync(each.Result.Root, run.Get(name), DateTimeOffset.UtcNow, run.Cancellation).ConfigureAwait(false);
                    }
                }
            }

            if (run.Get(idOnly))
            {
                added.ForEach(each => run.Out.WriteLine(each.Result.Root));
                return;
            }

            run.Results.List(
                added,
                new Column<Added>("cid", a => a.Result.Root.ToString()),
                new Column<Added>("bytes", a => a.Result.FileBytes, a => Human.Size((long)a.Result.FileBytes), AlignRight: true),
                new Column<Added>("dagBytes", a => a.Result.DagBytes, OnlyData: true),
                new Column<Added>("blocks", a => a.Result.Blocks, AlignRight: true),
                new Column<Added>("name", a => a.Name));
        });
        return command;
    }

    // The library speaks of its properties; a person typed options.
    private static void Check(ImportProfile profile)
    {
        try
        {
            profile.Validate();
        }
        catch (ArgumentException e) when (e.ParamName is { } property)
        {
            var option = property switch
            {
                nameof(ImportProfile.ChunkBytes) => "--chunk",
                nameof(ImportProfile.LinksMax) => "--links",
                nameof(ImportProfile.CidVersion) => "--cid-version",
                _ => property,
            };
            throw new CliException(ExitCode.Usage, e.Message.Split(" (Parameter", 2)[0].TrimEnd('.').Replace(property, option, StringComparison.Ordinal));
        }
    }

    private static void CheckInputs(CommandRun run, string[] inputs)
    {
        foreach (var path in inputs)
        {
            if (path == "-" ? run.InputIsTerminal : !Path.Exists(path))
            {
                throw path == "-"
                    ? new CliException(ExitCode.Usage, "standard input is a terminal; expected bytes from a pipe or file", "Try: sojourn content add - < FILE")
                    : new CliException(ExitCode.NotFound, $"no such file or folder: {path}", "Check the path.");
            }
        }
    }

    private static async Task<List<Added>> ImportAsync(CommandRun run, string[] inputs, IBlockSink? sink, FolderImportOptions options, bool wrap)
    {
        var added = new List<Added>();
        foreach (var path in inputs)
        {
            long told = 0;
            var result = path == "-"
                ? await UnixFsImporter.ImportAsync(run.In, sink, new ImportOptions { Profile = options.Profile, Progress = done =>
                {
                    options.OnBytes?.Invoke(done - told);
                    told = done;
                } }, run.Cancellation).ConfigureAwait(false)
                : await FolderImporter.ImportAsync(path, sink, options, run.Cancellation).ConfigureAwait(false);
            added.Add(new Added(path == "-" ? "-" : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))), result));
        }

        if (!wrap)
        {
            return added;
        }

        using var builder = new DirectoryBuilder(options.Profile);
        foreach (var each in added)
        {
            builder.Add(each.Name == "-" ? "stdin" : each.Name, each.Result.Root, each.Result.DagBytes);
        }

        var folder = await builder.FinishAsync(sink, run.Cancellation).ConfigureAwait(false);
        var bytes = added.Aggregate(0UL, (sum, each) => sum + each.Result.FileBytes);
        return [new Added("", folder with { FileBytes = bytes, Blocks = folder.Blocks + added.Sum(each => each.Result.Blocks) })];
    }
}
