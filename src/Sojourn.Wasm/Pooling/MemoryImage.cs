using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Pooling;

/// <summary>The contents of a memory when its instance was new. On Linux a file in memory that instances map copy-on-write; elsewhere bytes that are copied back.</summary>
internal sealed unsafe partial class MemoryImage : IDisposable
{
    private const int Chunk = 64 << 10;
    private readonly ulong length;
    private readonly byte[] bytes;
    private readonly SafeFileHandle? file;

    private MemoryImage(ulong length, byte[] bytes, SafeFileHandle? file)
    {
        this.length = length;
        this.bytes = bytes;
        this.file = file;
    }

    /// <summary>Whether a memory is small enough to be remembered: what it holds ends below 1 GiB.</summary>
    public static bool CanHold(Memory memory) => Used(memory) <= 1UL << 30;

    /// <summary>The image of a memory. What follows its last byte that is not zero is zero in the image without being in it.</summary>
    public static MemoryImage Of(Memory memory)
    {
        var used = (Used(memory) + Chunk - 1) / Chunk * Chunk;
        var bytes = used == 0 ? [] : new ReadOnlySpan<byte>(memory.Base, checked((int)used)).ToArray();
        return new(memory.ByteLength, bytes, bytes.Length == 0 ? null : CreateFile(bytes));
    }

    /// <summary>Whether a memory is what the image shows.</summary>
    public bool Holds(Memory memory) =>
        memory.ByteLength == length && Used(memory) <= (ulong)bytes.Length && new ReadOnlySpan<byte>(memory.Base, bytes.Length).SequenceEqual(bytes);

    /// <summary>Makes the image the memory's own first contents.</summary>
    public void MapInto(Memory memory)
    {
        if (!IsCopyOnWrite)
        {
            return;
        }

        // Nothing of the copy remains: the rest of the memory is zero as it is, and pages that were touched are dropped.
        VirtualMemory.Zero((nint)memory.Base, (long)length);
        if (file is not null && !VirtualMemory.MapFile((nint)memory.Base, bytes.Length, file))
        {
            throw new TrapException(TrapKind.ResourceExhausted, "no memory is left for the image of an instance");
        }
    }

    /// <summary>Gives a memory its first length and contents; false where that failed.</summary>
    public bool TryRestore(Memory memory)
    {
        memory.ShrinkTo(length);
        if (IsCopyOnWrite)
        {
            VirtualMemory.Zero((nint)memory.Base, (long)length);
            return true;
        }

        VirtualMemory.Zero((nint)(memory.Base + bytes.Length), (long)length - bytes.Length);
        bytes.CopyTo(new Span<byte>(memory.Base, bytes.Length));
        return true;
    }

    public void Dispose() => file?.Dispose();

    private bool IsCopyOnWrite => OperatingSystem.IsLinux() && (file is not null || bytes.Length == 0);

    private static ulong Used(Memory memory)
    {
        var end = memory.ByteLength;
        while (end > 0)
        {
            var from = end - Math.Min(end, Chunk);
            if (new ReadOnlySpan<byte>(memory.Base + from, (int)(end - from)).ContainsAnyExcept((byte)0))
            {
                return end;
            }

            end = from;
        }

        return 0;
    }

    private static SafeFileHandle? CreateFile(byte[] bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var descriptor = MemoryFile("wasm-memory", 1);
        if (descriptor < 0)
        {
            return null;
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.SetLength(handle, bytes.Length);
        for (var at = 0; at < bytes.Length; at += Chunk)
        {
            var part = bytes.AsSpan(at, Math.Min(Chunk, bytes.Length - at));
            if (part.ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(handle, part, at);
            }
        }

        return handle;
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);
}
