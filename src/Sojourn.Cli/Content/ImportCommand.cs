using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content import</c>.</summary>
internal static class ImportCommand
{
    private sealed record Imported(string File, Cid? Root, bool IsWhole, long Blocks, long Bytes);

    public static Command Create()
    {
        var files = new Argument<string[]>("car") { Description = "CAR files (version 1 or 2); - for standard input.", Arity = ArgumentArity.OneOrMore };
        var store = ContentOptions.Store();
        var name = ContentOptions.Name("Name the pins.");
        var noPin = new Option<bool>("--no-pin") { Description = "Do not pin the roots: the next 'gc' may delete them." };
        var partial = new Option<bool>("--partial") { Description = "Accept CARs that lack a part of their roots' graphs; such roots are not pinned." };
        var command = new Command("import", "Store the blocks of CAR files, every one verified, and pin their roots.") { files, store, name, noPin, partial, OutputOption.Create() };
        command.SetRun(async run =>
        {
            var opened = ContentSession.OpenStore(run.Get(store));
            var rows = new List<Imported>();
            await using var writer = await opened.BeginWriteAsync(trustCaller: true, run.Cancellation).ConfigureAwait(false);
            foreach (var file in run.Get(files)!)
            {
                rows.AddRange(await ImportAsync(run, opened, writer, file, run.Get(name), !run.Get(noPin), run.Get(partial)).ConfigureAwait(false));
            }

            run.Results.List(
                rows,
                new Column<Imported>("root", r => r.Root?.ToString()),
                new Column<Imported>("whole", r => r.IsWhole),
                new Column<Imported>("blocks", r => r.Blocks, AlignRight: true),
                new Column<Imported>("bytes", r => r.Bytes, r => Human.Size(r.Bytes), AlignRight: true),
                new Column<Imported>("file", r => r.File));
        });
        return command;
    }

    private static async Task<IReadOnlyList<Imported>> ImportAsync(CommandRun run, FileBlockStore store, BlockWriter writer, string file, string? name, bool pin, bool partial)
    {
        if (file != "-" && !File.Exists(file))
        {
            throw new CliException(ExitCode.NotFound, $"no such file: {file}", "Check the path.");
        }

        await using var stream = file == "-" ? run.In : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        CarSummary summary;
        CarReader reader;
        try
        {
            using var progress = run.Progress("importing", file == "-" ? 0 : stream.Length);
            reader = await CarReader.OpenAsync(stream, null, run.Cancellation).ConfigureAwait(false);
            summary = await CarVerifier.VerifyAsync(reader, new Counting(writer, progress), 0, run.Cancellation).ConfigureAwait(false);
            await writer.FlushAsync(run.Cancellation).ConfigureAwait(false);
        }
        catch (ContentException e)
        {
            throw new CliException(ExitCode.BadInput, $"{file}: {e.Message.TrimEnd('.')}", "Nothing of it was pinned. The CAR is damaged or is none: get it again from where it came.");
        }

        var rows = new List<Imported>();
        foreach (var root in reader.Roots)
        {
            var missing = await MissingAsync(store, root, run.Cancellation).ConfigureAwait(false);
            if (missing is not null && !partial)
            {
                throw new CliException(ExitCode.BadInput, $"{file}: the graph of its root {root} is not whole: {missing.TrimEnd('.')}", "To take it all the same, without a pin: --partial");
            }

            if (pin && missing is null)
            {
                await writer.PinAsync(root, name, DateTimeOffset.UtcNow, run.Cancellation).ConfigureAwait(false);
            }

            rows.Add(new Imported(file, root, missing is null, summary.Blocks, summary.Bytes));
        }

        return rows.Count > 0 ? rows : [new Imported(file, null, false, summary.Blocks, summary.Bytes)];
    }

    private static async Task<string?> MissingAsync(FileBlockStore store, Cid root, CancellationToken cancellation)
    {
        try
        {
            await foreach (var block in DagWalker.WalkAsync(store, new DagRequest(ContentPath.Of(root)) { Duplicates = false }, cancellation).ConfigureAwait(false))
            {
                _ = block;
            }

            return null;
        }
        catch (ContentException e)
        {
            return e.Message;
        }
    }

    private sealed class Counting(BlockWriter writer, ProgressLine progress) : IBlockSink
    {
        public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            await writer.PutAsync(block, cancellationToken).ConfigureAwait(false);
            progress.Advance(block.Data.Length);
        }
    }
}
