using System.Buffers.Binary;

namespace Sojourn.Wasm.Wasi;

/// <content>Descriptors: state, flags, rights, sizes, times, listings.</content>
public sealed partial class WasiPreview1
{
    private const uint AdviceMax = 5;
    private const uint DirentSize = 24;

    internal Errno FdAdvise(uint fd, ulong offset, ulong length, uint advice)
    {
        var errno = FindSeekable(fd, Rights.FdAdvise, out _);
        return errno != Errno.Success ? errno
            : advice > AdviceMax || offset > long.MaxValue || length > long.MaxValue ? Errno.Inval
            // Advice may be ignored, and is.
            : Errno.Success;
    }

    internal Errno FdAllocate(uint fd, ulong offset, ulong length)
    {
        var errno = FindSeekable(fd, Rights.FdAllocate, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (length == 0 || offset > long.MaxValue || length > long.MaxValue)
        {
            return Errno.Inval;
        }

        return offset + length > (ulong)_limits.FileBytesMax ? Errno.FBig : descriptor.Handle.Allocate(offset, length);
    }

    internal Errno FdClose(uint fd)
    {
        var descriptor = _descriptors.Remove(fd);
        descriptor?.Dispose();
        return descriptor is null ? Errno.BadF : Errno.Success;
    }

    internal Errno FdDatasync(uint fd) => Sync(fd, Rights.FdDatasync, dataOnly: true);

    internal Errno FdSync(uint fd) => Sync(fd, Rights.FdSync, dataOnly: false);

    internal Errno FdFdstatGet(GuestMemory memory, uint fd, uint result)
    {
        if (!memory.TrySlice(result, 24, out var record))
        {
            return Errno.Fault;
        }

        var errno = Find(fd, Rights.None, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        record.Clear();
        record[0] = (byte)descriptor.Handle.Type;
        BinaryPrimitives.WriteUInt16LittleEndian(record[2..], (ushort)descriptor.Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], (ulong)descriptor.Rights);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], (ulong)descriptor.Inheriting);
        return Errno.Success;
    }

    internal Errno FdFdstatSetFlags(uint fd, uint flags)
    {
        var wanted = (FdFlags)flags;
        var needed = Rights.FdFdstatSetFlags | RightsOf(wanted & (FdFlags.DSync | FdFlags.RSync | FdFlags.Sync));
        var errno = Find(fd, needed, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (flags > (uint)FdFlags.All)
        {
            return Errno.Inval;
        }

        descriptor.Flags = wanted;
        return Errno.Success;
    }

    internal Errno FdFdstatSetRights(uint fd, ulong rights, ulong inheriting)
    {
        var errno = Find(fd, Rights.None, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        // Rights can be given up, never gained.
        if (((Rights)rights & ~descriptor.Rights) != 0 || ((Rights)inheriting & ~descriptor.Inheriting) != 0)
        {
            return Errno.NotCapable;
        }

        descriptor.Rights = (Rights)rights;
        descriptor.Inheriting = (Rights)inheriting;
        return Errno.Success;
    }

    internal Errno FdFilestatGet(GuestMemory memory, uint fd, uint result)
    {
        if (!memory.TrySlice(result, Filestat.GuestSize, out var record))
        {
            return Errno.Fault;
        }

        var errno = Find(fd, Rights.FdFilestatGet, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = descriptor.Handle.Stat(out var stat);
        if (errno == Errno.Success)
        {
            Put(record, stat);
        }

        return errno;
    }

    internal Errno FdFilestatSetSize(uint fd, ulong size)
    {
        var errno = Find(fd, Rights.FdFilestatSetSize, out var descriptor);
        return errno != Errno.Success ? errno
            : descriptor.IsReadOnly ? Errno.RoFs
            : size > long.MaxValue ? Errno.Inval
            : size > (ulong)_limits.FileBytesMax ? Errno.FBig
            : descriptor.Handle.SetSize(size);
    }

    internal Errno FdFilestatSetTimes(uint fd, ulong access, ulong modify, uint flags)
    {
        var errno = Find(fd, Rights.FdFilestatSetTimes, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = Times(access, modify, flags, out var times);
        return errno != Errno.Success ? errno
            : descriptor.IsReadOnly ? Errno.RoFs
            : descriptor.Handle.SetTimes(times);
    }

    internal Errno FdPrestatGet(GuestMemory memory, uint fd, uint result)
    {
        if (!memory.TrySlice(result, 8, out var record))
        {
            return Errno.Fault;
        }

        // wasi-libc looks for preopens until EBADF and takes every other error for the end of the world.
        if (_descriptors[fd]?.PreopenName is not { } name)
        {
            return Errno.BadF;
        }

        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)name.Length);
        return Errno.Success;
    }

    internal Errno FdPrestatDirName(GuestMemory memory, uint fd, uint buffer, uint length)
    {
        if (!memory.Contains(buffer, length))
        {
            return Errno.Fault;
        }

        if (_descriptors[fd]?.PreopenName is not { } name)
        {
            return Errno.BadF;
        }

        if (length < (uint)name.Length)
        {
            return Errno.NameTooLong;
        }

        name.CopyTo(memory.SliceUnchecked(buffer, (uint)name.Length));
        return Errno.Success;
    }

    internal Errno FdReaddir(GuestMemory memory, uint fd, uint buffer, uint length, ulong cookie, uint result)
    {
        if (!memory.Contains(buffer, length) || !memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        var errno = FindDirectory(fd, Rights.FdReaddir, out var descriptor, out var directory);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (cookie == 0 || descriptor.Listing is null)
        {
            errno = directory.List(_limits.DirectoryEntriesMax, out var listing);
            if (errno != Errno.Success)
            {
                return errno;
            }

            descriptor.Listing = listing;
        }

        var entries = descriptor.Listing;
        var target = memory.SliceUnchecked(buffer, length);
        var used = 0;
        Span<byte> header = stackalloc byte[(int)DirentSize];
        for (var next = cookie; next < (ulong)entries.Length && used < target.Length; next++)
        {
            ref readonly var entry = ref entries[next];
            header.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(header, next + 1);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], entry.Inode);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)entry.Name.Length);
            header[20] = (byte)entry.Type;
            // The last entry is cut where the buffer ends; a full buffer tells the guest that there is more.
            used += CopyPart(header, target[used..]);
            used += CopyPart(entry.Name, target[used..]);
        }

        memory.WriteU32(result, (uint)used);
        return Errno.Success;
    }

    internal Errno FdRenumber(uint from, uint to)
    {
        if (_descriptors[from] is null || _descriptors[to] is null)
        {
            return Errno.BadF;
        }

        if (from != to)
        {
            _descriptors.Renumber(from, to);
        }

        return Errno.Success;
    }

    private static int CopyPart(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var count = Math.Min(source.Length, target.Length);
        source[..count].CopyTo(target);
        return count;
    }

    private static void Put(Span<byte> record, in Filestat stat)
    {
        record.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(record, stat.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], stat.Inode);
        record[16] = (byte)stat.Type;
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], stat.Links);
        BinaryPrimitives.WriteUInt64LittleEndian(record[32..], stat.Size);
        BinaryPrimitives.WriteUInt64LittleEndian(record[40..], stat.Access);
        BinaryPrimitives.WriteUInt64LittleEndian(record[48..], stat.Modify);
        BinaryPrimitives.WriteUInt64LittleEndian(record[56..], stat.Change);
    }

    private static Rights RightsOf(FdFlags flags) =>
        ((flags & FdFlags.DSync) != 0 ? Rights.FdDatasync : Rights.None)
        | ((flags & (FdFlags.RSync | FdFlags.Sync)) != 0 ? Rights.FdSync : Rights.None);

    private Errno FindSeekable(uint fd, Rights needed, out Descriptor descriptor)
    {
        descriptor = _descriptors[fd]!;
        return descriptor is null ? Errno.BadF
            : descriptor.Handle is not DirectoryHandle && !descriptor.Handle.IsSeekable ? Errno.SPipe
            : (needed & ~descriptor.Rights) != 0 ? Errno.NotCapable
            : Errno.Success;
    }

    private Errno Sync(uint fd, Rights needed, bool dataOnly)
    {
        var errno = Find(fd, needed, out var descriptor);
        return errno == Errno.Success ? descriptor.Handle.Sync(dataOnly) : errno;
    }

    private Errno Times(ulong access, ulong modify, uint flags, out TimesUpdate times)
    {
        times = default;
        var wanted = (TimeFlags)flags;
        if (flags > (uint)TimeFlags.All
            || (wanted & (TimeFlags.Access | TimeFlags.AccessNow)) == (TimeFlags.Access | TimeFlags.AccessNow)
            || (wanted & (TimeFlags.Modify | TimeFlags.ModifyNow)) == (TimeFlags.Modify | TimeFlags.ModifyNow))
        {
            return Errno.Inval;
        }

        var now = wanted.HasFlag(TimeFlags.AccessNow) || wanted.HasFlag(TimeFlags.ModifyNow) ? _clock?.PeekRealtime() ?? 0 : 0;
        times = new TimesUpdate(
            wanted.HasFlag(TimeFlags.Access) ? access : wanted.HasFlag(TimeFlags.AccessNow) ? now : null,
            wanted.HasFlag(TimeFlags.Modify) ? modify : wanted.HasFlag(TimeFlags.ModifyNow) ? now : null);
        return Errno.Success;
    }
}
