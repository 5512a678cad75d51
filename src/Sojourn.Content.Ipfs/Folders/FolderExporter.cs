using Sojourn.Content.Directories;
using Sojourn.Content.Export;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Folders;

/// <summary>What an export did.</summary>
/// <param name="Files">Files written.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="SkippedLinks">Symbolic links that were not made, since they lead out of the folder.</param>
public sealed record FolderExportResult(long Files, long Bytes, IReadOnlyList<string> SkippedLinks);

/// <summary>A file is to be written where something is already.</summary>
/// <param name="path">Where.</param>
public sealed class TargetExistsException(string path) : IOException($"{path} exists already")
{
    /// <summary>Where.</summary>
    public string Target { get; } = path;
}

/// <summary>Writes content as files and folders. Nothing is written outside the target, and a file, and a folder that was not there before, gets its name only when it is whole.</summary>
public static class FolderExporter
{
    /// <summary>Exports a file, a folder or a symbolic link.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="root">What.</param>
    /// <param name="target">Where; for a folder it may exist and be empty.</param>
    /// <param name="overwrite">Whether files that exist are replaced.</param>
    /// <param name="options">Read-ahead.</param>
    /// <param name="onBytes">Told the bytes written since the last call, or null.</param>
    /// <param name="cancellationToken">Gives up; the file being written is removed.</param>
    /// <exception cref="ContentException">A block is missing or malformed, or a name is unsafe.</exception>
    /// <exception cref="IOException">Something exists already, or cannot be written.</exception>
    public static async Task<FolderExportResult> ExportAsync(IBlockSource source, Cid root, string target, bool overwrite, ExportOptions options, Action<long>? onBytes, CancellationToken cancellationToken)
    {
        target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (Path.Exists(target))
        {
            return await IntoAsync(source, root, target, overwrite, options, onBytes, cancellationToken).ConfigureAwait(false);
        }

        // A folder gets its name only when it is whole, too: half of one looks like one.
        var partial = $"{target}.{Guid.NewGuid():N}.partial";
        try
        {
            var result = await IntoAsync(source, root, partial, overwrite, options, onBytes, cancellationToken).ConfigureAwait(false);
            if (Directory.Exists(partial) && new DirectoryInfo(partial).LinkTarget is null)
            {
                Directory.Move(partial, target);
            }
            else if (Path.Exists(partial))
            {
                File.Move(partial, target, overwrite);
            }

            return result;
        }
        finally
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }
            else
            {
                File.Delete(partial);
            }
        }
    }

    private static async Task<FolderExportResult> IntoAsync(IBlockSource source, Cid root, string target, bool overwrite, ExportOptions options, Action<long>? onBytes, CancellationToken cancellationToken)
    {
        long files = 0, bytes = 0;
        var skipped = new List<string>();
        var times = new List<(string Path, UnixFsInfo Info)>();
        await foreach (var entry in TreeWalker.WalkAsync(source, root, cancellationToken).ConfigureAwait(false))
        {
            var path = entry.Path.Length == 0 ? target : Path.Combine(target, entry.Path.Replace('/', Path.DirectorySeparatorChar));
            switch (entry.Info.Kind)
            {
                case UnixFsKind.Directory or UnixFsKind.ShardedDirectory:
                    if (File.Exists(path))
                    {
                        throw new IOException($"{path} is a file; a folder is to be written there");
                    }

                    Directory.CreateDirectory(path);
                    times.Add((path, entry.Info));
                    break;
                case UnixFsKind.File:
                    bytes += await FileAsync(source, entry.Info, path, overwrite, options, onBytes, cancellationToken).ConfigureAwait(false);
                    files++;
                    break;
                case UnixFsKind.Symlink when StaysInside(target, path, entry.Info.Target!):
                    if (overwrite)
                    {
                        File.Delete(path);
                    }

                    File.CreateSymbolicLink(path, entry.Info.Target!);
                    break;
                case UnixFsKind.Symlink:
                    skipped.Add($"{entry.Path} -> {entry.Info.Target}");
                    break;
                default:
                    throw new ContentException(ContentFault.NotAFile, $"{entry.Info.Cid} at '{entry.Path}' is neither file nor folder.", entry.Info.Cid);
            }
        }

        // Folders last: writing into them would change their times, and a mode may forbid it.
        foreach (var (path, info) in Enumerable.Reverse(times))
        {
            Restore(path, info);
        }

        return new FolderExportResult(files, bytes, skipped);
    }

    private static async Task<long> FileAsync(IBlockSource source, UnixFsInfo info, string path, bool overwrite, ExportOptions options, Action<long>? onBytes, CancellationToken cancellationToken)
    {
        if (!overwrite && (File.Exists(path) || Directory.Exists(path)))
        {
            throw new TargetExistsException(path);
        }

        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            long written = 0;
            await using (var stream = new FileStream(partial, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, PreallocationSize = 0 }))
            {
                await foreach (var piece in UnixFsExporter.ReadAsync(source, info.Cid, default, options with { Recycle = true }, cancellationToken).ConfigureAwait(false))
                {
                    await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
                    written += piece.Length;
                    onBytes?.Invoke(piece.Length);
                }
            }

            Restore(partial, info);
            File.Move(partial, path, overwrite);
            return written;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static void Restore(string path, UnixFsInfo info)
    {
        if (info.ModifiedAt is { } time)
        {
            var ticks = (long)(time.Nanoseconds ?? 0) / 100;
            if (time.Seconds is > -62_135_596_800 and < 253_402_300_800)
            {
                File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(time.Seconds).AddTicks(ticks));
            }
        }

        // Set-user, set-group and sticky bits of a stranger are not for this machine.
        if (info.Mode is { } mode && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)(mode & 0b111_111_111));
        }
    }

    private static bool StaysInside(string root, string link, string target)
    {
        if (target.Length == 0 || Path.IsPathRooted(target) || link == root)
        {
            return false;
        }

        // A step up after a name could start from where another link leads: only leading ones are plain to see.
        if (target.Split('/').SkipWhile(part => part is ".." or "." or "").Contains(".."))
        {
            return false;
        }

        var end = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(link)!, target));
        return end == root || end.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}
