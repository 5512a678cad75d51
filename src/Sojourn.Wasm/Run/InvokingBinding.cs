using System.Linq.Expressions;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Run;

/// <summary>Typed delegates over functions that have no machine code of their own: the delegate's parameters become values, and the function is invoked with them.</summary>
internal static class InvokingBinding
{
    /// <summary>A delegate of a type that was found to fit the function.</summary>
    public static Delegate Create(Function function, Type delegateType, Type[] parameters, Type result)
    {
        var inputs = Array.ConvertAll(parameters, static type => Expression.Parameter(type));
        var call = Expression.Call(
            typeof(InvokingBinding).GetMethod(nameof(Invoke), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!,
            Expression.Constant(function, typeof(Function)),
            Expression.NewArrayInit(typeof(Value), Array.ConvertAll(inputs, ToValue)));
        return Expression.Lambda(delegateType, result == typeof(void) ? call : FromValue(call, result), inputs).Compile();
    }

    private static Value Invoke(Function function, Value[] arguments)
    {
        Value result = default;
        function.Invoke(arguments, function.Type.Results.Length == 0 ? [] : new Span<Value>(ref result));
        return result;
    }

    private static Expression ToValue(ParameterExpression input)
    {
        var type = input.Type;
        if (type == typeof(Function) || type == typeof(object))
        {
            return Expression.Call(typeof(Value), nameof(Value.FromReference), null, Expression.Convert(input, typeof(object)));
        }

        return Expression.Call(
            typeof(Value).GetMethod(nameof(Value.From), [type == typeof(uint) ? typeof(int) : type == typeof(ulong) ? typeof(long) : type])!,
            type == typeof(uint) ? Expression.Convert(input, typeof(int)) : type == typeof(ulong) ? Expression.Convert(input, typeof(long)) : input);
    }

    private static Expression FromValue(Expression value, Type type)
    {
        var property = type == typeof(int) || type == typeof(uint) ? nameof(Value.Int32)
            : type == typeof(long) || type == typeof(ulong) ? nameof(Value.Int64)
            : type == typeof(float) ? nameof(Value.Single)
            : type == typeof(double) ? nameof(Value.Double)
            : type == typeof(Vector128<byte>) ? nameof(Value.Vector)
            : type == typeof(Function) ? nameof(Value.Function)
            : nameof(Value.Reference);
        return Expression.Convert(Expression.Property(value, property), type);
    }
}
