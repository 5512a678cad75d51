using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sojourn.Content.Car;

/// <summary>Memory of large blocks that is used again: fresh memory costs a fault for each of its pages, and a collection now and then.</summary>
internal sealed class BlockMemory
{
    private const int FreeMax = 4;

    // Weak: most readers never give memory back, and then it is the collector's.
    private readonly ConditionalWeakTable<byte[], BlockMemory> _lent = [];
    private readonly ConcurrentBag<byte[]> _free = [];

    /// <summary>Memory of exactly so many bytes; what it holds is undefined.</summary>
    public Memory<byte> Rent(int bytes)
    {
        if (!_free.TryTake(out var array) || array.Length < bytes)
        {
            array = GC.AllocateUninitializedArray<byte>(bytes);
        }

        _lent.AddOrUpdate(array, this);
        return array.AsMemory(0, bytes);
    }

    /// <summary>Takes memory back that nobody reads any more; memory that was not lent here, or came back already, is passed over.</summary>
    public void Return(ReadOnlyMemory<byte> memory)
    {
        if (MemoryMarshal.TryGetArray(memory, out var segment) && segment.Array is { } array && _lent.Remove(array) && _free.Count < FreeMax)
        {
            _free.Add(array);
        }
    }
}
