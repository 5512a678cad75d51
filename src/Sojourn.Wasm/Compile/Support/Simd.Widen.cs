using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 I16x8ExtendLowI8x16S(V128 vector) => Vector128.WidenLower(vector.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendLowI8x16U(V128 vector) => Vector128.WidenLower(vector.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulLowI8x16S(V128 left, V128 right) => (Vector128.WidenLower(left.AsSByte()) * Vector128.WidenLower(right.AsSByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulLowI8x16U(V128 left, V128 right) => (Vector128.WidenLower(left.AsByte()) * Vector128.WidenLower(right.AsByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendHighI8x16S(V128 vector) => Vector128.WidenUpper(vector.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendHighI8x16U(V128 vector) => Vector128.WidenUpper(vector.AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulHighI8x16S(V128 left, V128 right) => (Vector128.WidenUpper(left.AsSByte()) * Vector128.WidenUpper(right.AsSByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulHighI8x16U(V128 left, V128 right) => (Vector128.WidenUpper(left.AsByte()) * Vector128.WidenUpper(right.AsByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendLowI16x8S(V128 vector) => Vector128.WidenLower(vector.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendLowI16x8U(V128 vector) => Vector128.WidenLower(vector.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulLowI16x8S(V128 left, V128 right) => (Vector128.WidenLower(left.AsInt16()) * Vector128.WidenLower(right.AsInt16())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulLowI16x8U(V128 left, V128 right) => (Vector128.WidenLower(left.AsUInt16()) * Vector128.WidenLower(right.AsUInt16())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendHighI16x8S(V128 vector) => Vector128.WidenUpper(vector.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendHighI16x8U(V128 vector) => Vector128.WidenUpper(vector.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulHighI16x8S(V128 left, V128 right) => (Vector128.WidenUpper(left.AsInt16()) * Vector128.WidenUpper(right.AsInt16())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulHighI16x8U(V128 left, V128 right) => (Vector128.WidenUpper(left.AsUInt16()) * Vector128.WidenUpper(right.AsUInt16())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendLowI32x4S(V128 vector) => Vector128.WidenLower(vector.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendLowI32x4U(V128 vector) => Vector128.WidenLower(vector.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulLowI32x4S(V128 left, V128 right) => (Vector128.WidenLower(left.AsInt32()) * Vector128.WidenLower(right.AsInt32())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulLowI32x4U(V128 left, V128 right) => (Vector128.WidenLower(left.AsUInt32()) * Vector128.WidenLower(right.AsUInt32())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendHighI32x4S(V128 vector) => Vector128.WidenUpper(vector.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendHighI32x4U(V128 vector) => Vector128.WidenUpper(vector.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulHighI32x4S(V128 left, V128 right) => (Vector128.WidenUpper(left.AsInt32()) * Vector128.WidenUpper(right.AsInt32())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulHighI32x4U(V128 left, V128 right) => (Vector128.WidenUpper(left.AsUInt32()) * Vector128.WidenUpper(right.AsUInt32())).AsByte();
}
