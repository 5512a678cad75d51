namespace Sojourn.Wasm.Wasi;

/// <summary>The tree and the accounts of one in-memory file system. Every member is used under <see cref="Gate"/>.</summary>
internal sealed class MemoryVolume
{
    /// <summary>The device number files in memory show.</summary>
    public const ulong Device = 1;

    /// <summary>Symbolic links followed in one lookup, as on Linux.</summary>
    public const int LinksFollowedMax = 40;

    private readonly long _bytesMax;
    private readonly int _nodesMax;
    private ulong _lastInode;
    private int _nodes;

    public MemoryVolume(InMemoryFileSystemOptions options)
    {
        _bytesMax = options.BytesMax;
        _nodesMax = options.NodesMax;
        Root = new MemoryDirectory(++_lastInode, 0) { Links = 2 };
        Root.Parent = Root;
    }

    public Lock Gate { get; } = new();

    public MemoryDirectory Root { get; }

    public long BytesUsed { get; private set; }

    /// <summary>Takes room for a new name and gives the number of the node.</summary>
    public bool TryTakeNode(out ulong inode)
    {
        inode = 0;
        if (!TryTakeName())
        {
            return false;
        }

        inode = ++_lastInode;
        return true;
    }

    public bool TryTakeName()
    {
        if (_nodes >= _nodesMax)
        {
            return false;
        }

        _nodes++;
        return true;
    }

    /// <summary>Takes room for a file to change its size.</summary>
    public bool TryResize(ulong from, ulong to)
    {
        if (to > from && (to - from > (ulong)_bytesMax || BytesUsed + (long)(to - from) > _bytesMax))
        {
            return false;
        }

        BytesUsed += (long)to - (long)from;
        return true;
    }

    /// <summary>Gives the room of a name back, and with the last name and descriptor that of the bytes.</summary>
    public void ReleaseName(MemoryNode node)
    {
        _nodes--;
        node.Links--;
        ReleaseBytes(node);
    }

    public void Close(MemoryNode node)
    {
        node.Opened--;
        ReleaseBytes(node);
    }

    private void ReleaseBytes(MemoryNode node)
    {
        if (node is MemoryFile { Links: 0, Opened: 0 } file)
        {
            BytesUsed -= (long)file.Size;
            file.SetSize(0);
        }
    }

    /// <summary>Walks a path below a directory.</summary>
    /// <param name="origin">Where it starts, and what it may not leave.</param>
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a symbolic link at its end is followed.</param>
    /// <param name="found">The place.</param>
    /// <returns>Success also when only the last name is missing.</returns>
    public static Errno Resolve(MemoryDirectory origin, string path, bool follow, out Place found)
    {
        found = default;
        if (path.Length == 0)
        {
            return Errno.NoEnt;
        }

        if (path[0] == '/')
        {
            return Errno.NotCapable;
        }

        var linksLeft = LinksFollowedMax;
        var current = origin;
        var rest = new Stack<string>();
        var mustBeDirectory = Push(rest, path);
        var trailingSlash = mustBeDirectory;
        // A dot at the end names a directory, but not by a name that could be made or removed.
        var last = new Place(origin, ".", origin, trailingSlash, IsDot: true);

        while (rest.TryPop(out var name))
        {
            var isLast = rest.Count == 0;
            if (name == ".")
            {
                last = new Place(current, name, current, mustBeDirectory, IsDot: true);
                continue;
            }

            if (name == "..")
            {
                if (current == origin)
                {
                    return Errno.NotCapable;
                }

                if (current.Parent is not { } parent)
                {
                    return Errno.NoEnt;
                }

                current = parent;
                last = new Place(current, name, current, mustBeDirectory, IsDot: true);
                continue;
            }

            if (System.Text.Encoding.UTF8.GetByteCount(name) > GuestPath.MaxNameBytes)
            {
                return Errno.NameTooLong;
            }

            // A directory that was removed has no parent and takes no names.
            if (current.Parent is null)
            {
                return Errno.NoEnt;
            }

            current.Entries.TryGetValue(name, out var node);
            if (node is MemoryLink link && (!isLast || follow || trailingSlash))
            {
                if (linksLeft-- == 0)
                {
                    return Errno.Loop;
                }

                if (link.Target.StartsWith('/'))
                {
                    return Errno.NotCapable;
                }

                mustBeDirectory |= Push(rest, link.Target) && isLast;
                if (rest.Count == 0)
                {
                    return Errno.NoEnt;
                }

                if (rest.Count > GuestPath.MaxPathBytes)
                {
                    return Errno.NameTooLong;
                }

                continue;
            }

            last = new Place(current, name, node, mustBeDirectory, IsDot: false);
            if (isLast)
            {
                break;
            }

            if (node is null)
            {
                return Errno.NoEnt;
            }

            if (node is not MemoryDirectory directory)
            {
                return Errno.NotDir;
            }

            current = directory;
        }

        found = last;
        return last.MustBeDirectory && last.Node is not null and not MemoryDirectory ? Errno.NotDir : Errno.Success;
    }

    /// <summary>Puts the names of a path before those that are left; tells whether it ended in a slash.</summary>
    private static bool Push(Stack<string> rest, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            rest.Push(parts[i]);
        }

        return path.EndsWith('/');
    }
}

/// <summary>Where a path led: a directory, a name in it, and what has that name, if anything.</summary>
/// <param name="Directory">The directory of the last name.</param>
/// <param name="Name">The last name.</param>
/// <param name="Node">What it names, or <see langword="null"/>.</param>
/// <param name="MustBeDirectory">Whether the path ended in a slash.</param>
/// <param name="IsDot">Whether the last name was <c>.</c> or <c>..</c>, which name a directory but are no entry.</param>
internal readonly record struct Place(MemoryDirectory Directory, string Name, MemoryNode? Node, bool MustBeDirectory, bool IsDot);
