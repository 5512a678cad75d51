using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Maps WebAssembly's types to IL's.</summary>
internal static class IlTypes
{
    public static IlType Of(WasmType type, TypeSpace types) => type.Kind switch
    {
        WasmTypeKind.I32 => IlType.Int32,
        WasmTypeKind.I64 => IlType.Int64,
        WasmTypeKind.F32 => IlType.Single,
        WasmTypeKind.F64 => IlType.Double,
        WasmTypeKind.V128 => IlType.Vector,
        _ => types.Top(type.Heap) == HeapType.Func ? IlType.Native : IlType.Object,
    };

    public static IlType[] Of(ReadOnlySpan<WasmType> list, TypeSpace types, int spare = 0)
    {
        var result = new IlType[list.Length + spare];
        for (var i = 0; i < list.Length; i++)
        {
            result[i] = Of(list[i], types);
        }

        return result;
    }

    public static Type Clr(IlType type) => type switch
    {
        IlType.Int32 => typeof(int),
        IlType.Int64 => typeof(long),
        IlType.Single => typeof(float),
        IlType.Double => typeof(double),
        IlType.Vector => typeof(System.Runtime.Intrinsics.Vector128<byte>),
        IlType.Native => typeof(nint),
        _ => typeof(object),
    };
}
