using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>The tier that compiles functions to IL.</summary>
internal sealed class CompiledTier : IExecutionTier
{
    public static readonly CompiledTier Shared = new();

    public ModuleCode Prepare(WasmModule module) => throw new NotSupportedException();
}

internal static class HostThunkCompiler
{
    public static nint Get(HostDefinition definition) => 0;
}

internal static class BindingCompiler
{
    public static Delegate Create(Function function, Type delegateType) => throw new NotSupportedException();
}
