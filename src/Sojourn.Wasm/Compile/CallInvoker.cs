using System.Collections.Concurrent;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Calls compiled functions of one signature with values: a small method made once per signature.</summary>
internal sealed unsafe class CallInvoker
{
    private const int CachedMax = 4096;
    private static readonly ConcurrentDictionary<string, CallInvoker> Cache = new(StringComparer.Ordinal);
    private readonly Signature signature;
    private readonly Raw raw;

    private CallInvoker(Signature signature)
    {
        this.signature = signature;
        raw = Make(signature);
    }

    // Slots hold 16 bytes per value; references are in an array beside them.
    private delegate void Raw(nint code, nint context, nint slots, object?[] references);

    public static CallInvoker Get(Instance instance, int functionIndex) => Get(instance.Store, instance.FunctionAt(functionIndex).Type);

    public static CallInvoker Get(Store store, FunctionType type)
    {
        var signature = Signature.Of(store, type);
        if (Cache.Count > CachedMax)
        {
            Cache.Clear();
        }

        return Cache.GetOrAdd(signature.Key, static (_, made) => new CallInvoker(made), signature);
    }

    public void Call(Store store, nint code, nint context, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        var count = Math.Max(arguments.Length, 1);
        var slots = stackalloc Vector128<byte>[Math.Max(count, 1)];
        object?[] references = [];
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (signature.Parameters[i])
            {
                case IlType.Native:
                    *(nint*)(slots + i) = arguments[i].Function?.Record ?? 0;
                    break;
                case IlType.Object:
                    if (references.Length == 0)
                    {
                        references = new object?[count];
                    }

                    references[i] = arguments[i].Reference;
                    break;
                default:
                    slots[i] = arguments[i].Vector;
                    break;
            }
        }

        if (references.Length == 0 && results.Length > 0 && signature.Results[0] == IlType.Object)
        {
            references = new object?[1];
        }

        raw(code, context, (nint)slots, references);
        for (var i = 0; i < results.Length; i++)
        {
            var slot = i == 0 ? (nint)slots : (nint)store.Block + StoreBlock.ResultsOffset + (16 * i);
            results[i] = signature.Results[i] switch
            {
                IlType.Int32 => Value.From(*(int*)slot),
                IlType.Int64 => Value.From(*(long*)slot),
                IlType.Single => Value.FromBits(WasmTypeKind.F32, *(uint*)slot),
                IlType.Double => Value.FromBits(WasmTypeKind.F64, *(ulong*)slot),
                IlType.Vector => Value.From(*(Vector128<byte>*)slot),
                IlType.Native => Value.FromReference(store.FunctionOf(*(nint*)slot)),
                _ => Value.FromReference(i == 0 ? references[0] : store.ResultReferences[i]),
            };
        }
    }

    private static Raw Make(Signature signature)
    {
        var method = new DynamicMethod("invoke", typeof(void), [typeof(nint), typeof(nint), typeof(nint), typeof(object?[])], typeof(CallInvoker).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        if (signature.Results.Length > 0)
        {
            if (signature.Results[0] == IlType.Object)
            {
                il.Emit(OpCodes.Ldarg_3);
                il.Emit(OpCodes.Ldc_I4_0);
            }
            else
            {
                il.Emit(OpCodes.Ldarg_2);
            }
        }

        for (var i = 0; i < signature.Parameters.Length; i++)
        {
            if (signature.Parameters[i] == IlType.Object)
            {
                il.Emit(OpCodes.Ldarg_3);
                il.Emit(OpCodes.Ldc_I4, i);
                il.Emit(OpCodes.Ldelem_Ref);
            }
            else
            {
                il.Emit(OpCodes.Ldarg_2);
                il.Emit(OpCodes.Ldc_I4, 16 * i);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Ldobj, IlTypes.Clr(signature.Parameters[i]));
            }
        }

        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_0);
        il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, signature.ClrResult, signature.ClrParameters, null);
        if (signature.Results.Length > 0)
        {
            if (signature.Results[0] == IlType.Object)
            {
                il.Emit(OpCodes.Stelem_Ref);
            }
            else
            {
                il.Emit(OpCodes.Stobj, signature.ClrResult);
            }
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Raw>();
    }
}
