using System.Runtime.CompilerServices;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Primitives;

namespace Sojourn.Content.Directories;

/// <summary>One thing in a tree of directories.</summary>
/// <param name="Path">The names from the root, joined by slashes; empty for the root itself. Every name is safe.</param>
/// <param name="Info">What it is.</param>
public sealed record TreeEntry(string Path, UnixFsInfo Info);

/// <summary>Walks a directory tree for extraction: parents before children, safe names only, no name twice.</summary>
public static class TreeWalker
{
    /// <summary>How deep directories may nest.</summary>
    public const int DepthMax = 256;

    /// <summary>Walks from a root.</summary>
    /// <param name="source">Where verified blocks come from.</param>
    /// <param name="root">A directory, file or symlink.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">A name is unsafe or occurs twice, a block is missing or malformed, or directories nest too deep.</exception>
    public static async IAsyncEnumerable<TreeEntry> WalkAsync(IBlockSource source, Cid root, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var info = await UnixFsExporter.StatAsync(source, root, cancellationToken).ConfigureAwait(false);
        yield return new TreeEntry("", info);
        if (!info.IsDirectory)
        {
            yield break;
        }

        var open = new Stack<Folder>();
        open.Push(new Folder("", info, source, cancellationToken));
        try
        {
            while (open.Count > 0)
            {
                var folder = open.Peek();
                if (!await folder.Entries.MoveNextAsync().ConfigureAwait(false))
                {
                    await open.Pop().Entries.DisposeAsync().ConfigureAwait(false);
                    continue;
                }

                var entry = folder.Accept(folder.Entries.Current);
                var path = folder.Path.Length == 0 ? entry.Name : $"{folder.Path}/{entry.Name}";
                info = await UnixFsExporter.StatAsync(source, entry.Cid, cancellationToken).ConfigureAwait(false);
                yield return new TreeEntry(path, info);
                if (info.IsDirectory)
                {
                    if (open.Count >= DepthMax)
                    {
                        throw new ContentException(ContentFault.DepthExceeded, $"The directories below {root} nest deeper than {DepthMax}.", root);
                    }

                    open.Push(new Folder(path, info, source, cancellationToken));
                }
            }
        }
        finally
        {
            foreach (var folder in open)
            {
                await folder.Entries.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private sealed class Folder(string path, UnixFsInfo info, IBlockSource source, CancellationToken cancellationToken)
    {
        // A plain directory is one block, so its names fit into memory; a shard cannot hold a name twice.
        private readonly HashSet<string>? _names = info.Kind == UnixFsKind.Directory ? new(StringComparer.Ordinal) : null;

        public string Path { get; } = path;

        public IAsyncEnumerator<DirectoryEntry> Entries { get; } = DirectoryReader.ListAsync(source, info.Cid, cancellationToken).GetAsyncEnumerator(cancellationToken);

        public DirectoryEntry Accept(DirectoryEntry entry)
        {
            if (!EntryName.IsSafe(entry.Name))
            {
                throw new ContentException(ContentFault.UnsafeName, $"The directory {info.Cid} has an entry named '{entry.Name}', which could lead out of its folder.", info.Cid);
            }

            return _names is null || _names.Add(entry.Name)
                ? entry
                : throw new ContentException(ContentFault.DuplicateName, $"The directory {info.Cid} has the name '{entry.Name}' twice.", info.Cid);
        }
    }
}
