using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Export;

namespace Sojourn.Cli.Content;

/// <summary>Tells a person who asks for what a thing does not have what the thing is. Whether its bytes are in order is for the walk to say.</summary>
internal static class Kinds
{
    /// <summary>Refuses what is no file.</summary>
    public static void RequireFile(Block block)
    {
        var info = UnixFsExporter.Describe(block);
        if (info.Kind != UnixFsKind.File)
        {
            throw Wrong(info, "file", info.IsDirectory ? $"List it with: sojourn content ls {info.Cid}, or write it to disk with: sojourn content get {info.Cid}" : null);
        }
    }

    /// <summary>Refuses what is no folder.</summary>
    public static void RequireFolder(Block block)
    {
        var info = UnixFsExporter.Describe(block);
        if (!info.IsDirectory)
        {
            throw Wrong(info, "folder", info.Kind == UnixFsKind.File ? $"Write its bytes with: sojourn content cat {info.Cid}" : null);
        }
    }

    private static CliException Wrong(UnixFsInfo info, string wanted, string? hint) => new(
        ExitCode.Usage,
        $"{info.Cid} is {What(info)}, not a {wanted}",
        hint ?? (info.Kind == UnixFsKind.Symlink ? "Name what the link leads to." : $"See: sojourn content stat {info.Cid}"));

    private static string What(UnixFsInfo info) => info.Kind switch
    {
        UnixFsKind.File => "a file",
        UnixFsKind.Symlink => $"a symbolic link to '{info.Target}'",
        UnixFsKind.Object => $"a {StatCommand.CodecName(info.Cid.Codec)} object",
        _ => "a folder",
    };
}
