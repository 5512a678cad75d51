namespace Sojourn.Wasm.Wasi;

/// <content>Reading, writing, seeking.</content>
public sealed partial class WasiPreview1
{
    internal Errno FdRead(GuestMemory memory, uint fd, uint vectors, uint count, uint result)
    {
        var errno = Find(fd, Rights.FdRead, out var descriptor);
        if (errno == Errno.Success)
        {
            errno = CheckVectors(memory, vectors, count, result);
        }

        if (errno != Errno.Success)
        {
            return errno;
        }

        ulong done;
        if (descriptor.Handle.IsSeekable)
        {
            errno = ReadAt(memory, descriptor.Handle, vectors, count, descriptor.Position, out done);
            descriptor.Position += done;
        }
        else
        {
            errno = ReadStream(memory, descriptor, vectors, count, out done);
        }

        memory.WriteU32(result, (uint)done);
        return errno;
    }

    internal Errno FdPread(GuestMemory memory, uint fd, uint vectors, uint count, ulong offset, uint result)
    {
        var errno = FindSeekable(fd, Rights.FdRead | Rights.FdSeek, out var descriptor);
        if (errno == Errno.Success)
        {
            errno = offset > long.MaxValue ? Errno.Inval : CheckVectors(memory, vectors, count, result);
        }

        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = ReadAt(memory, descriptor.Handle, vectors, count, offset, out var done);
        memory.WriteU32(result, (uint)done);
        return errno;
    }

    internal Errno FdWrite(GuestMemory memory, uint fd, uint vectors, uint count, uint result)
    {
        var errno = Find(fd, Rights.FdWrite, out var descriptor);
        if (errno == Errno.Success)
        {
            errno = CheckVectors(memory, vectors, count, result);
        }

        if (errno != Errno.Success)
        {
            return errno;
        }

        ulong done;
        if (!descriptor.Handle.IsSeekable)
        {
            errno = WriteStream(memory, descriptor, vectors, count, out done);
        }
        else if (descriptor.Flags.HasFlag(FdFlags.Append))
        {
            errno = Append(memory, descriptor, vectors, count, out done);
        }
        else
        {
            errno = WriteAt(memory, descriptor, vectors, count, descriptor.Position, out done);
            descriptor.Position += done;
        }

        memory.WriteU32(result, (uint)done);
        return errno;
    }

    internal Errno FdPwrite(GuestMemory memory, uint fd, uint vectors, uint count, ulong offset, uint result)
    {
        var errno = FindSeekable(fd, Rights.FdWrite | Rights.FdSeek, out var descriptor);
        if (errno == Errno.Success)
        {
            errno = offset > long.MaxValue ? Errno.Inval : CheckVectors(memory, vectors, count, result);
        }

        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = WriteAt(memory, descriptor, vectors, count, offset, out var done);
        memory.WriteU32(result, (uint)done);
        return errno;
    }

    internal Errno FdSeek(GuestMemory memory, uint fd, long offset, uint whence, uint result)
    {
        if (!memory.Contains(result, 8))
        {
            return Errno.Fault;
        }

        var isTell = offset == 0 && whence == (uint)Whence.Current;
        var errno = FindSeekable(fd, Rights.None, out var descriptor);
        if (errno != Errno.Success)
        {
            return errno;
        }

        // Asking where one is takes either right.
        if (!descriptor.Rights.HasFlag(Rights.FdSeek) && !(isTell && descriptor.Rights.HasFlag(Rights.FdTell)))
        {
            return Errno.NotCapable;
        }

        ulong origin;
        switch ((Whence)whence)
        {
            case Whence.Set:
                origin = 0;
                break;
            case Whence.Current:
                origin = descriptor.Position;
                break;
            case Whence.End:
                errno = descriptor.Handle.Stat(out var stat);
                if (errno != Errno.Success)
                {
                    return errno;
                }

                origin = stat.Size;
                break;
            default:
                return Errno.Inval;
        }

        var position = (Int128)origin + offset;
        if (whence > (uint)Whence.End || position < 0)
        {
            return Errno.Inval;
        }

        if (position > long.MaxValue)
        {
            return Errno.Overflow;
        }

        descriptor.Position = (ulong)position;
        memory.WriteU64(result, descriptor.Position);
        return Errno.Success;
    }

    internal Errno FdTell(GuestMemory memory, uint fd, uint result)
    {
        if (!memory.Contains(result, 8))
        {
            return Errno.Fault;
        }

        var errno = FindSeekable(fd, Rights.FdTell, out var descriptor);
        if (errno == Errno.Success)
        {
            memory.WriteU64(result, descriptor.Position);
        }

        return errno;
    }

