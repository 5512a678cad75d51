using System.Text;
using Sojourn.Content.Codecs;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Folders;

/// <summary>How files and folders of this machine become content.</summary>
public sealed record FolderImportOptions
{
    /// <summary>What decides the CIDs.</summary>
    public ImportProfile Profile { get; init; } = ImportProfile.UnixFsV1Of2025;

    /// <summary>Whether names that begin with a dot are taken too.</summary>
    public bool Hidden { get; init; }

    /// <summary>Whether permission bits are recorded; they change the CID.</summary>
    public bool PreserveMode { get; init; }

    /// <summary>Whether modification times are recorded; they change the CID.</summary>
    public bool PreserveTime { get; init; }

    /// <summary>Told the bytes of content read since the last call, or null.</summary>
    public Action<long>? OnBytes { get; init; }
}

/// <summary>Imports a file, or a folder with everything below it. Symbolic links are kept as such and never followed.</summary>
public static class FolderImporter
{
    private const int DepthMax = 256;

    /// <summary>Imports.</summary>
    /// <param name="path">A file, folder or symbolic link.</param>
    /// <param name="sink">Where blocks go; null to compute the CID alone.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">Something cannot be read.</exception>
    public static ValueTask<ImportResult> ImportAsync(string path, IBlockSink? sink, FolderImportOptions options, CancellationToken cancellationToken)
        => ImportAsync(path, sink, options, 0, cancellationToken);

    /// <summary>The bytes of all files that an import would read.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="hidden">Whether names that begin with a dot count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static long Measure(string path, bool hidden, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            return new FileInfo(path).Length;
        }

        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | (hidden ? FileAttributes.None : FileAttributes.Hidden), IgnoreInaccessible = true };
        return new DirectoryInfo(path).EnumerateFiles("*", all).TakeWhile(_ => !cancellationToken.IsCancellationRequested).Sum(file => file.Length);
    }

    private static async ValueTask<ImportResult> ImportAsync(string path, IBlockSink? sink, FolderImportOptions options, int depth, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var attributes = File.GetAttributes(path);
        if (attributes.HasFlag(FileAttributes.ReparsePoint) && (new FileInfo(path).LinkTarget ?? new DirectoryInfo(path).LinkTarget) is { } target)
        {
            return await LinkAsync(target, sink, options, cancellationToken).ConfigureAwait(false);
        }

        var mode = options.PreserveMode && !OperatingSystem.IsWindows() ? (uint)File.GetUnixFileMode(path) : (uint?)null;
        var time = options.PreserveTime ? Time(File.GetLastWriteTimeUtc(path)) : null;
        if (!attributes.HasFlag(FileAttributes.Directory))
        {
            return await FileAsync(path, sink, options, mode, time, cancellationToken).ConfigureAwait(false);
        }

        if (depth >= DepthMax)
        {
            throw new IOException($"{path} lies deeper than {DepthMax} folders");
        }

        using var builder = new DirectoryBuilder(options.Profile, Scratch, mode, time);
        ulong content = 0;
        long blocks = 0;
        var names = Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry))
            .Where(name => options.Hidden || !name.StartsWith('.')).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            var child = await ImportAsync(Path.Combine(path, name), sink, options, depth + 1, cancellationToken).ConfigureAwait(false);
            builder.Add(name, child.Root, child.DagBytes);
            content += child.FileBytes;
            blocks += child.Blocks;
        }

        var made = await builder.FinishAsync(sink, cancellationToken).ConfigureAwait(false);
        return made with { FileBytes = content, Blocks = made.Blocks + blocks };
    }

    private static async ValueTask<ImportResult> FileAsync(string path, IBlockSink? sink, FolderImportOptions options, uint? mode, UnixTime? time, CancellationToken cancellationToken)
    {
        long told = 0;
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        return await UnixFsImporter.ImportAsync(
            stream,
            sink,
            new ImportOptions
            {
                Profile = options.Profile,
                Mode = mode,
                ModifiedAt = time,
                Progress = options.OnBytes is null ? null : done =>
                {
                    options.OnBytes(done - told);
                    told = done;
                },
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<ImportResult> LinkAsync(string target, IBlockSink? sink, FolderImportOptions options, CancellationToken cancellationToken)
    {
        var data = new UnixFsData { Type = UnixFsType.Symlink, Data = Encoding.UTF8.GetBytes(target) };
        var bytes = DagPb.Encode(data.Encode(), []);
        var one = Cid.For(Multicodec.DagPb, bytes);
        var block = new Block(options.Profile.CidVersion == 0 && one.TryToVersion0(out var zero) ? zero : one, bytes);
        if (sink is not null)
        {
            await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        }

        return new ImportResult(block.Cid, 0, (ulong)bytes.Length, 1);
    }

    private static UnixTime? Time(DateTime utc)
    {
        var ticks = (utc - DateTime.UnixEpoch).Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        return rest < 0 ? new UnixTime(seconds - 1, (uint)((rest + TimeSpan.TicksPerSecond) * 100)) : new UnixTime(seconds, rest == 0 ? null : (uint)(rest * 100));
    }

    private static FileStream Scratch()
        => new(Path.Combine(Path.GetTempPath(), $"sojourn-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
}
