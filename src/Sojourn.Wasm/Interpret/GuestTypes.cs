using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Interpret;

/// <summary>Tests references against types at run time.</summary>
internal static class GuestTypes
{
    /// <summary>Whether a reference has a type whose concrete parts are identities of the store.</summary>
    public static bool Fits(Store store, object? reference, WasmType type)
    {
        if (reference is null)
        {
            return type.IsNullable;
        }

        var heap = type.Heap;
        if (heap.IsConcrete)
        {
            return reference switch
            {
                Function function => store.Types.IsSubtype(References.TypeOf(function), heap.Code),
                GuestObject value => store.Types.IsSubtype(value.Type, heap.Code),
                _ => false,
            };
        }

        return heap == HeapType.Any || heap == HeapType.Extern
            || (heap == HeapType.Func && reference is Function)
            || (heap == HeapType.Exn && reference is ExceptionObject)
            || (heap == HeapType.Eq && reference is (I31Object or GuestObject))
            || (heap == HeapType.I31 && reference is I31Object)
            || (heap == HeapType.Struct && reference is StructObject)
            || (heap == HeapType.Array && reference is ArrayObject);
    }
}
