namespace Sojourn.Wasm.Run;

/// <summary>Whether a reference from the host has a type of the store.</summary>
internal static class References
{
    public static bool Fits(Store store, object? reference, WasmType type)
    {
        if (reference is null)
        {
            return type.IsNullable;
        }

        var top = store.Types.Top(type.Heap);
        if (top == HeapType.Func)
        {
            return reference is Function function && ReferenceEquals(function.Store, store)
                && (type.Heap == HeapType.Func || store.Types.Matches(HeapType.Of(TypeOf(function)), type.Heap));
        }

        return top != HeapType.Extern || type.Heap == HeapType.Extern;
    }

    public static unsafe int TypeOf(Function function) => ((FunctionRecord*)function.Record)->TypeIdentity;
}
