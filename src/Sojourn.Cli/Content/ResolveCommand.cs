using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content resolve</c>.</summary>
internal static class ResolveCommand
{
    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var sources = new SourceOptions();
        var command = new Command("resolve", "Print the CID to which a path leads.") { path, OutputOption.Create() };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            var end = await PathResolver.ResolveAsync(session.SourceFor(new DagRequest(content) { Scope = DagScope.Block }), content, null, run.Cancellation).ConfigureAwait(false);
            if (run.Format == OutputFormat.Table)
            {
                run.Out.WriteLine(end.Remainder.Count == 0 ? end.Cid.ToString() : $"{end.Cid}/{TerminalText.Safe(string.Join('/', end.Remainder))}");
            }
            else
            {
                run.Results.One(end, new Column<ResolvedPath>("cid", e => e.Cid.ToString()), new Column<ResolvedPath>("remainder", e => string.Join('/', e.Remainder)));
            }

            session.Report(run);
        });
        return command;
    }
}
