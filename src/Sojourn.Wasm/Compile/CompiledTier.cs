using System.Reflection;
using System.Runtime.Loader;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>The tier that compiles functions to IL and lets the platform compile that.</summary>
internal sealed class CompiledTier : IExecutionTier
{
    public static readonly CompiledTier Shared = new();

    public ModuleCode Prepare(WasmModule module) => new CompiledCode(module, ModuleCompiler.Compile(module));
}

/// <summary>A compiled module. Its assembly can be collected once nothing uses it any more.</summary>
internal sealed class CompiledCode : ModuleCode
{
    private readonly Module code;
    private readonly nint[] entryPoints;
    private readonly int imported;
    private readonly CallInvoker?[] invokers;

    public CompiledCode(WasmModule module, byte[] image)
    {
        var context = new Context();
        using var stream = new MemoryStream(image, writable: false);
        code = context.LoadFromStream(stream).ManifestModule;
        Debug.TrapFrames.Register(code.Assembly, module);
        imported = module.Definition.ImportedFunctions;
        entryPoints = new nint[module.Definition.Functions.Length - imported];
        invokers = new CallInvoker?[entryPoints.Length];
    }

    public override nint EntryPoint(int functionIndex)
    {
        ref var entry = ref entryPoints[functionIndex - imported];
        return entry != 0 ? entry : entry = Method(functionIndex).MethodHandle.GetFunctionPointer();
    }

    public override unsafe void Call(Instance instance, int functionIndex, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        var invoker = invokers[functionIndex - imported] ??= CallInvoker.Get(instance, functionIndex);
        invoker.Call(instance.Store, EntryPoint(functionIndex), instance.Base, arguments, results);
    }

    private MethodBase Method(int functionIndex) => code.ResolveMethod(ImageBuilder.MethodToken(functionIndex - imported))!;

    private sealed class Context() : AssemblyLoadContext("wasm", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var own = typeof(CompiledTier).Assembly;
            return string.Equals(assemblyName.Name, own.GetName().Name, StringComparison.Ordinal) ? own : null;
        }
    }
}
