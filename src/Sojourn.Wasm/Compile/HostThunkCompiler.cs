using System.Collections.Concurrent;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Makes the machine code by which compiled code calls host functions: typed delegates without boxing, plain callbacks through values.</summary>
internal static unsafe class HostThunkCompiler
{
    private static readonly ConcurrentDictionary<string, (DynamicMethod Method, nint Code)> Untyped = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<(Type Delegate, bool TakesCaller), (DynamicMethod Method, nint Code)> Typed = new();

    public static nint Get(HostDefinition definition, Store store)
    {
        if (definition.Typed is { } typed)
        {
            return Typed.GetOrAdd((typed.GetType(), definition.TakesCaller), static (key, type) => Make(key.Delegate, key.TakesCaller, type), definition.Type).Code;
        }

        var signature = Signature.Of(store, definition.Type);
        return Untyped.GetOrAdd(signature.Key, static (_, made) => Make(made), signature).Code;
    }

    /// <summary>The host function behind the context of a thunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static HostFunction FunctionOf(nint context) => Unsafe.As<HostFunction>(GCHandle.FromIntPtr(*(nint*)context).Target!);

    internal static Delegate DelegateOf(HostFunction function) => function.Delegate!;

    internal static Function? ToFunction(HostFunction host, nint record) => host.Store.FunctionOf(record);

    internal static nint ToRecord(HostFunction host, Function? function)
    {
        if (function is null)
        {
            return 0;
        }

        return ReferenceEquals(function.Store, host.Store) ? function.Record : throw new InvalidOperationException("A host function returned a function of another store.");
    }

    internal static void StoreResult(HostFunction host, int index, Value value) => Store(host.Store, index, value);

    internal static void CallPlainly(nint context, nint slots, object?[] references, string letters)
    {
        var host = FunctionOf(context);
        var type = host.Type;
        var arguments = new Value[type.Parameters.Length];
        var results = new Value[type.Results.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = Load((Vector128<byte>*)slots + i, (IlType)(letters[i] - 'a'), references, i, host.Store);
        }

        host.Definition.Callback(host.Caller, arguments, results);
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Kind != type.Results[i].Kind || (type.Results[i].IsReference && !References.Fits(host.Store, results[i].Reference, type.Results[i])))
            {
                throw new InvalidOperationException($"A host function of type {type} gave {results[i]} as result {i}.");
            }

