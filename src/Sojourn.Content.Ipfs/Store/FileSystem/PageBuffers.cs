using System.Collections.Concurrent;

namespace Sojourn.Content.Ipfs.Store.FileSystem;

/// <summary>Page-aligned buffers that are used again: fresh memory costs a fault for each of its pages.</summary>
internal static class PageBuffers
{
    /// <summary>More than this many are not kept.</summary>
    private const int KeptMax = 24;

    private static readonly ConcurrentBag<Memory<byte>> Free = [];

    /// <summary>A buffer of at least so many bytes.</summary>
    public static Memory<byte> Rent(int bytes)
        => bytes > BlockVerifier.BlockBytesMax ? PageMemory.Allocate(bytes)
            : Free.TryTake(out var free) ? free
            : PageMemory.Allocate(BlockVerifier.BlockBytesMax);

    /// <summary>Gives a buffer back that nobody reads any more.</summary>
    public static void Return(Memory<byte> buffer)
    {
        if (buffer.Length == BlockVerifier.BlockBytesMax && Free.Count < KeptMax)
        {
            Free.Add(buffer);
        }
    }
}
