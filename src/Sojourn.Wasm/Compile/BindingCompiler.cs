using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Makes typed delegates over functions.</summary>
internal static unsafe class BindingCompiler
{
    public static Delegate Create(Function function, Type delegateType)
    {
        var invoke = delegateType.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(parameter => parameter.ParameterType).ToArray();
        var results = HostDelegates.ResultTypes(invoke.ReturnType);
        var signature = Signature.Of(function.Store, function.Type);
        var method = new DynamicMethod("call", invoke.ReturnType, [typeof(Function), .. parameters], typeof(BindingCompiler).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var result = results.Length == 1 ? il.DeclareLocal(invoke.ReturnType) : null;
        var fault = il.DeclareLocal(typeof(Exception));
        var depth = il.DeclareLocal(typeof(long));
        il.Emit(OpCodes.Ldarg_0);
        Call(il, nameof(Enter));
        il.Emit(OpCodes.Stloc, depth);
        il.BeginExceptionBlock();
        il.BeginExceptionBlock();
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            if (parameters[i] == typeof(Function))
            {
                il.Emit(OpCodes.Ldarg_0);
                Call(il, nameof(RecordOf));
            }
        }

        il.Emit(OpCodes.Ldarg_0);
        Call(il, nameof(Context));
        il.Emit(OpCodes.Ldarg_0);
        Call(il, nameof(Code));
        il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, signature.ClrResult, signature.ClrParameters, null);
        if (result is not null)
        {
            if (invoke.ReturnType == typeof(Function))
            {
                il.Emit(OpCodes.Ldarg_0);
                Call(il, nameof(FunctionOf));
            }

            il.Emit(OpCodes.Stloc, result);
        }

        foreach (var raw in Traps.RawTypes)
        {
            il.BeginCatchBlock(raw);
            il.Emit(OpCodes.Stloc, fault);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldloc, fault);
            Call(il, nameof(Translate));
            il.Emit(OpCodes.Throw);
        }

        il.EndExceptionBlock();
        il.BeginFinallyBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, depth);
        Call(il, nameof(Exit));
        il.EndExceptionBlock();
        if (result is not null)
        {
            il.Emit(OpCodes.Ldloc, result);
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate(delegateType, function);
    }

    /// <summary>Gives the counted stack that is left: what a trap unwinds does not count back what it took.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Enter(Function function)
    {
        function.Store.CheckUsable();
        function.Store.Enter();
        return function.Store.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(Function function, long depth)
    {
        function.Store.Depth = depth;
        function.Store.Exit();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint Context(Function function) => ((FunctionRecord*)function.Record)->Context;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint Code(Function function) => ((FunctionRecord*)function.Record)->Code;

    internal static nint RecordOf(Function? argument, Function callee)
    {
        if (argument is null)
        {
            return 0;
        }

        return ReferenceEquals(argument.Store, callee.Store) ? argument.Record : throw new ArgumentException("A function of another store cannot be handed to this one.", nameof(argument));
    }

    internal static Function? FunctionOf(nint record, Function callee) => callee.Store.FunctionOf(record);

    internal static Exception Translate(Function function, Exception fault) => Traps.Translate(function.Store, fault);

    private static void Call(ILGenerator il, string name) =>
        il.Emit(OpCodes.Call, typeof(BindingCompiler).GetMethod(name, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!);
}
