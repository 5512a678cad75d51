using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Content.Dag;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content export</c>.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var target = new Option<string?>("--to", "-t") { Description = "The CAR file; - for standard output; else CID.car in the current folder.", HelpName = "file" };
        var version = new Option<int>("--car-version") { Description = "1, or 2 with an index (needs a file).", DefaultValueFactory = _ => 1 };
        var force = new Option<bool>("--force", "-f") { Description = "Replace a file that exists." };
        var sources = new SourceOptions();
        var command = new Command("export", "Write a whole graph into a CAR file, every block verified.") { path, target, version, force };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            if (run.Get(version) is not (1 or 2))
            {
                throw new CliException(ExitCode.Usage, $"--car-version {run.Get(version)} is unknown; expected 1 or 2");
            }

            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            var source = session.SourceFor(new DagRequest(content));
            var end = await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false);
            var to = run.Get(target) ?? $"{end.Cid}.car";
            if (to == "-")
            {
                if (run.OutputIsTerminal || run.Get(version) == 2)
                {
                    throw new CliException(ExitCode.Usage, run.OutputIsTerminal ? "a CAR is binary and standard output is a terminal" : "a CAR of version 2 needs a file, since its header is written last", "Name a file with --to.");
                }

                await WriteAsync(run, source, end, run.OutBytes, 1).ConfigureAwait(false);
                return;
            }

            if (File.Exists(to) && !run.Get(force))
            {
                throw new CliException(ExitCode.Environment, $"{to} exists already", "Choose another name with --to, or replace it with --force.");
            }

            var partial = $"{to}.{Guid.NewGuid():N}.partial";
            try
            {
                long blocks;
                await using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
                {
                    blocks = await WriteAsync(run, source, end, stream, run.Get(version)).ConfigureAwait(false);
                }

                File.Move(partial, to, overwrite: true);
                run.Note($"{to}: {blocks} block{(blocks == 1 ? "" : "s")}, {Human.Size(new FileInfo(to).Length)}");
            }
            finally
            {
                File.Delete(partial);
            }

            session.Report(run);
        });
        return command;
    }

    private static async Task<long> WriteAsync(CommandRun run, IBlockSource source, ResolvedPath end, Stream stream, int version)
    {
        using var progress = run.Progress("exporting");
        var writer = await CarWriter.CreateAsync(stream, [end.Cid], new CarWriterOptions { Version = version }, run.Cancellation).ConfigureAwait(false);
        await foreach (var block in DagWalker.WalkAsync(source, new DagRequest(ContentPath.Of(end.Cid)) { Duplicates = false }, run.Cancellation).ConfigureAwait(false))
        {
            await writer.PutAsync(block, run.Cancellation).ConfigureAwait(false);
            progress.Advance(block.Data.Length);
        }

        await writer.FinishAsync(run.Cancellation).ConfigureAwait(false);
        await stream.FlushAsync(run.Cancellation).ConfigureAwait(false);
        return writer.Blocks;
    }
}
