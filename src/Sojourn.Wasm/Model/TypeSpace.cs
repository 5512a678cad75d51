namespace Sojourn.Wasm.Model;

/// <summary>Subtyping over some space of concrete types: a module's indices, or a store's identities.</summary>
/// <remarks>WebAssembly 3.0, validation, matching.</remarks>
internal abstract class TypeSpace
{
    /// <summary>The identity by which equivalent types are equal.</summary>
    public abstract int Canonical(int type);

    /// <summary>What the type extends, or -1.</summary>
    public abstract int Supertype(int type);

    /// <summary>Function, structure or array: the abstract type right above it.</summary>
    public abstract HeapType Kind(int type);

    public bool Matches(WasmType sub, WasmType super)
    {
        if (sub == super || sub.Kind == WasmTypeKind.Bottom)
        {
            return true;
        }

        return sub.IsReference && super.IsReference && (super.IsNullable || !sub.IsNullable) && Matches(sub.Heap, super.Heap);
    }

    public bool AreEqual(WasmType left, WasmType right) => left == right || (Matches(left, right) && Matches(right, left));

    public bool Matches(HeapType sub, HeapType super)
    {
        if (sub == super)
        {
            return true;
        }

        if (sub.IsConcrete)
        {
            return super.IsConcrete ? IsSubtype(sub.Code, super.Code) : Matches(Kind(sub.Code), super);
        }

        if (super.IsConcrete)
        {
            return sub == HeapType.NoFunc ? Kind(super.Code) == HeapType.Func : sub == HeapType.None && Kind(super.Code) != HeapType.Func;
        }

        if (super == HeapType.Any)
        {
            return sub == HeapType.Eq || sub == HeapType.I31 || sub == HeapType.Struct || sub == HeapType.Array || sub == HeapType.None;
        }

        if (super == HeapType.Eq)
        {
            return sub == HeapType.I31 || sub == HeapType.Struct || sub == HeapType.Array || sub == HeapType.None;
        }

        if (super == HeapType.I31 || super == HeapType.Struct || super == HeapType.Array)
        {
            return sub == HeapType.None;
        }

        return (super == HeapType.Func && sub == HeapType.NoFunc)
            || (super == HeapType.Extern && sub == HeapType.NoExtern)
            || (super == HeapType.Exn && sub == HeapType.NoExn);
    }

    public bool IsSubtype(int sub, int super)
    {
        var wanted = Canonical(super);
        for (var at = sub; at >= 0; at = Supertype(at))
        {
            if (Canonical(at) == wanted)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The top of the hierarchy that a heap type belongs to.</summary>
    public HeapType Top(HeapType heap)
    {
        if (heap.IsConcrete)
        {
            heap = Kind(heap.Code);
        }

        return heap == HeapType.Func || heap == HeapType.NoFunc ? HeapType.Func
            : heap == HeapType.Extern || heap == HeapType.NoExtern ? HeapType.Extern
            : heap == HeapType.Exn || heap == HeapType.NoExn ? HeapType.Exn
            : HeapType.Any;
    }
}
