using System.Runtime.CompilerServices;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Interpret;

namespace Sojourn.Wasm.Run;

/// <summary>Makes typed delegates that call functions.</summary>
internal static class Binding
{
    public static Delegate Create(Function function, Type delegateType)
    {
        var invoke = delegateType.GetMethod("Invoke")!;
        Type[] parameters = [.. invoke.GetParameters().Select(parameter => parameter.ParameterType)];
        Check(function, delegateType, parameters, invoke.ReturnType);
        return !RuntimeFeature.IsDynamicCodeSupported || function is InstanceFunction { Instance.Module.Code: InterpretedCode }
            ? InvokingBinding.Create(function, delegateType, parameters, invoke.ReturnType)
            : BindingCompiler.Create(function, delegateType);
    }

    private static void Check(Function function, Type delegateType, Type[] parameters, Type result)
    {
        var results = HostDelegates.ResultTypes(result);
        var type = new FunctionType([.. parameters.Select(HostDelegates.TypeOf)], [.. results.Select(HostDelegates.TypeOf)]);
        if (results.Length > 1 || !function.Store.Types.IsSubtype(References.TypeOf(function), function.Store.Types.Intern(type)))
        {
            throw new ArgumentException($"{delegateType} is {type}, the function is {function.Type}.", nameof(delegateType));
        }
    }
}
