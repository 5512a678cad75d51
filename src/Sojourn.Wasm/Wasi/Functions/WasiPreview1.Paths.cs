namespace Sojourn.Wasm.Wasi;

/// <content>Paths.</content>
public sealed partial class WasiPreview1
{
    private const uint LookupFollow = 1;

    internal Errno PathCreateDirectory(GuestMemory memory, uint fd, uint path, uint length)
    {
        var errno = FindForChange(memory, fd, Rights.PathCreateDirectory, path, length, out var directory, out var text);
        return errno == Errno.Success ? directory.CreateDirectory(text) : errno;
    }

    internal Errno PathRemoveDirectory(GuestMemory memory, uint fd, uint path, uint length)
    {
        var errno = FindForChange(memory, fd, Rights.PathRemoveDirectory, path, length, out var directory, out var text);
        return errno == Errno.Success ? directory.RemoveDirectory(text) : errno;
    }

    internal Errno PathUnlinkFile(GuestMemory memory, uint fd, uint path, uint length)
    {
        var errno = FindForChange(memory, fd, Rights.PathUnlinkFile, path, length, out var directory, out var text);
        return errno == Errno.Success ? directory.UnlinkFile(text) : errno;
    }

    internal Errno PathSymlink(GuestMemory memory, uint oldPath, uint oldLength, uint fd, uint newPath, uint newLength)
    {
        var errno = GuestPath.Read(memory, oldPath, oldLength, out var target);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = FindForChange(memory, fd, Rights.PathSymlink, newPath, newLength, out var directory, out var text);
        if (errno != Errno.Success)
        {
            return errno;
        }

        // An absolute link could not be followed by the guest, but could mislead others who read the directory.
        return target.Length == 0 ? Errno.NoEnt
            : target[0] == '/' ? Errno.NotCapable
            : directory.CreateSymbolicLink(target, text);
    }

    internal Errno PathReadlink(GuestMemory memory, uint fd, uint path, uint length, uint buffer, uint bufferLength, uint result)
    {
        if (!memory.Contains(buffer, bufferLength) || !memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        var errno = FindDirectory(fd, Rights.PathReadlink, out _, out var directory);
        if (errno == Errno.Success)
        {
            errno = GuestPath.Read(memory, path, length, out var text);
            if (errno == Errno.Success)
            {
                errno = directory.ReadLink(text, out var target);
                if (errno == Errno.Success)
                {
                    memory.WriteU32(result, (uint)CopyPart(target, memory.SliceUnchecked(buffer, bufferLength)));
                }
            }
        }

        return errno;
    }

    internal Errno PathFilestatGet(GuestMemory memory, uint fd, uint flags, uint path, uint length, uint result)
    {
        if (!memory.TrySlice(result, Filestat.GuestSize, out var record))
        {
            return Errno.Fault;
        }

        var errno = FindDirectory(fd, Rights.PathFilestatGet, out _, out var directory);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (flags > LookupFollow)
        {
            return Errno.Inval;
        }

        errno = GuestPath.Read(memory, path, length, out var text);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = directory.StatPath(text, flags == LookupFollow, out var stat);
        if (errno == Errno.Success)
        {
            Put(record, stat);
        }

        return errno;
    }

    internal Errno PathFilestatSetTimes(GuestMemory memory, uint fd, uint flags, uint path, uint length, ulong access, ulong modify, uint timeFlags)
    {
        if (flags > LookupFollow)
        {
            return _descriptors[fd] is null ? Errno.BadF : Errno.Inval;
        }

        var errno = FindForChange(memory, fd, Rights.PathFilestatSetTimes, path, length, out var directory, out var text);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = Times(access, modify, timeFlags, out var times);
        return errno == Errno.Success ? directory.SetPathTimes(text, flags == LookupFollow, times) : errno;
    }

    internal Errno PathLink(
        GuestMemory memory, uint oldFd, uint oldFlags, uint oldPath, uint oldLength, uint newFd, uint newPath, uint newLength)
    {
        var errno = FindForChange(memory, oldFd, Rights.PathLinkSource, oldPath, oldLength, out var from, out var oldText);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (oldFlags > LookupFollow)
        {
            return Errno.Inval;
        }

        errno = FindForChange(memory, newFd, Rights.PathLinkTarget, newPath, newLength, out var to, out var newText);
        return errno == Errno.Success ? from.Link(oldText, oldFlags == LookupFollow, to, newText) : errno;
    }

    internal Errno PathRename(GuestMemory memory, uint fd, uint oldPath, uint oldLength, uint newFd, uint newPath, uint newLength)
    {
        var errno = FindForChange(memory, fd, Rights.PathRenameSource, oldPath, oldLength, out var from, out var oldText);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = FindForChange(memory, newFd, Rights.PathRenameTarget, newPath, newLength, out var to, out var newText);
        return errno == Errno.Success ? from.Rename(oldText, to, newText) : errno;
    }

    internal Errno PathOpen(
        GuestMemory memory, uint fd, uint lookupFlags, uint path, uint length, uint openFlags, ulong rights, ulong inheriting, uint fdFlags, uint result)
    {
        if (!memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        var flags = (OpenFlags)openFlags;
        var state = (FdFlags)fdFlags;
        var wanted = (Rights)rights;
        var needed = Rights.PathOpen
            | ((flags & OpenFlags.Create) != 0 ? Rights.PathCreateFile : Rights.None)
            | ((flags & OpenFlags.Truncate) != 0 ? Rights.PathFilestatSetSize : Rights.None);
        var errno = FindDirectory(fd, needed, out var descriptor, out var directory);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (lookupFlags > LookupFollow || openFlags > (uint)OpenFlags.All || fdFlags > (uint)FdFlags.All)
        {
            return Errno.Inval;
        }

        // Creating a directory is path_create_directory's business.
        if (flags.HasFlag(OpenFlags.Create | OpenFlags.Directory))
        {
            return Errno.Inval;
        }

        if (((wanted | (Rights)inheriting | RightsOf(state)) & ~descriptor.Inheriting) != 0)
        {
            return Errno.NotCapable;
        }

        errno = GuestPath.Read(memory, path, length, out var text);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (!_descriptors.HasRoom)
        {
            return Errno.MFile;
        }

        var request = new OpenRequest(
            lookupFlags == LookupFollow,
            flags,
            Read: (wanted & (Rights.FdRead | Rights.FdReaddir)) != 0,
            Write: (wanted & (Rights.FdWrite | Rights.FdAllocate | Rights.FdFilestatSetSize)) != 0,
            descriptor.IsReadOnly);
        errno = directory.Open(text, request, out var opened);
        if (errno != Errno.Success)
        {
            return errno;
        }

        var made = new Descriptor(
            opened!, wanted & opened!.ApplicableRights, opened is DirectoryHandle ? (Rights)inheriting : Rights.None)
        {
            Flags = state,
            IsReadOnly = descriptor.IsReadOnly,
        };
        if (!_descriptors.TryAdd(made, out var number))
        {
            made.Dispose();
            return Errno.MFile;
        }

        memory.WriteU32(result, number);
        return Errno.Success;
    }

    private Errno FindForChange(
        GuestMemory memory, uint fd, Rights needed, uint path, uint length, out DirectoryHandle directory, out string text)
    {
        text = "";
        var errno = FindDirectory(fd, needed, out var descriptor, out directory);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = GuestPath.Read(memory, path, length, out text);
        return errno != Errno.Success ? errno : descriptor.IsReadOnly ? Errno.RoFs : Errno.Success;
    }
}
