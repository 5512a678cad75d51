using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>An open directory of the host. Names that are no UTF-8 are not shown to the guest, which could not name them.</summary>
internal sealed unsafe class HostDirectoryHandle(SafeFileHandle directory, bool isBase) : DirectoryHandle
{
    private const uint FileMode = 0x1b6;
    private const uint DirectoryMode = 0x1ff;
    private const int ListBytes = 32 << 10;

    public override Errno Stat(out Filestat stat) => HostNode.Stat(directory, out stat);

    public override Errno SetTimes(TimesUpdate times) => HostNode.SetTimes(directory, times);

    public override Errno Sync(bool dataOnly) => HostNode.Sync(directory, dataOnly);

    public override Errno Open(string path, in OpenRequest request, out WasiHandle? opened)
    {
        opened = null;
        if (request.Flags.HasFlag(OpenFlags.Create | OpenFlags.Directory))
        {
            return Errno.Inval;
        }

        if (request.ReadOnlyFileSystem && (request.Write || request.Flags.HasFlag(OpenFlags.Truncate)))
        {
            return RefuseWriting(path, request.Follow);
        }

        // Never block in open (a pipe without a writer would) and never gain a terminal.
        var flags = Libc.NonBlock | Libc.NoControllingTerminal
            | (request.Write ? request.Read ? Libc.ReadWrite : Libc.WriteOnly : Libc.ReadOnly)
            | (request.Follow ? 0 : Libc.NoFollow)
            | (request.Flags.HasFlag(OpenFlags.Directory) ? Libc.Directory : 0)
            | (request.Flags.HasFlag(OpenFlags.Truncate) ? Libc.Truncate : 0);
        if (request.Flags.HasFlag(OpenFlags.Create) && !request.ReadOnlyFileSystem)
        {
            flags |= Libc.Create | (request.Flags.HasFlag(OpenFlags.Exclusive) ? Libc.Exclusive : 0);
        }

        var errno = Beneath.Open(directory, path, flags, FileMode, out var file);
        if (errno != Errno.Success)
        {
            file.Dispose();
            return errno == Errno.NoEnt && request.ReadOnlyFileSystem && request.Flags.HasFlag(OpenFlags.Create) ? Errno.RoFs : errno;
        }

        if (request.ReadOnlyFileSystem && request.Flags.HasFlag(OpenFlags.Create | OpenFlags.Exclusive))
        {
            file.Dispose();
            return Errno.Exist;
        }

        errno = HostNode.Stat(file, out var stat);
        if (errno != Errno.Success)
        {
            file.Dispose();
            return errno;
        }

        opened = stat.Type switch
        {
            FileType.Directory => new HostDirectoryHandle(file, isBase && IsSame(stat)),
            FileType.RegularFile => new HostFileHandle(file),
            var type => new HostStreamHandle(file, type),
        };
        return Errno.Success;
    }

    public override Errno CreateDirectory(string path)
    {
        using var place = Parent(path);
        if (place.Errno != Errno.Success || place.IsDot)
        {
            return place.Errno != Errno.Success ? place.Errno : Errno.Exist;
        }

        fixed (byte* name = place.Name)
        {
            return Result(Libc.MkdirAt(place.Directory, name, DirectoryMode));
        }
    }

    public override Errno RemoveDirectory(string path)
    {
        using var place = Parent(path);
        if (place.Errno != Errno.Success || place.IsDot)
        {
            return place.Errno != Errno.Success ? place.Errno : path.TrimEnd('/').EndsWith("..", StringComparison.Ordinal) ? Errno.NotEmpty : Errno.Inval;
        }

        fixed (byte* name = place.Name)
        {
            return Result(Libc.UnlinkAt(place.Directory, name, Libc.AtRemoveDir));
        }
    }