    /// <summary>Checks the array, every buffer it names and the place of the result, before anything is read or written.</summary>
    private static Errno CheckVectors(GuestMemory memory, uint vectors, uint count, uint result)
    {
        if (count > IoVectorsMax)
        {
            return Errno.Inval;
        }

        if (!memory.Contains(vectors, 8ul * count) || !memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        var total = 0ul;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (!memory.Contains(pointer, length))
            {
                return Errno.Fault;
            }

            total += length;
        }

        return total > int.MaxValue ? Errno.Inval : Errno.Success;
    }

    private static (uint Pointer, uint Length) Vector(GuestMemory memory, uint vectors, uint index)
    {
        var pair = memory.ReadU64(vectors + (8 * index));
        return ((uint)pair, (uint)(pair >> 32));
    }

    private static Errno ReadAt(GuestMemory memory, WasiHandle handle, uint vectors, uint count, ulong offset, out ulong done)
    {
        done = 0;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (length == 0)
            {
                continue;
            }

            var errno = handle.ReadAt(offset + done, memory.SliceUnchecked(pointer, length), out var got);
            done += (uint)got;
            if (errno != Errno.Success)
            {
                return done > 0 ? Errno.Success : errno;
            }

            if ((uint)got < length)
            {
                break;
            }
        }

        return Errno.Success;
    }

    private Errno ReadStream(GuestMemory memory, Descriptor descriptor, uint vectors, uint count, out ulong done)
    {
        done = 0;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (length == 0)
            {
                continue;
            }

            // What is there is enough: a second read could block although the guest has bytes to work on.
            if (done > 0 && !descriptor.Handle.Poll(forWriting: false).IsReady)
            {
                break;
            }

            var errno = descriptor.Handle.ReadStream(
                memory.SliceUnchecked(pointer, length), descriptor.Flags.HasFlag(FdFlags.NonBlock) || done > 0, _cancellation, out var got);
            done += (uint)got;
            if (errno != Errno.Success)
            {
                return done > 0 ? Errno.Success : errno;
            }

            if ((uint)got < length)
            {
                break;
            }
        }

        return Errno.Success;
    }

    private Errno WriteStream(GuestMemory memory, Descriptor descriptor, uint vectors, uint count, out ulong done)
    {
        done = 0;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (length == 0)
            {
                continue;
            }

            var errno = descriptor.Handle.WriteStream(
                memory.SliceUnchecked(pointer, length), descriptor.Flags.HasFlag(FdFlags.NonBlock), _cancellation, out var put);
            done += (uint)put;
            if (errno != Errno.Success)
            {
                return done > 0 ? Errno.Success : errno;
            }

            if ((uint)put < length)
            {
                break;
            }
        }

        return Errno.Success;
    }

    private Errno WriteAt(GuestMemory memory, Descriptor descriptor, uint vectors, uint count, ulong offset, out ulong done)
    {
        done = 0;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (length == 0)
            {
                continue;
            }

            var errno = Clamp(offset + done, ref length);
            var put = 0;
            var asked = (int)length;
            if (errno == Errno.Success)
            {
                errno = descriptor.Handle.WriteAt(offset + done, memory.SliceUnchecked(pointer, length), out put);
            }

            done += (uint)put;
            if (errno != Errno.Success)
            {
                return done > 0 ? Errno.Success : errno;
            }

            if (put < asked)
            {
                break;
            }
        }

        return SyncAfterWrite(descriptor, done);
    }

    private Errno Append(GuestMemory memory, Descriptor descriptor, uint vectors, uint count, out ulong done)
    {
        done = 0;
        for (uint i = 0; i < count; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            if (length == 0)
            {
                continue;
            }

            var errno = descriptor.Handle.Stat(out var stat);
            var put = 0;
            if (errno == Errno.Success)
            {
                errno = Clamp(stat.Size, ref length);
            }

            if (errno == Errno.Success)
            {
                errno = descriptor.Handle.Append(memory.SliceUnchecked(pointer, length), out put, out var end);
                descriptor.Position = put > 0 ? end : descriptor.Position;
            }

            done += (uint)put;
            if (errno != Errno.Success)
            {
                return done > 0 ? Errno.Success : errno;
            }

            if ((uint)put < length)
            {
                break;
            }
        }

        return SyncAfterWrite(descriptor, done);
    }

    private Errno Clamp(ulong offset, ref uint length)
    {
        var room = (ulong)_limits.FileBytesMax;
        if (offset >= room)
        {
            return Errno.FBig;
        }

        length = (uint)Math.Min(length, room - offset);
        return Errno.Success;
    }

    private static Errno SyncAfterWrite(Descriptor descriptor, ulong done) =>
        done == 0 || (descriptor.Flags & (FdFlags.DSync | FdFlags.Sync)) == 0
            ? Errno.Success
            : descriptor.Handle.Sync(dataOnly: !descriptor.Flags.HasFlag(FdFlags.Sync));
}
