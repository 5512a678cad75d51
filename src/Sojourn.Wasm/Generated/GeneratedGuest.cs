using System.ComponentModel;
using System.Runtime.CompilerServices;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Interpret;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Generated;

/// <summary>A function of the guest as generated classes call it. For code that the source generator writes: raw parameters, a context, the raw first result.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed unsafe class GeneratedGuest
{
    private readonly Function function;

    private GeneratedGuest(Function function)
    {
        this.function = function;
        IsCompiled = function is not InstanceFunction { Instance.Module.Code: InterpretedCode };
    }

    /// <summary>Whether <see cref="Code"/> can be called; otherwise <see cref="Invoke"/> is the way.</summary>
    public bool IsCompiled { get; }

    /// <summary>Address of the function's code; to be asked for between <see cref="Enter"/> and <see cref="Exit"/>.</summary>
    public nint Code => BindingCompiler.Code(function);

    /// <summary>The last parameter of the function's code.</summary>
    public nint Context => BindingCompiler.Context(function);

    /// <summary>Finds an export and checks its type.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="name">The export's name.</param>
    /// <param name="parameters">Types of the parameters, as in <see cref="GeneratedHost.Define"/>.</param>
    /// <param name="results">Types of the results.</param>
    /// <exception cref="LinkException">There is no such function, or it has another type.</exception>
    public static GeneratedGuest Of(Instance instance, string name, string parameters, string results)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var wanted = GeneratedHost.TypeOf(parameters, results);
        return instance.GetExport(name) switch
        {
            Function function when function.Store.Types.IsSubtype(References.TypeOf(function), function.Store.Types.Intern(wanted)) => new(function),
            Function function => throw new LinkException($"incompatible export type: \"{name}\" is to be a function {wanted}, but it is a function {function.Type}"),
            null => throw new LinkException($"unknown export: the module exports no \"{name}\", which is to be a function {wanted}"),
            var other => throw new LinkException($"incompatible export type: \"{name}\" is to be a function {wanted}, but it is a {other.GetType().Name.ToLowerInvariant()}"),
        };
    }

    /// <summary>Before the call.</summary>
    /// <returns>To be handed to <see cref="Exit"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Enter() => BindingCompiler.Enter(function);

    /// <summary>After the call, however it ended.</summary>
    /// <param name="depth">What <see cref="Enter"/> gave.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit(long depth) => BindingCompiler.Exit(function, depth);

    /// <summary>Whether an exception may stand for a trap.</summary>
    /// <param name="fault">What was thrown.</param>
    public bool IsRaw(Exception fault) => Traps.IsRaw(fault);

    /// <summary>The trap that a fault stands for.</summary>
    /// <param name="fault">What was caught.</param>
    public Exception Translate(Exception fault) => BindingCompiler.Translate(function, fault);

    /// <summary>Calls the function with values.</summary>
    /// <param name="results">Receives the results.</param>
    /// <param name="arguments">The arguments.</param>
    public void Invoke(Span<Value> results, params ReadOnlySpan<Value> arguments) => function.Invoke(arguments, results);

    /// <summary>The raw form of a function that the guest is given.</summary>
    /// <param name="argument">A function of the same store, or null.</param>
    /// <exception cref="ArgumentException">It lives in another store.</exception>
    public nint ToRecord(Function? argument) => BindingCompiler.RecordOf(argument, function);

    /// <summary>A function that the guest gave.</summary>
    /// <param name="record">Its raw form.</param>
    public Function? ToFunction(nint record) => function.Store.FunctionOf(record);

    /// <summary>A number among the results other than the first.</summary>
    /// <typeparam name="T">Its raw type.</typeparam>
    /// <param name="index">Which.</param>
    public T Number<T>(int index)
        where T : unmanaged => *(T*)((nint)function.Store.Block + StoreBlock.ResultsOffset + (16 * index));

    /// <summary>A function among the results other than the first.</summary>
    /// <param name="index">Which.</param>
    public Function? FunctionAt(int index) => ToFunction(Number<nint>(index));

    /// <summary>An object among the results other than the first.</summary>
    /// <param name="index">Which.</param>
    public object? ObjectAt(int index) => function.Store.ResultReferences[index];
}
