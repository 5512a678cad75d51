using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 V128Not(V128 vector) => ~vector;

    [MethodImpl(Inline)]
    public static V128 V128And(V128 left, V128 right) => left & right;

    [MethodImpl(Inline)]
    public static V128 V128Or(V128 left, V128 right) => left | right;

    [MethodImpl(Inline)]
    public static V128 V128Xor(V128 left, V128 right) => left ^ right;

    [MethodImpl(Inline)]
    public static V128 V128Andnot(V128 left, V128 right) => Vector128.AndNot(left, right);

    [MethodImpl(Inline)]
    public static V128 V128Bitselect(V128 left, V128 right, V128 mask) => Vector128.ConditionalSelect(mask, left, right);

    [MethodImpl(Inline)]
    public static int V128AnyTrue(V128 vector) => vector != V128.Zero ? 1 : 0;

    [MethodImpl(Inline)]
    public static int I8x16AllTrue(V128 vector) => Vector128.EqualsAny(vector.AsSByte(), Vector128<sbyte>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I8x16Bitmask(V128 vector) => (int)vector.AsSByte().ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static V128 I8x16Shl(V128 vector, int count) => (vector.AsSByte() << (count & 7)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16ShrU(V128 vector, int count) => (vector.AsByte() >>> (count & 7)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16ShrS(V128 vector, int count) => (vector.AsSByte() >> (count & 7)).AsByte();

    [MethodImpl(Inline)]
    public static int I16x8AllTrue(V128 vector) => Vector128.EqualsAny(vector.AsInt16(), Vector128<short>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I16x8Bitmask(V128 vector) => (int)vector.AsInt16().ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static V128 I16x8Shl(V128 vector, int count) => (vector.AsInt16() << (count & 15)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ShrU(V128 vector, int count) => (vector.AsUInt16() >>> (count & 15)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ShrS(V128 vector, int count) => (vector.AsInt16() >> (count & 15)).AsByte();

    [MethodImpl(Inline)]
    public static int I32x4AllTrue(V128 vector) => Vector128.EqualsAny(vector.AsInt32(), Vector128<int>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I32x4Bitmask(V128 vector) => (int)vector.AsInt32().ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static V128 I32x4Shl(V128 vector, int count) => (vector.AsInt32() << (count & 31)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ShrU(V128 vector, int count) => (vector.AsUInt32() >>> (count & 31)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ShrS(V128 vector, int count) => (vector.AsInt32() >> (count & 31)).AsByte();

    [MethodImpl(Inline)]
    public static int I64x2AllTrue(V128 vector) => Vector128.EqualsAny(vector.AsInt64(), Vector128<long>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I64x2Bitmask(V128 vector) => (int)vector.AsInt64().ExtractMostSignificantBits();

    [MethodImpl(Inline)]
    public static V128 I64x2Shl(V128 vector, int count) => (vector.AsInt64() << (count & 63)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ShrU(V128 vector, int count) => (vector.AsUInt64() >>> (count & 63)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ShrS(V128 vector, int count) => (vector.AsInt64() >> (count & 63)).AsByte();
}
