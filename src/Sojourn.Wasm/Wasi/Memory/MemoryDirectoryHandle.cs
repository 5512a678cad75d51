using System.Text;

namespace Sojourn.Wasm.Wasi;

/// <summary>An open directory in memory.</summary>
internal sealed class MemoryDirectoryHandle : DirectoryHandle
{
    private readonly MemoryVolume _volume;
    private readonly MemoryDirectory _directory;
    private readonly WasiClock? _clock;
    private readonly bool _isBase;

    /// <param name="volume">The file system.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="clock">Gives the times of files.</param>
    /// <param name="isBase">Whether the guest may not know what lies above.</param>
    public MemoryDirectoryHandle(MemoryVolume volume, MemoryDirectory directory, WasiClock? clock, bool isBase)
    {
        _volume = volume;
        _directory = directory;
        _clock = clock;
        _isBase = isBase;
    }

    public static void Apply(MemoryNode node, TimesUpdate times, ulong now)
    {
        node.Access = times.Access ?? node.Access;
        node.Modify = times.Modify ?? node.Modify;
        node.Change = now;
    }

    public override Errno Stat(out Filestat stat)
    {
        lock (_volume.Gate)
        {
            stat = _directory.Stat();
            return Errno.Success;
        }
    }

    public override Errno SetTimes(TimesUpdate times)
    {
        lock (_volume.Gate)
        {
            Apply(_directory, times, Now());
            return Errno.Success;
        }
    }

    public override Errno Open(string path, in OpenRequest request, out WasiHandle? opened)
    {
        opened = null;
        lock (_volume.Gate)
        {
            var create = request.Flags.HasFlag(OpenFlags.Create);
            var exclusive = create && request.Flags.HasFlag(OpenFlags.Exclusive);
            var errno = MemoryVolume.Resolve(_directory, path, request.Follow && !exclusive, out var place);
            if (errno != Errno.Success)
            {
                return errno;
            }

            switch (place.Node)
            {
                case null:
                    return create ? Create(place, request, out opened) : Errno.NoEnt;
                case var _ when exclusive:
                    return Errno.Exist;
                case MemoryLink:
                    return request.Flags.HasFlag(OpenFlags.Directory) ? Errno.NotDir : Errno.Loop;
                case MemoryDirectory directory:
                    if (request.Write || create || request.Flags.HasFlag(OpenFlags.Truncate))
                    {
                        return Errno.IsDir;
                    }

                    opened = new MemoryDirectoryHandle(_volume, directory, _clock, isBase: _isBase && directory == _directory);
                    return Errno.Success;
                case MemoryFile file:
                    if (request.Flags.HasFlag(OpenFlags.Directory))
                    {
                        return Errno.NotDir;
                    }

                    if (request.ReadOnlyFileSystem && (request.Write || request.Flags.HasFlag(OpenFlags.Truncate)))
                    {
                        return Errno.RoFs;
                    }

                    if (request.Flags.HasFlag(OpenFlags.Truncate))
                    {
                        _volume.TryResize(file.Size, 0);
                        file.SetSize(0);
                        file.Modify = file.Change = Now();
                    }

                    opened = new MemoryFileHandle(_volume, file, _clock);
                    return Errno.Success;
                default:
                    return Errno.Io;
            }
        }
    }

    public override Errno CreateDirectory(string path)
    {
        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, path, follow: false, out var place);
            if (place.Node is not null && errno is Errno.Success or Errno.NotDir)
            {
                return Errno.Exist;
            }

            if (errno != Errno.Success)
            {
                return errno;
            }

            if (!_volume.TryTakeNode(out var inode))
            {
                return Errno.NoSpc;
            }

