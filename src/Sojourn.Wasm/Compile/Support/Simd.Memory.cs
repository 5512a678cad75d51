using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Loads and stores of vectors; addresses are checked by the caller or by guard pages.</summary>
internal static unsafe partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 V128Load8x8S(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8x8U(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load16x4S(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load16x4U(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32x2S(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32x2U(nint address) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)address).AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8Splat(nint address) => Vector128.Create(*(byte*)address);

    [MethodImpl(Inline)]
    public static V128 V128Load16Splat(nint address) => Vector128.Create(*(ushort*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Splat(nint address) => Vector128.Create(*(uint*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Splat(nint address) => Vector128.Create(*(ulong*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Zero(nint address) => Vector128.CreateScalar(*(uint*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Zero(nint address) => Vector128.CreateScalar(*(ulong*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8Lane(nint address, V128 vector, int lane) => vector.WithElement(lane, *(byte*)address);

    [MethodImpl(Inline)]
    public static V128 V128Load16Lane(nint address, V128 vector, int lane) => vector.AsUInt16().WithElement(lane, *(ushort*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Lane(nint address, V128 vector, int lane) => vector.AsUInt32().WithElement(lane, *(uint*)address).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Lane(nint address, V128 vector, int lane) => vector.AsUInt64().WithElement(lane, *(ulong*)address).AsByte();

    [MethodImpl(Inline)]
    public static void V128Store8Lane(nint address, V128 vector, int lane) => *(byte*)address = vector.GetElement(lane);

    [MethodImpl(Inline)]
    public static void V128Store16Lane(nint address, V128 vector, int lane) => *(ushort*)address = vector.AsUInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static void V128Store32Lane(nint address, V128 vector, int lane) => *(uint*)address = vector.AsUInt32().GetElement(lane);

    [MethodImpl(Inline)]
    public static void V128Store64Lane(nint address, V128 vector, int lane) => *(ulong*)address = vector.AsUInt64().GetElement(lane);
}
