namespace Sojourn.Wasm.Run;

/// <summary>A way to run modules.</summary>
internal interface IExecutionTier
{
    /// <summary>Prepares a validated module.</summary>
    ModuleCode Prepare(WasmModule module);
}

/// <summary>The tiers by name.</summary>
internal static class ExecutionTiers
{
    public static IExecutionTier Get(ExecutionTier tier) => tier switch
    {
        ExecutionTier.Compiled => Compile.CompiledTier.Shared,
        _ => Interpret.InterpretedTier.Shared,
    };
}
