using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 I8x16Eq(V128 left, V128 right) => Vector128.Equals(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16LtS(V128 left, V128 right) => Vector128.LessThan(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16LtU(V128 left, V128 right) => Vector128.LessThan(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16GtS(V128 left, V128 right) => Vector128.GreaterThan(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16GtU(V128 left, V128 right) => Vector128.GreaterThan(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16LeS(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16LeU(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16GeS(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsSByte(), right.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16GeU(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsByte(), right.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Eq(V128 left, V128 right) => Vector128.Equals(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8LtS(V128 left, V128 right) => Vector128.LessThan(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8LtU(V128 left, V128 right) => Vector128.LessThan(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8GtS(V128 left, V128 right) => Vector128.GreaterThan(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8GtU(V128 left, V128 right) => Vector128.GreaterThan(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8LeS(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8LeU(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8GeS(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsInt16(), right.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8GeU(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsUInt16(), right.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Eq(V128 left, V128 right) => Vector128.Equals(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4LtS(V128 left, V128 right) => Vector128.LessThan(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4LtU(V128 left, V128 right) => Vector128.LessThan(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4GtS(V128 left, V128 right) => Vector128.GreaterThan(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4GtU(V128 left, V128 right) => Vector128.GreaterThan(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4LeS(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4LeU(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4GeS(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsInt32(), right.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4GeU(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsUInt32(), right.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Eq(V128 left, V128 right) => Vector128.Equals(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2LtS(V128 left, V128 right) => Vector128.LessThan(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2GtS(V128 left, V128 right) => Vector128.GreaterThan(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2LeS(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2GeS(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsInt64(), right.AsInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Eq(V128 left, V128 right) => Vector128.Equals(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Lt(V128 left, V128 right) => Vector128.LessThan(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Gt(V128 left, V128 right) => Vector128.GreaterThan(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Le(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Ge(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsSingle(), right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Eq(V128 left, V128 right) => Vector128.Equals(left.AsDouble(), right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Lt(V128 left, V128 right) => Vector128.LessThan(left.AsDouble(), right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Gt(V128 left, V128 right) => Vector128.GreaterThan(left.AsDouble(), right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Le(V128 left, V128 right) => Vector128.LessThanOrEqual(left.AsDouble(), right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Ge(V128 left, V128 right) => Vector128.GreaterThanOrEqual(left.AsDouble(), right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Ne(V128 left, V128 right) => ~Vector128.Equals(left.AsDouble(), right.AsDouble()).AsByte();
}
