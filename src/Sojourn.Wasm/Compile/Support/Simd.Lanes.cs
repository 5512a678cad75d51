using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 I8x16Splat(int value) => Vector128.Create((sbyte)value).AsByte();

    [MethodImpl(Inline)]
    public static int I8x16ExtractLaneS(V128 vector, int lane) => vector.AsSByte().GetElement(lane);

    [MethodImpl(Inline)]
    public static int I8x16ExtractLaneU(V128 vector, int lane) => vector.AsByte().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I8x16ReplaceLane(V128 vector, int value, int lane) => vector.AsSByte().WithElement(lane, (sbyte)value).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Splat(int value) => Vector128.Create((short)value).AsByte();

    [MethodImpl(Inline)]
    public static int I16x8ExtractLaneS(V128 vector, int lane) => vector.AsInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static int I16x8ExtractLaneU(V128 vector, int lane) => vector.AsUInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I16x8ReplaceLane(V128 vector, int value, int lane) => vector.AsInt16().WithElement(lane, (short)value).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Splat(int value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static int I32x4ExtractLane(V128 vector, int lane) => vector.AsInt32().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I32x4ReplaceLane(V128 vector, int value, int lane) => vector.AsInt32().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Splat(long value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static long I64x2ExtractLane(V128 vector, int lane) => vector.AsInt64().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I64x2ReplaceLane(V128 vector, long value, int lane) => vector.AsInt64().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Splat(float value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static float F32x4ExtractLane(V128 vector, int lane) => vector.AsSingle().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 F32x4ReplaceLane(V128 vector, float value, int lane) => vector.AsSingle().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Splat(double value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static double F64x2ExtractLane(V128 vector, int lane) => vector.AsDouble().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 F64x2ReplaceLane(V128 vector, double value, int lane) => vector.AsDouble().WithElement(lane, value).AsByte();
}