    public override Errno UnlinkFile(string path)
    {
        using var place = Parent(path);
        if (place.Errno != Errno.Success || place.IsDot)
        {
            return place.Errno != Errno.Success ? place.Errno : Errno.IsDir;
        }

        fixed (byte* name = place.Name)
        {
            return Result(Libc.UnlinkAt(place.Directory, name, 0));
        }
    }

    public override Errno CreateSymbolicLink(string target, string path)
    {
        using var place = Parent(path);
        if (place.Errno != Errno.Success || place.IsDot)
        {
            return place.Errno != Errno.Success ? place.Errno : Errno.Exist;
        }

        fixed (byte* content = GuestPath.ToNative(target), name = place.Name)
        {
            return Result(Libc.SymlinkAt(content, place.Directory, name));
        }
    }

    public override Errno ReadLink(string path, out byte[] target)
    {
        target = [];
        var errno = Beneath.Open(directory, path, Libc.PathOnly | Libc.NoFollow, 0, out var node);
        using (node)
        {
            if (errno != Errno.Success)
            {
                return errno;
            }

            var buffer = stackalloc byte[GuestPath.MaxPathBytes + 1];
            fixed (byte* empty = "\0"u8)
            {
                var length = Libc.ReadlinkAt(node, empty, buffer, GuestPath.MaxPathBytes + 1);
                if (length < 0)
                {
                    // The kernel says ENOENT of a node that is no link when the path is empty.
                    return Libc.LastError == Libc.Enoent ? Errno.Inval : HostErrno.Last();
                }

                target = new ReadOnlySpan<byte>(buffer, (int)length).ToArray();
                return Errno.Success;
            }
        }
    }

    public override Errno StatPath(string path, bool follow, out Filestat stat)
    {
        stat = default;
        var errno = Beneath.Open(directory, path, Libc.PathOnly | (follow ? 0 : Libc.NoFollow), 0, out var node);
        using (node)
        {
            return errno == Errno.Success ? HostNode.Stat(node, out stat) : errno;
        }
    }

    public override Errno SetPathTimes(string path, bool follow, TimesUpdate times)
    {
        var errno = Beneath.Open(directory, path, Libc.PathOnly | (follow ? 0 : Libc.NoFollow), 0, out var node);
        using (node)
        {
            return errno == Errno.Success ? HostNode.SetTimes(node, times) : errno;
        }
    }

    public override Errno Link(string oldPath, bool follow, DirectoryHandle newBase, string newPath)
    {
        if (newBase is not HostDirectoryHandle target)
        {
            return Errno.XDev;
        }

        using var to = target.Parent(newPath);
        if (to.Errno != Errno.Success || to.IsDot)
        {
            return to.Errno != Errno.Success ? to.Errno : Errno.Exist;
        }

        // With a slash behind it the kernel would follow the last link wherever it leads; only a directory can be meant.
        var slash = oldPath.EndsWith('/');
        if (follow || slash)
        {
            var errno = Beneath.Open(directory, oldPath, Libc.PathOnly | (slash ? Libc.Directory : 0), 0, out var node);
            using (node)
            {
                if (errno != Errno.Success || slash)
                {
                    return errno != Errno.Success ? errno : Errno.Perm;
                }

                // The node is held open: the magic link leads to it and to nothing else.
                fixed (byte* magic = GuestPath.ToNative($"/proc/self/fd/{node.DangerousGetHandle()}"), name = to.Name)
                {
                    return Result(Libc.LinkAt(Libc.AtFdCwd, magic, to.Directory, name, Libc.AtSymlinkFollow));
                }
            }
        }

        using var from = Parent(oldPath);
        if (from.Errno != Errno.Success || from.IsDot)
        {
            return from.Errno != Errno.Success ? from.Errno : Errno.Perm;
        }

        fixed (byte* oldName = from.Name, newName = to.Name)
        {
            return Result(Libc.LinkAt(from.Directory, oldName, to.Directory, newName, 0));
        }
    }

