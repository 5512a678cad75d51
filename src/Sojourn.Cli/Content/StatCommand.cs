using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content stat</c>.</summary>
internal static class StatCommand
{
    private sealed record Facts(UnixFsInfo Info, bool IsHeld, long? Blocks, long? Bytes);

    public static Command Create()
    {
        var path = ContentOptions.PathArgument();
        var whole = new Option<bool>("--whole") { Description = "Walk the whole graph: count and verify every block." };
        var sources = new SourceOptions();
        var command = new Command("stat", "Say what a CID names: kind, sizes, links.") { path, whole, OutputOption.Create() };
        sources.AddTo(command);
        command.SetRun(async run =>
        {
            var content = ContentSession.PathOf(run.Get(path)!);
            await using var session = ContentSession.Open(run, sources);
            var request = new DagRequest(content) { Scope = run.Get(whole) ? DagScope.All : DagScope.Block };
            var source = session.SourceFor(request);
            var end = await PathResolver.ResolveAsync(source, content, null, run.Cancellation).ConfigureAwait(false);
            long? blocks = null, bytes = null;
            if (run.Get(whole))
            {
                (blocks, bytes) = (0, 0);
                using var progress = run.Progress("walking");
                await foreach (var block in DagWalker.WalkAsync(source, new DagRequest(Sojourn.Content.ContentPath.Of(end.Cid)) { Duplicates = false }, run.Cancellation).ConfigureAwait(false))
                {
                    blocks++;
                    bytes += block.Data.Length;
                    progress.Advance(block.Data.Length);
                }
            }

            run.Results.One(
                new Facts(UnixFsExporter.Describe(end.Block), session.Store.Has(end.Cid), blocks, bytes),
                new Column<Facts>("cid", f => f.Info.Cid.ToString()),
                new Column<Facts>("kind", f => KindName(f.Info.Kind)),
                new Column<Facts>("codec", f => CodecName(f.Info.Cid.Codec)),
                new Column<Facts>("bytes", f => f.Info.FileBytes),
                new Column<Facts>("blockBytes", f => f.Info.BlockBytes),
                new Column<Facts>("dagBytes", f => f.Info.DagBytes),
                new Column<Facts>("links", f => f.Info.Links),
                new Column<Facts>("target", f => f.Info.Target, OnlyData: end.Block.Cid.Codec != Multicodec.DagPb),
                new Column<Facts>("mode", f => f.Info.Mode is { } mode ? Convert.ToString(mode, 8) : null),
                new Column<Facts>("modifiedAt", f => f.Info.ModifiedAt is { } time && time.Seconds is > -62_135_596_800 and < 253_402_300_800 ? JsonText.Instant(DateTimeOffset.FromUnixTimeSeconds(time.Seconds)) : null),
                new Column<Facts>("held", f => f.IsHeld),
                new Column<Facts>("wholeBlocks", f => f.Blocks, OnlyData: blocks is null),
                new Column<Facts>("wholeBytes", f => f.Bytes, OnlyData: blocks is null));
            session.Report(run);
        });
        return command;
    }

    /// <summary>The kind's name in output.</summary>
    public static string KindName(UnixFsKind kind) => kind switch
    {
        UnixFsKind.File => "file",
        UnixFsKind.Directory => "folder",
        UnixFsKind.ShardedDirectory => "sharded-folder",
        UnixFsKind.Symlink => "symlink",
        _ => "object",
    };

    /// <summary>The codec's name in output.</summary>
    public static string CodecName(Multicodec codec) => codec switch
    {
        Multicodec.Raw => "raw",
        Multicodec.DagPb => "dag-pb",
        Multicodec.DagCbor => "dag-cbor",
        Multicodec.DagJson => "dag-json",
        Multicodec.Cbor => "cbor",
        Multicodec.Json => "json",
        _ => string.Create(CultureInfo.InvariantCulture, $"0x{(ulong)codec:x}"),
    };
}
