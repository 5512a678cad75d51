using System.Runtime.InteropServices;

namespace Sojourn.Content;

/// <summary>Memory that begins at a page of the processor and does not move, so that a disk can take bytes from it by itself.</summary>
public static class PageMemory
{
    /// <summary>The size of a page that every disk and processor here is content with, in bytes.</summary>
    public const int PageBytes = 4096;

    /// <summary>From this size on it pays; smaller pieces are ordinary memory.</summary>
    private const int AlignedBytesMin = 64 << 10;

    /// <summary>Makes a piece of memory with undefined content.</summary>
    /// <param name="bytes">How many bytes. Pieces below 64 KiB are not aligned.</param>
    public static Memory<byte> Allocate(int bytes)
    {
        if (bytes < AlignedBytesMin)
        {
            return GC.AllocateUninitializedArray<byte>(bytes);
        }

        var array = GC.AllocateUninitializedArray<byte>(bytes + PageBytes - 1, pinned: true);
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        return array.AsMemory((int)(-address & (PageBytes - 1)), bytes);
    }
}
