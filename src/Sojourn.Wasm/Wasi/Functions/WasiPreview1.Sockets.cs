using System.Buffers.Binary;

namespace Sojourn.Wasm.Wasi;

/// <content>Sockets that were handed in, and those accepted from them.</content>
public sealed partial class WasiPreview1
{
    private const uint ReceivePeek = 1;
    private const uint ReceiveWaitAll = 2;
    private const uint ShutdownReceive = 1;
    private const uint ShutdownSend = 2;

    internal Errno SockAccept(GuestMemory memory, uint fd, uint flags, uint result)
    {
        if (!memory.Contains(result, 4))
        {
            return Errno.Fault;
        }

        if (_descriptors[fd] is not { } descriptor)
        {
            return Errno.BadF;
        }

        if (descriptor.Handle is not ListenerHandle listener)
        {
            return descriptor.Handle is SocketHandle ? Errno.Inval : Errno.NotSock;
        }

        if (!descriptor.Rights.HasFlag(Rights.SockAccept))
        {
            return Errno.NotCapable;
        }

        if ((flags & ~(uint)FdFlags.NonBlock) != 0)
        {
            return Errno.Inval;
        }

        if (!_descriptors.HasRoom)
        {
            return Errno.MFile;
        }

        var errno = listener.Accept(descriptor.Flags.HasFlag(FdFlags.NonBlock), _cancellation, out var accepted);
        if (errno != Errno.Success)
        {
            return errno;
        }

        var made = new Descriptor(accepted!, Rights.Socket & descriptor.Inheriting, Rights.None) { Flags = (FdFlags)flags };
        if (!_descriptors.TryAdd(made, out var number))
        {
            made.Dispose();
            return Errno.MFile;
        }

        memory.WriteU32(result, number);
        return Errno.Success;
    }

    internal Errno SockRecv(GuestMemory memory, uint fd, uint vectors, uint count, uint flags, uint resultLength, uint resultFlags)
    {
        var errno = FindSocket(fd, Rights.FdRead, out var descriptor, out var socket);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if ((flags & ~(ReceivePeek | ReceiveWaitAll)) != 0)
        {
            return Errno.Inval;
        }

        errno = CheckVectors(memory, vectors, count, resultLength);
        if (errno != Errno.Success || !memory.TrySlice(resultFlags, 2, out var flagsOut))
        {
            return errno != Errno.Success ? errno : Errno.Fault;
        }

        var done = 0ul;
        var peek = (flags & ReceivePeek) != 0;
        var all = (flags & ReceiveWaitAll) != 0 && !peek;
        for (uint i = 0; i < count && errno == Errno.Success; i++)
        {
            var (pointer, length) = Vector(memory, vectors, i);
            var buffer = memory.SliceUnchecked(pointer, length);
            while (!buffer.IsEmpty)
            {
                var nonBlocking = descriptor.Flags.HasFlag(FdFlags.NonBlock) || (done > 0 && !all);
                errno = socket.Receive(buffer, peek, nonBlocking, _cancellation, out var got);
                done += (uint)got;
                buffer = buffer[got..];
                if (errno != Errno.Success || got == 0 || !all)
                {
                    break;
                }
            }

            // Peeking twice would show the same bytes again.
            if (!buffer.IsEmpty || (peek && done > 0))
            {
                break;
            }
        }

        if (errno != Errno.Success && done == 0)
        {
            return errno;
        }

        memory.WriteU32(resultLength, (uint)done);
        BinaryPrimitives.WriteUInt16LittleEndian(flagsOut, 0);
        return Errno.Success;
    }

    internal Errno SockSend(GuestMemory memory, uint fd, uint vectors, uint count, uint flags, uint result)
    {
        var errno = FindSocket(fd, Rights.FdWrite, out var descriptor, out _);
        if (errno != Errno.Success)
        {
            return errno;
        }

        if (flags != 0)
        {
            return Errno.Inval;
        }

        errno = CheckVectors(memory, vectors, count, result);
        if (errno != Errno.Success)
        {
            return errno;
        }

        errno = WriteStream(memory, descriptor, vectors, count, out var done);
        memory.WriteU32(result, (uint)done);
        return errno;
    }

    internal Errno SockShutdown(uint fd, uint how)
    {
        var errno = FindSocket(fd, Rights.SockShutdown, out _, out var socket);
        return errno != Errno.Success ? errno
            : how is 0 or > (ShutdownReceive | ShutdownSend) ? Errno.Inval
            : socket.Shutdown((how & ShutdownReceive) != 0, (how & ShutdownSend) != 0);
    }

    private Errno FindSocket(uint fd, Rights needed, out Descriptor descriptor, out SocketHandle socket)
    {
        socket = null!;
        descriptor = _descriptors[fd]!;
        if (descriptor is null)
        {
            return Errno.BadF;
        }

        if (descriptor.Handle is not SocketHandle found)
        {
            return descriptor.Handle is ListenerHandle ? Errno.NotConn : Errno.NotSock;
        }

        socket = found;
        return (needed & ~descriptor.Rights) != 0 ? Errno.NotCapable : Errno.Success;
    }
}
