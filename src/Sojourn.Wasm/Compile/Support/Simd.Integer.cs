using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 I8x16Abs(V128 vector) => Vector128.Abs(vector.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16Neg(V128 vector) => (-vector.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16Add(V128 left, V128 right) => (left.AsSByte() + right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16Sub(V128 left, V128 right) => (left.AsSByte() - right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MinS(V128 left, V128 right) => Vector128.Min(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MinU(V128 left, V128 right) => Vector128.Min(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MaxS(V128 left, V128 right) => Vector128.Max(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MaxU(V128 left, V128 right) => Vector128.Max(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16AddSatS(V128 left, V128 right) => Vector128.AddSaturate(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16AddSatU(V128 left, V128 right) => Vector128.AddSaturate(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16SubSatS(V128 left, V128 right) => Vector128.SubtractSaturate(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16SubSatU(V128 left, V128 right) => Vector128.SubtractSaturate(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Abs(V128 vector) => Vector128.Abs(vector.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Neg(V128 vector) => (-vector.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Add(V128 left, V128 right) => (left.AsInt16() + right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Sub(V128 left, V128 right) => (left.AsInt16() - right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Mul(V128 left, V128 right) => (left.AsInt16() * right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MinS(V128 left, V128 right) => Vector128.Min(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MinU(V128 left, V128 right) => Vector128.Min(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MaxS(V128 left, V128 right) => Vector128.Max(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MaxU(V128 left, V128 right) => Vector128.Max(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8AddSatS(V128 left, V128 right) => Vector128.AddSaturate(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8AddSatU(V128 left, V128 right) => Vector128.AddSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8SubSatS(V128 left, V128 right) => Vector128.SubtractSaturate(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8SubSatU(V128 left, V128 right) => Vector128.SubtractSaturate(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Abs(V128 vector) => Vector128.Abs(vector.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Neg(V128 vector) => (-vector.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Add(V128 left, V128 right) => (left.AsInt32() + right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Sub(V128 left, V128 right) => (left.AsInt32() - right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Mul(V128 left, V128 right) => (left.AsInt32() * right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MinS(V128 left, V128 right) => Vector128.Min(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MinU(V128 left, V128 right) => Vector128.Min(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MaxS(V128 left, V128 right) => Vector128.Max(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MaxU(V128 left, V128 right) => Vector128.Max(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Abs(V128 vector) => Vector128.Abs(vector.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Neg(V128 vector) => (-vector.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Add(V128 left, V128 right) => (left.AsInt64() + right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Sub(V128 left, V128 right) => (left.AsInt64() - right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Mul(V128 left, V128 right) => (left.AsInt64() * right.AsInt64()).AsByte();
}
