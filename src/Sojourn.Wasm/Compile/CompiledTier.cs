using System.Reflection;
using System.Runtime.CompilerServices;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>The tier that compiles functions to IL and lets the platform compile that.</summary>
internal sealed class CompiledTier : IExecutionTier
{
    public static readonly CompiledTier Shared = new();

    public ModuleCode Prepare(WasmModule module) => new CompiledCode(module, ModuleCompiler.Compile(module));
}

/// <summary>A compiled module: methods of an assembly. The platform makes machine code of a method when it is first called, unless the assembly holds it already.</summary>
internal sealed class CompiledCode : ModuleCode
{
    private readonly Module code;
    private readonly nint[] entryPoints;
    private readonly int imported;
    private readonly int firstToken;
    private readonly CallInvoker?[] invokers;

    /// <summary>Code of an image made in this process; it is collected once nothing uses it any more.</summary>
    public CompiledCode(WasmModule module, byte[] image)
        : this(module, CodeAssemblies.Load(image), firstMethod: 0)
    {
    }

    /// <summary>Code of an image from a cache.</summary>
    /// <param name="module">The module.</param>
    /// <param name="image">The image.</param>
    /// <param name="nativeName">Under which name machine code is loaded once and for good; null for IL.</param>
    /// <param name="loadedMax">Images with machine code that the process may load.</param>
    public CompiledCode(WasmModule module, CodeImage image, string? nativeName, int loadedMax)
        : this(module, nativeName is null ? CodeAssemblies.Load(image) : CodeAssemblies.LoadForGood(image, nativeName, loadedMax), firstMethod: 0)
    {
    }

    /// <summary>A run of an assembly's methods.</summary>
    /// <param name="module">The module.</param>
    /// <param name="assembly">The assembly.</param>
    /// <param name="firstMethod">Position of the module's first own function in it.</param>
    public CompiledCode(WasmModule module, Assembly assembly, int firstMethod)
    {
        code = assembly.ManifestModule;
        Debug.TrapFrames.Register(assembly, module, firstMethod);
        imported = module.Definition.ImportedFunctions;
        firstToken = ImageBuilder.FirstMethodToken + firstMethod;
        entryPoints = new nint[module.Definition.Functions.Length - imported];
        invokers = new CallInvoker?[entryPoints.Length];
    }

    public override nint EntryPoint(int functionIndex)
    {
        ref var entry = ref entryPoints[functionIndex - imported];
        return entry != 0 ? entry : entry = Method(functionIndex).MethodHandle.GetFunctionPointer();
    }

    public override void Prepare(int functionIndex) => RuntimeHelpers.PrepareMethod(Method(functionIndex).MethodHandle);

    public override unsafe void Call(Instance instance, int functionIndex, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        var invoker = invokers[functionIndex - imported] ??= CallInvoker.Get(instance, functionIndex);
        invoker.Call(instance.Store, EntryPoint(functionIndex), instance.Base, arguments, results);
    }

    private MethodBase Method(int functionIndex) => code.ResolveMethod(firstToken + functionIndex - imported)!;
}