            Store(host.Store, i, results[i]);
        }
    }

    internal static nint ResultSlot(nint context, int index) => *((nint*)context + 1) + StoreBlock.ResultsOffset + (16 * index);

    internal static object? ResultReference(nint context) => FunctionOf(context).Store.ResultReferences[0];

    private static void Store(Store store, int index, Value value)
    {
        if (value.Kind == WasmTypeKind.Reference)
        {
            store.ResultReferences[index] = value.Reference;
        }

        *(Vector128<byte>*)((nint)store.Block + StoreBlock.ResultsOffset + (16 * index)) =
            value.Kind == WasmTypeKind.Reference ? Vector128.CreateScalar((ulong)(value.Function?.Record ?? 0)).AsByte() : value.Vector;
    }

    private static Value Load(Vector128<byte>* slot, IlType type, object?[] references, int index, Store store) => type switch
    {
        IlType.Int32 => Value.From(*(int*)slot),
        IlType.Int64 => Value.From(*(long*)slot),
        IlType.Single => Value.FromBits(WasmTypeKind.F32, *(uint*)slot),
        IlType.Double => Value.FromBits(WasmTypeKind.F64, *(ulong*)slot),
        IlType.Vector => Value.From(*slot),
        IlType.Native => Value.FromReference(store.FunctionOf(*(nint*)slot)),
        _ => Value.FromReference(references[index]),
    };

    private static (DynamicMethod Method, nint Code) Finish(DynamicMethod method)
    {
        // The handle keeps the code alive as long as the process: signatures are few.
        var handle = (RuntimeMethodHandle)typeof(DynamicMethod).GetMethod("GetMethodDescriptor", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.Invoke(method, null)!;
        RuntimeHelpers.PrepareMethod(handle);
        return (method, handle.GetFunctionPointer());
    }

    private static (DynamicMethod Method, nint Code) Make(Signature signature)
    {
        var method = new DynamicMethod("host", signature.ClrResult, signature.ClrParameters, typeof(HostThunkCompiler).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var count = signature.Parameters.Length;
        var slots = il.DeclareLocal(typeof(nint));
        var references = il.DeclareLocal(typeof(object?[]));
        il.Emit(OpCodes.Ldc_I4, 16 * Math.Max(1, count));
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Localloc);
        il.Emit(OpCodes.Stloc, slots);
        if (signature.Parameters.Contains(IlType.Object))
        {
            il.Emit(OpCodes.Ldc_I4, count);
            il.Emit(OpCodes.Newarr, typeof(object));
            il.Emit(OpCodes.Stloc, references);
        }

        for (var i = 0; i < count; i++)
        {
            if (signature.Parameters[i] == IlType.Object)
            {
                il.Emit(OpCodes.Ldloc, references);
                il.Emit(OpCodes.Ldc_I4, i);
                il.Emit(OpCodes.Ldarg, (short)i);
                il.Emit(OpCodes.Stelem_Ref);
            }
            else
            {
                il.Emit(OpCodes.Ldloc, slots);
                il.Emit(OpCodes.Ldc_I4, 16 * i);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Ldarg, (short)i);
                il.Emit(OpCodes.Stobj, IlTypes.Clr(signature.Parameters[i]));
            }
        }

        il.Emit(OpCodes.Ldarg, (short)count);
        il.Emit(OpCodes.Ldloc, slots);
        il.Emit(OpCodes.Ldloc, references);
        il.Emit(OpCodes.Ldstr, string.Concat(signature.Parameters.Select(type => (char)('a' + (int)type))));
        Call(il, nameof(CallPlainly));
        if (signature.Results.Length > 0)
        {
            il.Emit(OpCodes.Ldarg, (short)count);
            if (signature.Results[0] == IlType.Object)
            {
                Call(il, nameof(ResultReference));
            }
            else
            {
                il.Emit(OpCodes.Ldc_I4_0);
                Call(il, nameof(ResultSlot));
                il.Emit(OpCodes.Ldobj, signature.ClrResult);
            }
        }

        il.Emit(OpCodes.Ret);
        return Finish(method);
    }

    private static (DynamicMethod Method, nint Code) Make(Type delegateType, bool takesCaller, FunctionType type)
    {
        var invoke = delegateType.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(parameter => parameter.ParameterType).Skip(takesCaller ? 1 : 0).ToArray();
        var results = HostDelegates.ResultTypes(invoke.ReturnType);
        Type[] outer = [.. parameters.Select(Raw), typeof(nint)];
        var method = new DynamicMethod("host", results.Length == 0 ? typeof(void) : Raw(results[0]), outer, typeof(HostThunkCompiler).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var host = il.DeclareLocal(typeof(HostFunction));
        il.Emit(OpCodes.Ldarg, (short)parameters.Length);
        Call(il, nameof(FunctionOf));
        il.Emit(OpCodes.Stloc, host);
        il.Emit(OpCodes.Ldloc, host);
        il.Emit(OpCodes.Call, typeof(HostFunction).GetProperty(nameof(HostFunction.Delegate))!.GetMethod!);
        if (takesCaller)
        {
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Call, typeof(HostFunction).GetProperty(nameof(HostFunction.Caller))!.GetMethod!);
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            if (parameters[i] == typeof(Function))
            {
                il.Emit(OpCodes.Ldloc, host);
                il.Emit(OpCodes.Ldarg, (short)i);
                Call(il, nameof(ToFunction));
            }
            else
            {
                il.Emit(OpCodes.Ldarg, (short)i);
            }
        }

        il.Emit(OpCodes.Callvirt, invoke);
        if (results.Length == 1)
        {
            Unwrap(il, host, invoke.ReturnType);
        }
        else if (results.Length > 1)
        {
            UnwrapTuple(il, host, invoke.ReturnType, results);
        }

        il.Emit(OpCodes.Ret);
        return Finish(method);
    }

    private static void Unwrap(ILGenerator il, LocalBuilder host, Type type)
    {
        if (type == typeof(Function))
        {
            var function = il.DeclareLocal(typeof(Function));
            il.Emit(OpCodes.Stloc, function);
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Ldloc, function);
            Call(il, nameof(ToRecord));
        }
    }

    private static void UnwrapTuple(ILGenerator il, LocalBuilder host, Type tupleType, IReadOnlyList<Type> results)
    {
        var tuple = il.DeclareLocal(tupleType);
        il.Emit(OpCodes.Stloc, tuple);
        for (var i = 1; i < results.Count; i++)
        {
            il.Emit(OpCodes.Ldloc, host);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldloc, tuple);
            il.Emit(OpCodes.Ldfld, tupleType.GetField("Item" + (i + 1))!);
            il.Emit(OpCodes.Call, typeof(Value).GetMethods().Single(method => FromMethod(method, results[i])));
            Call(il, nameof(StoreResult));
        }

        il.Emit(OpCodes.Ldloc, tuple);
        il.Emit(OpCodes.Ldfld, tupleType.GetField("Item1")!);
        Unwrap(il, host, results[0]);
    }

    private static bool FromMethod(System.Reflection.MethodInfo method, Type type)
    {
        if (type == typeof(object) || type == typeof(Function))
        {
            return string.Equals(method.Name, nameof(Value.FromReference), StringComparison.Ordinal);
        }

        var wanted = type == typeof(uint) ? typeof(int) : type == typeof(ulong) ? typeof(long) : type;
        return string.Equals(method.Name, nameof(Value.From), StringComparison.Ordinal) && method.GetParameters()[0].ParameterType == wanted;
    }

    private static Type Raw(Type type) => type == typeof(Function) ? typeof(nint) : type == typeof(uint) ? typeof(int) : type == typeof(ulong) ? typeof(long) : type;

    private static void Call(ILGenerator il, string name) =>
        il.Emit(OpCodes.Call, typeof(HostThunkCompiler).GetMethod(name, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!);
}
