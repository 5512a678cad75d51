using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sojourn.Wasm.Wasi;

/// <summary>Opens paths below a directory so that nothing outside it can be reached: not by <c>..</c>, not by links absolute or relative,
/// not by <c>/proc</c>'s magic links, and not by changing the tree meanwhile.</summary>
/// <remarks>The kernel does it in one step with <c>openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)</c> (Linux 5.6). Where that call is
/// missing or filtered, each name is opened by itself without following links, links are read and walked here, and <c>..</c> goes
/// back to the descriptor it came from, never to the kernel.</remarks>
internal static unsafe class Beneath
{
    private const int RaceRetriesMax = 64;
    private static volatile bool s_hasOpenat2 = true;

    /// <summary>Tests walk by hand although the kernel could.</summary>
    [ThreadStatic]
    internal static bool WalkByHand;

    /// <summary>Opens a path.</summary>
    /// <param name="directory">The directory that must not be left.</param>
    /// <param name="path">The path.</param>
    /// <param name="flags">Flags of open(2); the last link is not followed with O_NOFOLLOW.</param>
    /// <param name="mode">Permissions of a new file.</param>
    /// <param name="opened">The descriptor.</param>
    public static Errno Open(SafeFileHandle directory, string path, int flags, uint mode, out SafeFileHandle opened)
    {
        opened = new SafeFileHandle();
        flags |= Libc.CloseOnExec;
        if (path.Length == 0)
        {
            return Errno.NoEnt;
        }

        if (path[0] == '/')
        {
            return Errno.NotCapable;
        }

        if ((flags & Libc.Create) == 0)
        {
            mode = 0;
        }

        if (s_hasOpenat2 && !WalkByHand)
        {
            fixed (byte* native = GuestPath.ToNative(path))
            {
                for (var attempt = 0; attempt < RaceRetriesMax; attempt++)
                {
                    var fd = Libc.OpenBeneath(directory, native, flags, mode);
                    if (fd >= 0)
                    {
                        opened = new SafeFileHandle(fd, ownsHandle: true);
                        return Errno.Success;
                    }

                    switch (Libc.LastError)
                    {
                        case Libc.Eintr:
                        // The tree changed under a ".."; the kernel gives up rather than guess.
                        case Libc.Eagain:
                            continue;
                        case Libc.Exdev:
                            return Errno.NotCapable;
                        case Libc.Enosys:
                            s_hasOpenat2 = false;
                            return Walk(directory, path, flags, mode, out opened);
                        // A seccomp filter that does not know the call answers EPERM, but so does an immutable file.
                        case Libc.Eperm when !Probe(directory):
                            s_hasOpenat2 = false;
                            return Walk(directory, path, flags, mode, out opened);
                        default:
                            return HostErrno.Last();
                    }
                }
            }
        }

        return Walk(directory, path, flags, mode, out opened);
    }

    /// <summary>Opens the directory of a path's last name.</summary>
    /// <param name="directory">The directory that must not be left.</param>
    /// <param name="path">The path.</param>
    /// <param name="parent">The directory the name lies in.</param>
    /// <param name="name">The last name with the slashes behind it, NUL-terminated.</param>
    /// <param name="isDot">Whether the last name is <c>.</c> or <c>..</c>; then the parent is the directory itself.</param>
    public static Errno OpenParent(SafeFileHandle directory, string path, out SafeFileHandle parent, out byte[] name, out bool isDot)
    {
        parent = directory;
        name = [];
        isDot = false;
        if (path.Length == 0)
        {
            return Errno.NoEnt;
        }

        if (path[0] == '/')
        {
            return Errno.NotCapable;
        }

        var (above, last, trailing) = GuestPath.Split(path);
        isDot = last is "." or "..";
        name = GuestPath.ToNative(trailing ? last + "/" : last);
        return Open(directory, isDot ? path : above, Libc.PathOnly | Libc.Directory, 0, out parent);
    }

    private static bool Probe(SafeFileHandle directory)
    {
        fixed (byte* dot = ".\0"u8)
        {
            var fd = Libc.OpenBeneath(directory, dot, Libc.PathOnly | Libc.CloseOnExec, 0);
            new SafeFileHandle(fd, ownsHandle: true).Dispose();
            return fd >= 0;
        }
    }

    private static Errno Walk(SafeFileHandle origin, string path, int flags, uint mode, out SafeFileHandle opened)
    {
        opened = new SafeFileHandle();
        // The directories gone through, so that ".." goes back to the very one and never above the first.
        var above = new Stack<SafeFileHandle>();
        var current = origin;
        var rest = new Stack<string>();
        var slash = Push(rest, path);
        var linksLeft = MemoryVolume.LinksFollowedMax;
        try
        {
            while (true)
            {
                if (!rest.TryPop(out var name))
                {
                    // The path ended in "." or "..".
                    return OpenHere(current, ".", flags, mode, out opened);
                }

                if (name == ".")
                {
                    continue;
                }

                if (name == "..")
                {
                    if (!above.TryPop(out var back))
                    {
                        return Errno.NotCapable;
                    }

                    current.Dispose();
                    current = back;
                    continue;
                }

                var isLast = rest.Count == 0;
                var follow = !isLast || slash || (flags & (Libc.NoFollow | Libc.Exclusive)) == 0;
                if (follow && TryReadLink(current, name, out var target))
                {
                    if (linksLeft-- == 0)
                    {
                        return Errno.Loop;
                    }

                    if (target.StartsWith('/'))
                    {
                        return Errno.NotCapable;
                    }

                    if (target.Length == 0 || rest.Count > GuestPath.MaxPathBytes)
                    {
                        return Errno.NoEnt;
                    }

                    slash |= Push(rest, target) && isLast;
                    continue;
                }

                if (isLast)
                {
                    // No slash goes to the kernel: behind one it would follow a link put there meanwhile.
                    return slash && (flags & Libc.Create) != 0
                        ? Errno.IsDir
                        : OpenHere(current, name, flags | Libc.NoFollow | (slash ? Libc.Directory : 0), mode, out opened);
                }

                var errno = OpenHere(current, name, Libc.PathOnly | Libc.Directory | Libc.NoFollow | Libc.CloseOnExec, 0, out var next);
                if (errno != Errno.Success)
                {
                    return errno;
                }

                above.Push(current);
                current = next;
            }
        }
        finally
        {
            if (current != origin)
            {
                current.Dispose();
            }

            foreach (var directory in above)
            {
                if (directory != origin)
                {
                    directory.Dispose();
                }
            }
        }
    }

    private static Errno OpenHere(SafeFileHandle directory, string name, int flags, uint mode, out SafeFileHandle opened)
    {
        fixed (byte* native = GuestPath.ToNative(name))
        {
            int fd;
            do
            {
                fd = Libc.OpenAt(directory, native, flags, mode);
            }
            while (fd < 0 && Libc.LastError == Libc.Eintr);

            var errno = fd < 0 ? HostErrno.Last() : Errno.Success;
            opened = new SafeFileHandle(fd, ownsHandle: true);
            return errno;
        }
    }

    private static bool TryReadLink(SafeFileHandle directory, string name, out string target)
    {
        target = "";
        var buffer = stackalloc byte[GuestPath.MaxPathBytes + 1];
        fixed (byte* native = GuestPath.ToNative(name))
        {
            var length = Libc.ReadlinkAt(directory, native, buffer, GuestPath.MaxPathBytes + 1);
            if (length < 0)
            {
                return false;
            }

            target = Marshal.PtrToStringUTF8((nint)buffer, (int)length);
            return true;
        }
    }

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
