using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;
using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content ls</c>.</summary>
internal static class LsCommand
{
    private sealed record Line(DirectoryEntry Entry, UnixFsInfo? Info);

    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var full = new Option<bool>("--long", "-l") { Description = "Read each entry's root, too: its kind and exact size." };
        var sources = new SourceOptions();
        var command = new Command("ls", "List a folder.") { path, full, OutputOption.Create() };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            var source = session.SourceFor(new DagRequest(content) { Scope = DagScope.Entity });
            var end = await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false);
            Kinds.RequireFolder(end.Block);
            if (run.Format == OutputFormat.Table && !run.Get(full))
            {
                // As it comes, so that a folder of a million names needs no memory.
                await foreach (var entry in DirectoryReader.ListAsync(source, end.Cid, run.Cancellation).ConfigureAwait(false))
                {
                    run.Out.WriteLine($"{entry.Cid,-59}  {(entry.DagBytes is { } bytes ? Human.Size((long)Math.Min(bytes, long.MaxValue)) : "-"),10}  {TerminalText.Safe(entry.Name)}");
                }

                session.Report(run);
                return;
            }

            var lines = new List<Line>();
            await foreach (var entry in DirectoryReader.ListAsync(source, end.Cid, run.Cancellation).ConfigureAwait(false))
            {
                lines.Add(new Line(entry, run.Get(full) ? await UnixFsExporter.StatAsync(source, entry.Cid, run.Cancellation).ConfigureAwait(false) : null));
            }

            var columns = new List<Column<Line>>
            {
                new("cid", l => l.Entry.Cid.ToString()),
                new("dagBytes", l => l.Entry.DagBytes, l => l.Entry.DagBytes is { } bytes ? Human.Size((long)Math.Min(bytes, long.MaxValue)) : "-", AlignRight: true),
            };
            if (run.Get(full))
            {
                columns.Add(new("kind", l => StatCommand.KindName(l.Info!.Kind)));
                columns.Add(new("bytes", l => l.Info!.FileBytes, AlignRight: true));
            }

            columns.Add(new("name", l => l.Entry.Name));
            run.Results.List(lines, columns);
            session.Report(run);
        });
        return command;
    }
}
