using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Vector instructions, named as <see cref="Model.Opcode"/> names them; one group per file.</summary>
/// <remarks>WebAssembly 3.0, execution, vector numerics; relaxed instructions in the deterministic profile.</remarks>
internal static partial class Simd
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    [MethodImpl(Inline)]
    public static V128 Constant(long low, long high) => Vector128.Create(low, high).AsByte();

    /// <summary>Lanes of two vectors by two masks in which 0x80 means none.</summary>
    [MethodImpl(Inline)]
    public static V128 Shuffle(V128 left, V128 right, V128 fromLeft, V128 fromRight) =>
        Vector128.Shuffle(left, fromLeft) | Vector128.Shuffle(right, fromRight);

    [MethodImpl(Inline)]
    public static V128 I8x16Swizzle(V128 vector, V128 lanes) => Vector128.Shuffle(vector, lanes);

    [MethodImpl(Inline)]
    public static V128 I8x16RelaxedSwizzle(V128 vector, V128 lanes) => Vector128.Shuffle(vector, lanes);

    public static V128 I8x16Popcnt(V128 vector)
    {
        var bits = vector - ((vector.AsUInt16() >>> 1).AsByte() & Vector128.Create((byte)0x55));
        bits = (bits & Vector128.Create((byte)0x33)) + ((bits.AsUInt16() >>> 2).AsByte() & Vector128.Create((byte)0x33));
        return (bits + (bits.AsUInt16() >>> 4).AsByte()) & Vector128.Create((byte)0x0F);
    }

    [MethodImpl(Inline)]
    public static V128 I8x16AvgrU(V128 left, V128 right) => (left | right) - (((left ^ right).AsUInt16() >>> 1).AsByte() & Vector128.Create((byte)0x7F));

    [MethodImpl(Inline)]
    public static V128 I16x8AvgrU(V128 left, V128 right) => ((left | right).AsUInt16() - ((left ^ right).AsUInt16() >>> 1)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16NarrowI16x8S(V128 left, V128 right) => Vector128.NarrowWithSaturation(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16NarrowI16x8U(V128 left, V128 right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.PackUnsignedSaturate(left.AsInt16(), right.AsInt16());
        }

        var low = Vector128.Max(left.AsInt16(), Vector128<short>.Zero).AsUInt16();
        var high = Vector128.Max(right.AsInt16(), Vector128<short>.Zero).AsUInt16();
        return Vector128.NarrowWithSaturation(low, high);
    }

    [MethodImpl(Inline)]
    public static V128 I16x8NarrowI32x4S(V128 left, V128 right) => Vector128.NarrowWithSaturation(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8NarrowI32x4U(V128 left, V128 right)
    {
        if (Sse41.IsSupported)
        {
            return Sse41.PackUnsignedSaturate(left.AsInt32(), right.AsInt32()).AsByte();
        }

        var low = Vector128.Max(left.AsInt32(), Vector128<int>.Zero).AsUInt32();
        var high = Vector128.Max(right.AsInt32(), Vector128<int>.Zero).AsUInt32();
        return Vector128.NarrowWithSaturation(low, high).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I16x8ExtaddPairwiseI8x16S(V128 vector) => (((vector.AsInt16() << 8) >> 8) + (vector.AsInt16() >> 8)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtaddPairwiseI8x16U(V128 vector) => ((vector.AsUInt16() & Vector128.Create((ushort)0xFF)) + (vector.AsUInt16() >>> 8)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtaddPairwiseI16x8S(V128 vector) => (((vector.AsInt32() << 16) >> 16) + (vector.AsInt32() >> 16)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtaddPairwiseI16x8U(V128 vector) => ((vector.AsUInt32() & Vector128.Create(0xFFFFu)) + (vector.AsUInt32() >>> 16)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4DotI16x8S(V128 left, V128 right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()).AsByte();
        }

        var even = ((left.AsInt32() << 16) >> 16) * ((right.AsInt32() << 16) >> 16);
        var odd = (left.AsInt32() >> 16) * (right.AsInt32() >> 16);
        return (even + odd).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I16x8Q15mulrSatS(V128 left, V128 right)
    {
        var low = ((Vector128.WidenLower(left.AsInt16()) * Vector128.WidenLower(right.AsInt16())) + Vector128.Create(0x4000)) >> 15;
        var high = ((Vector128.WidenUpper(left.AsInt16()) * Vector128.WidenUpper(right.AsInt16())) + Vector128.Create(0x4000)) >> 15;
        return Vector128.NarrowWithSaturation(low, high).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedQ15mulrS(V128 left, V128 right) => I16x8Q15mulrSatS(left, right);

    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedDotI8x16I7x16S(V128 left, V128 right)
    {
        var even = ((left.AsInt16() << 8) >> 8) * ((right.AsInt16() << 8) >> 8);
        var odd = (left.AsInt16() >> 8) * (right.AsInt16() >> 8);
        return Vector128.AddSaturate(even, odd).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedDotI8x16I7x16AddS(V128 left, V128 right, V128 sum) =>
        (I32x4ExtaddPairwiseI16x8S(I16x8RelaxedDotI8x16I7x16S(left, right)).AsInt32() + sum.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16RelaxedLaneselect(V128 left, V128 right, V128 mask) => Vector128.ConditionalSelect(mask, left, right);

    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedLaneselect(V128 left, V128 right, V128 mask) => Vector128.ConditionalSelect(mask, left, right);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedLaneselect(V128 left, V128 right, V128 mask) => Vector128.ConditionalSelect(mask, left, right);

    [MethodImpl(Inline)]
    public static V128 I64x2RelaxedLaneselect(V128 left, V128 right, V128 mask) => Vector128.ConditionalSelect(mask, left, right);
}
