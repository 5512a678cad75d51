using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Interpret;

/// <summary>One value on the interpreter's stack: bits, or a reference beside them.</summary>
internal struct Slot
{
    public ulong Low;
    public ulong High;
    public object? Reference;

    public int I32
    {
        readonly get => (int)Low;
        set => Low = (uint)value;
    }

    public uint U32
    {
        readonly get => (uint)Low;
        set => Low = value;
    }

    public long I64
    {
        readonly get => (long)Low;
        set => Low = (ulong)value;
    }

    public float F32
    {
        readonly get => BitConverter.UInt32BitsToSingle((uint)Low);
        set => Low = BitConverter.SingleToUInt32Bits(value);
    }

    public double F64
    {
        readonly get => BitConverter.UInt64BitsToDouble(Low);
        set => Low = BitConverter.DoubleToUInt64Bits(value);
    }

    public Vector128<byte> V128
    {
        readonly get => Vector128.Create(Low, High).AsByte();
        set => (Low, High) = (value.AsUInt64()[0], value.AsUInt64()[1]);
    }

    public bool Flag
    {
        set => Low = value ? 1u : 0u;
    }

    /// <summary>A lane's bits or a scalar's, by their type.</summary>
    public readonly T As<T>()
        where T : unmanaged
    {
        var low = Low;
        return Unsafe.As<ulong, T>(ref low);
    }
}
