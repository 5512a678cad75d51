using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sojourn.Wasm.Compile;

namespace Sojourn.Wasm.Run;

/// <summary>A host function as one instance imported it.</summary>
internal sealed unsafe class HostFunction : Function
{
    private GCHandle handle;
    private CallInvoker? invoker;

    private HostFunction(Store store, FunctionType type, nint record, HostDefinition definition, Instance? importer)
        : base(store, type, record)
    {
        Definition = definition;
        Caller = new(importer, store);
        Delegate = definition.Typed;
        Target = definition.Target;
    }

    public HostDefinition Definition { get; }

    public Caller Caller { get; }

    /// <summary>The typed delegate, or null.</summary>
    public Delegate? Delegate { get; }

    /// <summary>What generated code calls, see <see cref="HostDefinition.Target"/>.</summary>
    public object? Target { get; }

    public static HostFunction Create(Store store, HostDefinition definition, Instance? importer)
    {
        var record = (FunctionRecord*)store.Allocate(sizeof(FunctionRecord));
        var function = new HostFunction(store, definition.Type, (nint)record, definition, importer);

        // The context of a host function: the handle by which its thunk finds it, then the store's block.
        var context = (nint*)store.Allocate(2 * sizeof(nint));
        function.handle = GCHandle.Alloc(function, GCHandleType.Weak);
        context[0] = GCHandle.ToIntPtr(function.handle);
        context[1] = (nint)store.Block;
        record->Context = (nint)context;
        record->Code = HostThunks.Get(definition, store);
        record->TypeIdentity = store.Types.Intern(definition.Type);
        record->Instance = -1;
        record->Index = store.Add(function);
        return function;
    }

    public void FreeHandle()
    {
        if (handle.IsAllocated)
        {
            handle.Free();
        }
    }

    internal override void Call(ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        if (Delegate is null || !RuntimeFeature.IsDynamicCodeSupported)
        {
            Definition.Callback(Caller, arguments, results);
            return;
        }

        // The same machine code by which compiled guests call the delegate: nothing is boxed.
        var record = (FunctionRecord*)Record;
        invoker ??= CallInvoker.Get(Store, Type);
        invoker.Call(Store, record->Code, record->Context, arguments, results);
    }
}

/// <summary>A host function before any instance imports it.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Callback">How it is called with values.</param>
/// <param name="Typed">How it is called without boxing, or null.</param>
internal sealed record HostDefinition(FunctionType Type, HostCallback Callback, Delegate? Typed)
{
    /// <summary>Whether the typed delegate takes the caller first.</summary>
    public bool TakesCaller { get; init; }

    /// <summary>Machine code by which compiled guests call the function, written by the source generator; 0 where the engine has to make it.</summary>
    public nint Code { get; init; }

    /// <summary>The object that <see cref="Code"/> calls; null where it needs none.</summary>
    public object? Target { get; init; }
}
