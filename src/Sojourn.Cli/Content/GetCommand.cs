using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;
using Sojourn.Content.Ipfs.Folders;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content get</c>.</summary>
internal static class GetCommand
{
    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var target = new Option<string?>("--to", "-t") { Description = "Where to write; else the path's last name in the current folder.", HelpName = "path" };
        var force = new Option<bool>("--force", "-f") { Description = "Replace files that exist." };
        var sources = new SourceOptions();
        var command = new Command("get", "Write a file or folder to this machine's disk, every block verified.") { path, target, force };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            var source = session.SourceFor(new DagRequest(content));
            var end = await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false);
            var to = run.Get(target) ?? (content.Segments is [.., var last] && Sojourn.Content.Directories.EntryName.IsSafe(last) ? last : end.Cid.ToString());
            FolderExportResult result;
            using (var progress = run.Progress("getting", end.Block.Cid.Codec == Sojourn.Primitives.Multicodec.DagPb ? Sojourn.Content.Export.UnixFsExporter.Describe(end.Block).FileBytes : 0))
            {
                result = await FolderExporter.ExportAsync(source, end.Cid, to, run.Get(force), session.Reading, progress.Advance, run.Cancellation).ConfigureAwait(false);
            }

            foreach (var link in result.SkippedLinks)
            {
                run.Warn($"symbolic link not made, since it leads out of the folder: {link}");
            }

            session.Report(run);
            run.Note($"{to}: {result.Files} file{(result.Files == 1 ? "" : "s")}, {Human.Size(result.Bytes)}");
        });
        return command;
    }
}
