using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 F32x4Abs(V128 vector) => Vector128.Abs(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Neg(V128 vector) => vector ^ Vector128.Create(0x80000000).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Sqrt(V128 vector) => Vector128.Sqrt(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Ceil(V128 vector) => Vector128.Ceiling(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Floor(V128 vector) => Vector128.Floor(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Trunc(V128 vector) => Vector128.Truncate(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Nearest(V128 vector) => Vector128.Round(vector.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Add(V128 left, V128 right) => (left.AsSingle() + right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Sub(V128 left, V128 right) => (left.AsSingle() - right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Mul(V128 left, V128 right) => (left.AsSingle() * right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Div(V128 left, V128 right) => (left.AsSingle() / right.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Pmin(V128 left, V128 right) => Vector128.ConditionalSelect(Vector128.LessThan(right.AsSingle(), left.AsSingle()), right.AsSingle(), left.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Pmax(V128 left, V128 right) => Vector128.ConditionalSelect(Vector128.LessThan(left.AsSingle(), right.AsSingle()), right.AsSingle(), left.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Abs(V128 vector) => Vector128.Abs(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Neg(V128 vector) => vector ^ Vector128.Create(0x8000000000000000).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Sqrt(V128 vector) => Vector128.Sqrt(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Ceil(V128 vector) => Vector128.Ceiling(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Floor(V128 vector) => Vector128.Floor(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Trunc(V128 vector) => Vector128.Truncate(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Nearest(V128 vector) => Vector128.Round(vector.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Add(V128 left, V128 right) => (left.AsDouble() + right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Sub(V128 left, V128 right) => (left.AsDouble() - right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Mul(V128 left, V128 right) => (left.AsDouble() * right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Div(V128 left, V128 right) => (left.AsDouble() / right.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Pmin(V128 left, V128 right) => Vector128.ConditionalSelect(Vector128.LessThan(right.AsDouble(), left.AsDouble()), right.AsDouble(), left.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Pmax(V128 left, V128 right) => Vector128.ConditionalSelect(Vector128.LessThan(left.AsDouble(), right.AsDouble()), right.AsDouble(), left.AsDouble()).AsByte();
}
