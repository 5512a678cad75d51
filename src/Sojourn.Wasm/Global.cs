using System.Runtime.Intrinsics;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>A global variable.</summary>
public sealed unsafe class Global
{
    private readonly nint cell;
    private readonly bool isFunction;

    internal Global(Store store, GlobalType type, nint cell, Value initial)
    {
        Store = store;
        Type = type;
        this.cell = cell;
        store.Register(this);
        isFunction = type.Type.IsReference && store.Types.Top(type.Type.Heap) == HeapType.Func;
        SetUnchecked(initial);
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>Its type; concrete reference types are identities of the store.</summary>
    public GlobalType Type { get; }

    /// <summary>Its value.</summary>
    /// <exception cref="InvalidOperationException">It is set, but it is immutable.</exception>
    public Value Value
    {
        get
        {
            Store.CheckUsable();
            return Type.Type.Kind switch
            {
                WasmTypeKind.V128 => Value.From(*(Vector128<byte>*)cell),
                WasmTypeKind.Reference => Value.FromReference(isFunction ? Store.FunctionOf(*(nint*)cell) : Reference),
                WasmTypeKind.I32 or WasmTypeKind.F32 => Value.FromBits(Type.Type.Kind, *(uint*)cell),
                _ => Value.FromBits(Type.Type.Kind, *(ulong*)cell),
            };
        }

        set
        {
            Store.CheckUsable();
            if (!Type.IsMutable)
            {
                throw new InvalidOperationException("The global is immutable.");
            }

            if (value.Kind != Type.Type.Kind)
            {
                throw new ArgumentException($"The global is {Type.Type}, the value is {value.Kind}.", nameof(value));
            }

            SetUnchecked(value);
        }
    }

    internal nint Cell => cell;

    /// <summary>All bits of its cell.</summary>
    internal UInt128 Raw
    {
        get => *(UInt128*)cell;
        set => *(UInt128*)cell = value;
    }

    /// <summary>The value of a reference that is not a function.</summary>
    internal object? Reference { get; set; }

    /// <summary>A global of the host's, to be imported by instances of the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="type">Its type.</param>
    /// <param name="initial">Its first value.</param>
    public static Global Create(Store store, GlobalType type, Value initial)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        store.CheckUsable();
        return new(store, type, store.Allocate(16), initial);
    }

    internal void SetUnchecked(Value value)
    {
        switch (Type.Type.Kind)
        {
            case WasmTypeKind.V128:
                *(Vector128<byte>*)cell = value.Vector;
                break;
            case WasmTypeKind.Reference when isFunction:
                *(nint*)cell = value.Function?.Record ?? 0;
                break;
            case WasmTypeKind.Reference:
                Reference = value.Reference;
                break;
            case WasmTypeKind.I32 or WasmTypeKind.F32:
                *(uint*)cell = (uint)value.Bits;
                break;
            default:
                *(ulong*)cell = value.Bits;
                break;
        }
    }
}