            var made = new MemoryDirectory(inode, Now()) { Links = 2, Parent = place.Directory };
            place.Directory.Entries.Add(place.Name, made);
            place.Directory.Links++;
            Touch(place.Directory);
            return Errno.Success;
        }
    }

    public override Errno RemoveDirectory(string path)
    {
        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, path, follow: false, out var place);
            if (errno != Errno.Success)
            {
                return errno;
            }

            if (place.IsDot)
            {
                return place.Name == "." ? Errno.Inval : Errno.NotEmpty;
            }

            if (place.Node is null)
            {
                return Errno.NoEnt;
            }

            if (place.Node is not MemoryDirectory directory)
            {
                return Errno.NotDir;
            }

            if (directory.Entries.Count > 0)
            {
                return Errno.NotEmpty;
            }

            if (directory == _volume.Root)
            {
                return Errno.Busy;
            }

            Detach(place.Directory, place.Name, directory);
            Touch(place.Directory);
            return Errno.Success;
        }
    }

    public override Errno UnlinkFile(string path)
    {
        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, path, follow: false, out var place);
            if (errno != Errno.Success)
            {
                return errno;
            }

            if (place.Node is null)
            {
                return Errno.NoEnt;
            }

            if (place.Node is MemoryDirectory)
            {
                return Errno.IsDir;
            }

            place.Node.Change = Now();
            Detach(place.Directory, place.Name, place.Node);
            Touch(place.Directory);
            return Errno.Success;
        }
    }

    public override Errno CreateSymbolicLink(string target, string path)
    {
        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, path, follow: false, out var place);
            if (place.Node is not null && errno is Errno.Success or Errno.NotDir)
            {
                return Errno.Exist;
            }

            if (errno != Errno.Success)
            {
                return errno;
            }

            if (place.MustBeDirectory)
            {
                return Errno.NoEnt;
            }

            if (!_volume.TryTakeNode(out var inode))
            {
                return Errno.NoSpc;
            }

            place.Directory.Entries.Add(place.Name, new MemoryLink(inode, Now(), target));
            Touch(place.Directory);
            return Errno.Success;
        }
    }

    public override Errno ReadLink(string path, out byte[] target)
    {
        target = [];
        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, path, follow: false, out var place);
            if (errno != Errno.Success)
            {
                return errno;
            }

            switch (place.Node)
            {
                case null:
                    return Errno.NoEnt;
                case MemoryLink link:
                    target = Encoding.UTF8.GetBytes(link.Target);
                    return Errno.Success;
                default:
                    return Errno.Inval;
            }
        }
    }

    public override Errno StatPath(string path, bool follow, out Filestat stat)
    {
        stat = default;
        lock (_volume.Gate)
        {
            var errno = Find(path, follow, out var node);
            if (errno == Errno.Success)
            {
                stat = node!.Stat();
            }

            return errno;
        }
    }

    public override Errno SetPathTimes(string path, bool follow, TimesUpdate times)
    {
        lock (_volume.Gate)
        {
            var errno = Find(path, follow, out var node);
            if (errno == Errno.Success)
            {
                Apply(node!, times, Now());
            }

            return errno;
        }
    }

    public override Errno Link(string oldPath, bool follow, DirectoryHandle newBase, string newPath)
    {
        if (newBase is not MemoryDirectoryHandle target || target._volume != _volume)
        {
            return Errno.XDev;
        }

        lock (_volume.Gate)
        {
            var errno = Find(oldPath, follow, out var node);
            if (errno != Errno.Success)
            {
                return errno;
            }

            errno = MemoryVolume.Resolve(target._directory, newPath, follow: false, out var place);
            if (place.Node is not null && errno is Errno.Success or Errno.NotDir)
            {
                return Errno.Exist;
            }

            if (errno != Errno.Success)
            {
                return errno;
            }

            if (node is MemoryDirectory)
            {
                return Errno.Perm;
            }

            if (place.MustBeDirectory)
            {
                return Errno.NoEnt;
            }

            if (!_volume.TryTakeName())
            {
                return Errno.NoSpc;
            }

            node!.Links++;
            node.Change = Now();
            place.Directory.Entries.Add(place.Name, node);
            Touch(place.Directory);
            return Errno.Success;
        }
    }

    public override Errno Rename(string oldPath, DirectoryHandle newBase, string newPath)
    {
        if (newBase is not MemoryDirectoryHandle target || target._volume != _volume)
        {
            return Errno.XDev;
        }

        lock (_volume.Gate)
        {
            var errno = MemoryVolume.Resolve(_directory, oldPath, follow: false, out var from);
            if (errno != Errno.Success)
            {
                return errno;
            }

            errno = MemoryVolume.Resolve(target._directory, newPath, follow: false, out var to);
            if (errno != Errno.Success)
            {
                return errno;
            }

            return from.IsDot || to.IsDot ? Errno.Busy : Rename(from, to);
        }
    }

    private Errno Rename(in Place from, in Place to)
    {
        if (from.Node is null)
        {
            return Errno.NoEnt;
        }

        // Two names of one file: nothing to do (POSIX rename).
        if (from.Node == to.Node)
        {
            return Errno.Success;
        }

        if (from.Node is MemoryDirectory moved)
        {
            for (var above = to.Directory; ; above = above.Parent)
            {
                if (above == moved)
                {
                    return Errno.Inval;
                }

                if (above.Parent is null || above.Parent == above)
                {
                    break;
                }
            }

            switch (to.Node)
            {
                case MemoryDirectory { Entries.Count: > 0 }:
                    return Errno.NotEmpty;
                case not null and not MemoryDirectory:
                    return Errno.NotDir;
                default:
                    break;
            }
        }
        else if (to.Node is MemoryDirectory)
        {
            return Errno.IsDir;
        }
        else if (to.MustBeDirectory)
        {
            return Errno.NotDir;
        }

        if (to.Node is not null)
        {
            Detach(to.Directory, to.Name, to.Node);
        }

        from.Directory.Entries.Remove(from.Name);
        to.Directory.Entries.Add(to.Name, from.Node);
        if (from.Node is MemoryDirectory directory)
        {
            from.Directory.Links--;
            to.Directory.Links++;
            directory.Parent = to.Directory;
        }

        from.Node.Change = Now();
        Touch(from.Directory);
        Touch(to.Directory);
        return Errno.Success;
    }

    public override Errno List(int entriesMax, out DirectoryEntry[] entries)
    {
        lock (_volume.Gate)
        {
            entries = [];
            if (_directory.Entries.Count > entriesMax - 2)
            {
                return Errno.NoMem;
            }

            var above = _isBase ? _directory : _directory.Parent ?? _directory;
            var list = new List<DirectoryEntry>(_directory.Entries.Count + 2)
            {
                new("."u8.ToArray(), _directory.Inode, FileType.Directory),
                new(".."u8.ToArray(), above.Inode, FileType.Directory),
            };
            foreach (var (name, node) in _directory.Entries)
            {
                list.Add(new DirectoryEntry(Encoding.UTF8.GetBytes(name), node.Inode, node.Type));
            }

            list.Sort(2, list.Count - 2, EntryOrder.Instance);
            entries = [.. list];
            return Errno.Success;
        }
    }

    private Errno Create(in Place place, in OpenRequest request, out WasiHandle? opened)
    {
        opened = null;
        if (request.Flags.HasFlag(OpenFlags.Directory))
        {
            return Errno.Inval;
        }

        if (place.MustBeDirectory)
        {
            return Errno.IsDir;
        }

        if (request.ReadOnlyFileSystem)
        {
            return Errno.RoFs;
        }

        if (!_volume.TryTakeNode(out var inode))
        {
            return Errno.NoSpc;
        }

        var file = new MemoryFile(inode, Now());
        place.Directory.Entries.Add(place.Name, file);
        Touch(place.Directory);
        opened = new MemoryFileHandle(_volume, file, _clock);
        return Errno.Success;
    }

    private Errno Find(string path, bool follow, out MemoryNode? node)
    {
        var errno = MemoryVolume.Resolve(_directory, path, follow, out var place);
        node = place.Node;
        return errno != Errno.Success ? errno : node is null ? Errno.NoEnt : Errno.Success;
    }

    private void Detach(MemoryDirectory directory, string name, MemoryNode node)
    {
        directory.Entries.Remove(name);
        if (node is MemoryDirectory removed)
        {
            // Its own name and its dot go; what still has it open finds it dead.
            removed.Parent = null;
            removed.Links--;
            directory.Links--;
        }

        _volume.ReleaseName(node);
    }

    private void Touch(MemoryDirectory directory) => directory.Modify = directory.Change = Now();

    private ulong Now() => _clock?.PeekRealtime() ?? 0;
}
