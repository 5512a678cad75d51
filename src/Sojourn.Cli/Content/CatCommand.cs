using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content cat</c>.</summary>
internal static class CatCommand
{
    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var offset = ContentOptions.Size("--offset", "Where to begin.");
        var length = ContentOptions.Size("--length", "How much to write; else all that follows.");
        var sources = new SourceOptions();
        var command = new Command("cat", "Write a file's bytes, or a part of them, to standard output. Only verified bytes come out.") { path, offset, length };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            var (from, count) = (run.Get(offset) ?? 0, run.Get(length));
            EntityBytes? bytes = from == 0 && count is null ? null : new EntityBytes(from, count is null ? null : from + Math.Max(count.Value, 1) - 1);
            await using var session = ContentSession.Open(run, sources);
            var source = session.SourceFor(new DagRequest(content) { Scope = DagScope.Entity, Bytes = bytes });
            var end = await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false);
            Kinds.RequireFile(end.Block);
            await UnixFsExporter.CopyToAsync(source, end.Cid, run.OutBytes, new ByteRange(from, count), session.Reading, run.Cancellation).ConfigureAwait(false);
            await run.OutBytes.FlushAsync(run.Cancellation).ConfigureAwait(false);
            session.Report(run);
        });
        return command;
    }
}
