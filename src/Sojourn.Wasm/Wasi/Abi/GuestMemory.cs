using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Wasi;

/// <summary>The guest's linear memory for the time of one host call; every access is checked against its size.</summary>
/// <remarks>Memories go up to 4 GiB, past what a span can hold, hence a reference and a 64-bit length.</remarks>
internal readonly ref struct GuestMemory
{
    private readonly ref byte _origin;
    private readonly ulong _length;

    /// <summary>A memory held by a span (tests, and memories below 2 GiB).</summary>
    public GuestMemory(Span<byte> memory)
    {
        _origin = ref MemoryMarshal.GetReference(memory);
        _length = (ulong)memory.Length;
    }

    /// <summary>A memory at an address.</summary>
    /// <remarks>Invariant: <paramref name="length"/> bytes at <paramref name="origin"/> stay mapped for the time of the call.</remarks>
    public unsafe GuestMemory(byte* origin, ulong length)
    {
        _origin = ref *origin;
        _length = length;
    }

    /// <summary>Whether the range lies inside the memory.</summary>
    public bool Contains(uint pointer, ulong length) => pointer + length <= _length;

    /// <summary>A checked range; one longer than a span can be is refused.</summary>
    public bool TrySlice(uint pointer, uint length, out Span<byte> slice)
    {
        if (length > int.MaxValue || pointer + (ulong)length > _length)
        {
            slice = default;
            return false;
        }

        slice = MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref _origin, (nuint)pointer), (int)length);
        return true;
    }

    /// <summary>The part of a checked range that a span can hold.</summary>
    public Span<byte> SliceUnchecked(uint pointer, uint length) =>
        MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref _origin, (nuint)pointer), (int)Math.Min(length, int.MaxValue));

    public uint ReadU32(uint pointer) => BinaryPrimitives.ReadUInt32LittleEndian(SliceUnchecked(pointer, 4));

    public ulong ReadU64(uint pointer) => BinaryPrimitives.ReadUInt64LittleEndian(SliceUnchecked(pointer, 8));

    public void WriteU32(uint pointer, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(SliceUnchecked(pointer, 4), value);

    public void WriteU64(uint pointer, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(SliceUnchecked(pointer, 8), value);
}