    public override Errno Rename(string oldPath, DirectoryHandle newBase, string newPath)
    {
        if (newBase is not HostDirectoryHandle target)
        {
            return Errno.XDev;
        }

        using var from = Parent(oldPath);
        if (from.Errno != Errno.Success)
        {
            return from.Errno;
        }

        using var to = target.Parent(newPath);
        if (to.Errno != Errno.Success)
        {
            return to.Errno;
        }

        if (from.IsDot || to.IsDot)
        {
            return Errno.Busy;
        }

        fixed (byte* oldName = from.Name, newName = to.Name)
        {
            return Result(Libc.RenameAt(from.Directory, oldName, to.Directory, newName));
        }
    }

    public override Errno List(int entriesMax, out DirectoryEntry[] entries)
    {
        entries = [];
        var errno = HostNode.Stat(directory, out var self);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (Libc.Lseek(directory, 0, 0) < 0)
        {
            return HostErrno.Last();
        }

        var above = self.Inode;
        var list = new List<DirectoryEntry>();
        var buffer = new byte[ListBytes];
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var got = Libc.Getdents(directory, start, ListBytes);
                if (got < 0)
                {
                    return HostErrno.Last();
                }

                if (got == 0)
                {
                    break;
                }

                for (nint at = 0; at < got;)
                {
                    // struct linux_dirent64: inode, offset, record length, type, name.
                    var inode = *(ulong*)(start + at);
                    var length = *(ushort*)(start + at + 16);
                    var type = start[at + 18];
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start + at + 19);
                    at += length;
                    if (name.SequenceEqual("."u8))
                    {
                        continue;
                    }

                    if (name.SequenceEqual(".."u8))
                    {
                        above = isBase ? above : inode;
                        continue;
                    }

                    if (!System.Text.Unicode.Utf8.IsValid(name))
                    {
                        continue;
                    }

                    if (list.Count >= entriesMax - 2)
                    {
                        return Errno.NoMem;
                    }

                    list.Add(new DirectoryEntry(name.ToArray(), inode, TypeOf(type, name)));
                }
            }
        }

        list.Sort(EntryOrder.Instance);
        entries =
        [
            new("."u8.ToArray(), self.Inode, FileType.Directory),
            new(".."u8.ToArray(), above, FileType.Directory),
            .. list,
        ];
        return Errno.Success;
    }

    public override void Dispose() => directory.Dispose();

    private FileType TypeOf(byte direntType, ReadOnlySpan<byte> name)
    {
        if (direntType != 0)
        {
            return HostNode.TypeOf(direntType << 12);
        }

        // Some file systems do not say; the name is a single one, so nothing can lead away.
        return StatPath(System.Text.Encoding.UTF8.GetString(name), follow: false, out var stat) == Errno.Success ? stat.Type : FileType.Unknown;
    }

    private Errno RefuseWriting(string path, bool follow)
    {
        var errno = StatPath(path, follow, out var stat);
        return errno is not Errno.Success and not Errno.NoEnt ? errno
            : errno == Errno.Success && stat.Type == FileType.Directory ? Errno.IsDir
            : Errno.RoFs;
    }

    private bool IsSame(Filestat other) => Stat(out var self) == Errno.Success && self.Device == other.Device && self.Inode == other.Inode;

    private static Errno Result(int returned) => returned == 0 ? Errno.Success : HostErrno.Last();

    private PlaceHandle Parent(string path)
    {
        var errno = Beneath.OpenParent(directory, path, out var parent, out var name, out var isDot);
        return new PlaceHandle(errno, parent, name, isDot, Owned: parent != directory);
    }

    private readonly record struct PlaceHandle(Errno Errno, SafeFileHandle Directory, byte[] Name, bool IsDot, bool Owned) : IDisposable
    {
        public void Dispose()
        {
            if (Owned)
            {
                Directory.Dispose();
            }
        }
    }
}
