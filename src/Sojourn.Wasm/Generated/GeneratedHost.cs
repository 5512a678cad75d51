using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Text;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Generated;

/// <summary>What generated host modules stand on. For code that the source generator writes, whose types it has checked: nothing is checked here again.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class GeneratedHost
{
    /// <summary>Offers a function.</summary>
    /// <param name="linker">Where.</param>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="parameters">Types of the parameters, a letter each: i, l, f, d, v, r (function), o (object).</param>
    /// <param name="results">Types of the results, likewise.</param>
    /// <param name="target">What <paramref name="code"/> finds by <see cref="Target{T}"/>; null where it needs nothing.</param>
    /// <param name="code">Address of a static method that takes the raw parameters and a context, and gives the raw first result.</param>
    /// <param name="callback">The same for calls with values.</param>
    public static void Define(Linker linker, string module, string name, string parameters, string results, object? target, nint code, HostCallback callback)
    {
        ArgumentNullException.ThrowIfNull(linker);
        linker.Define(module, name, new HostDefinition(TypeOf(parameters, results), callback, null) { Code = code, Target = target });
    }

    /// <summary>The object that was handed to <see cref="Define"/>.</summary>
    /// <typeparam name="T">Its class.</typeparam>
    /// <param name="context">The context of the call.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Target<T>(nint context)
        where T : class => Unsafe.As<T>(HostThunkCompiler.FunctionOf(context).Target!);

    /// <summary>Who calls.</summary>
    /// <param name="context">The context of the call.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Caller CallerOf(nint context) => HostThunkCompiler.FunctionOf(context).Caller;

    /// <summary>A function that the guest handed over.</summary>
    /// <param name="context">The context of the call.</param>
    /// <param name="record">Its raw form.</param>
    public static Function? ToFunction(nint context, nint record) => HostThunkCompiler.ToFunction(HostThunkCompiler.FunctionOf(context), record);

    /// <summary>The raw form of a function that the guest is given.</summary>
    /// <param name="context">The context of the call.</param>
    /// <param name="function">A function of the same store, or null.</param>
    public static nint ToRecord(nint context, Function? function) => HostThunkCompiler.ToRecord(HostThunkCompiler.FunctionOf(context), function);

    /// <summary>Puts a result other than the first where the guest finds it.</summary>
    /// <param name="context">The context of the call.</param>
    /// <param name="index">Which.</param>
    /// <param name="value">The result.</param>
    public static void Result(nint context, int index, Value value) => HostThunkCompiler.StoreResult(HostThunkCompiler.FunctionOf(context), index, value);

    /// <summary>Bytes that the guest names by address and length.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="at">Address in memory 0.</param>
    /// <param name="length">Length, both without sign.</param>
    /// <exception cref="TrapException">They do not lie within the memory.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<byte> Bytes(Caller caller, int at, int length) =>
        length >= 0 ? caller.Memory.Slice((uint)at, length) : throw new TrapException(TrapKind.MemoryOutOfBounds);

    /// <summary>Text that the guest names by address and length; what is not UTF-8 becomes U+FFFD.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="at">Address in memory 0.</param>
    /// <param name="length">Length in bytes.</param>
    /// <exception cref="TrapException">It does not lie within the memory.</exception>
    public static string Text(Caller caller, int at, int length) => Encoding.UTF8.GetString(Bytes(caller, at, length));

    internal static FunctionType TypeOf(string parameters, string results) => new([.. parameters.Select(TypeOf)], [.. results.Select(TypeOf)]);

    private static WasmType TypeOf(char letter) => letter switch
    {
        'i' => WasmType.I32,
        'l' => WasmType.I64,
        'f' => WasmType.F32,
        'd' => WasmType.F64,
        'v' => WasmType.V128,
        'r' => WasmType.FuncRef,
        'o' => WasmType.ExternRef,
        _ => throw new ArgumentOutOfRangeException(nameof(letter)),
    };
}
