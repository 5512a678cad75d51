using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using System.Reflection;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Run;

/// <summary>Derives a function type from a delegate's signature.</summary>
internal static class HostDelegates
{
    public static HostDefinition Define(Delegate typed)
    {
        var invoke = typed.GetType().GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(parameter => parameter.ParameterType).ToList();
        var takesCaller = parameters.Count > 0 && parameters[0] == typeof(Caller);
        if (takesCaller)
        {
            parameters.RemoveAt(0);
        }

        var results = ResultTypes(invoke.ReturnType);
        var type = new FunctionType([.. parameters.Select(TypeOf)], [.. results.Select(TypeOf)]);
        return new(type, (caller, arguments, output) => CallSlowly(typed, takesCaller, caller, arguments, output), typed) { TakesCaller = takesCaller };
    }

    public static WasmType TypeOf(Type type)
    {
        return type == typeof(int) || type == typeof(uint) ? WasmType.I32
            : type == typeof(long) || type == typeof(ulong) ? WasmType.I64
            : type == typeof(float) ? WasmType.F32
            : type == typeof(double) ? WasmType.F64
            : type == typeof(Vector128<byte>) ? WasmType.V128
            : type == typeof(Function) ? WasmType.FuncRef
            : type == typeof(object) ? WasmType.ExternRef
            : throw new ArgumentException($"{type} has no WebAssembly type: use int, uint, long, ulong, float, double, Vector128<byte>, Function or object.");
    }

    public static ImmutableArray<Type> ResultTypes(Type result)
    {
        if (result == typeof(void))
        {
            return [];
        }

        return result.IsGenericType && result.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal) && result.GenericTypeArguments.Length < 8
            ? [.. result.GenericTypeArguments]
            : [result];
    }

    public static object? ToObject(Value value, Type type)
    {
        return type == typeof(int) ? value.Int32
            : type == typeof(uint) ? (uint)value.Int32
            : type == typeof(long) ? value.Int64
            : type == typeof(ulong) ? (ulong)value.Int64
            : type == typeof(float) ? value.Single
            : type == typeof(double) ? value.Double
            : type == typeof(Vector128<byte>) ? value.Vector
            : value.Reference;
    }

    public static Value FromObject(object? value) => value switch
    {
        int number => Value.From(number),
        uint number => Value.From((int)number),
        long number => Value.From(number),
        ulong number => Value.From((long)number),
        float number => Value.From(number),
        double number => Value.From(number),
        Vector128<byte> vector => Value.From(vector),
        _ => Value.FromReference(value),
    };

    // The boxing way, for calls that do not come from compiled code.
    private static void CallSlowly(Delegate typed, bool takesCaller, Caller caller, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        var invoke = typed.GetType().GetMethod("Invoke")!;
        var parameters = invoke.GetParameters();
        var boxed = new object?[parameters.Length];
        var shift = takesCaller ? 1 : 0;
        if (takesCaller)
        {
            boxed[0] = caller;
        }

        for (var i = shift; i < boxed.Length; i++)
        {
            var type = parameters[i].ParameterType;
            boxed[i] = type == typeof(object) && arguments[i - shift].Kind == WasmTypeKind.Reference ? arguments[i - shift].Reference : ToObject(arguments[i - shift], type);
        }

        object? result;
        try
        {
            result = typed.DynamicInvoke(boxed);
        }
        catch (TargetInvocationException wrapped) when (wrapped.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }

        if (results.Length == 1)
        {
            results[0] = invoke.ReturnType == typeof(object) || invoke.ReturnType == typeof(Function) ? Value.FromReference(result) : FromObject(result);
        }
        else if (results.Length > 1)
        {
            var tuple = (System.Runtime.CompilerServices.ITuple)result!;
            var types = ResultTypes(invoke.ReturnType);
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = types[i] == typeof(object) || types[i] == typeof(Function) ? Value.FromReference(tuple[i]) : FromObject(tuple[i]);
            }
        }
    }
}
