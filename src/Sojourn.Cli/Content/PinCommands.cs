using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content pin</c>, <c>unpin</c> and <c>pins</c>.</summary>
internal static class PinCommands
{
    public static Command Pin()
    {
        var path = ContentOptions.PathArgument();
        var name = ContentOptions.Name("The pin's name; several names may hold one root.");
        var sources = new SourceOptions();
        var command = new Command("pin", "Fetch what is missing of a graph, store it, and keep it from garbage collection.") { path, name };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            await using var writer = await session.Store.BeginWriteAsync(trustCaller: true, run.Cancellation).ConfigureAwait(false);
            long blocks = 0, fetched = 0;
            Cid root;
            using (var progress = run.Progress("pinning"))
            {
                var request = new DagRequest(content) { Duplicates = false };
                var source = session.HasRemotes
                    ? new KeepingSource(session.Store, session.RemoteFor(request), writer, bytes =>
                    {
                        progress.Advance(bytes);
                        fetched++;
                    })
                    : (IBlockSource)session.Store;
                root = (await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false)).Cid;
                await foreach (var block in DagWalker.WalkAsync(source, new DagRequest(ContentPath.Of(root)) { Duplicates = false }, run.Cancellation).ConfigureAwait(false))
                {
                    _ = block;
                    blocks++;
                }

                await writer.PinAsync(root, run.Get(name), DateTimeOffset.UtcNow, run.Cancellation).ConfigureAwait(false);
            }

            run.Out.WriteLine(root);
            run.Note($"pinned: {blocks} block{(blocks == 1 ? "" : "s")}, {fetched} fetched");
            session.Report(run);
        });
        return command;
    }

    public static Command Unpin()
    {
        var path = new Argument<string>("cid") { Description = "The pinned root." };
        var name = ContentOptions.Name("Remove the pin of this name; else the unnamed one.");
        var all = new Option<bool>("--all") { Description = "Remove every pin of this root, whatever its name." };
        var store = ContentOptions.Store();
        var command = new Command("unpin", "Let the next garbage collection delete a graph that nothing else holds.") { path, name, all, store };
        command.SetRun(run =>
        {
            var cid = Cid.Parse(run.Get(path)!);
            var pins = ContentSession.OpenStore(run.Get(store)).Pins;
            var held = pins.Of(cid);
            var chosen = run.Get(all) ? held : [.. held.Where(pin => pin.Name == run.Get(name))];
            if (chosen.Count == 0)
            {
                throw new CliException(
                    ExitCode.NotFound,
                    run.Get(name) is { } wanted ? $"{cid} has no pin named '{wanted}'" : $"{cid} has no unnamed pin",
                    held.Count > 0 ? $"It is pinned as: {string.Join(", ", held.Select(pin => pin.Name ?? "(unnamed)"))}. Use --name or --all." : "List pins with: sojourn content pins");
            }

            foreach (var pin in chosen)
            {
                pins.Remove(pin.Cid, pin.Name);
            }

            run.Note($"unpinned {cid}; its blocks go with the next: sojourn content gc");
            return Task.CompletedTask;
        });
        return command;
    }

    public static Command Pins()
    {
        var store = ContentOptions.Store();
        var command = new Command("pins", "List what is pinned.") { store, OutputOption.Create() };
        command.SetRun(run =>
        {
            var opened = ContentSession.OpenStore(run.Get(store));
            var pins = opened.Pins.List();
            run.Results.List(
                pins,
                new Column<Pin>("cid", p => p.Cid.ToString()),
                new Column<Pin>("createdAt", p => JsonText.Instant(p.CreatedAt)),
                new Column<Pin>("name", p => p.Name));
            if (pins.Count == 0 && run.Format == OutputFormat.Table)
            {
                run.Note($"nothing is pinned in {opened.Folder}; 'sojourn content add FILE' and 'sojourn content pin CID' pin");
            }

            return Task.CompletedTask;
        });
        return command;
    }
}
