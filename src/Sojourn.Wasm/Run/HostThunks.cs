namespace Sojourn.Wasm.Run;

/// <summary>Machine code by which compiled code calls host functions.</summary>
internal static class HostThunks
{
    public static nint Get(HostDefinition definition, Store store) => Compile.HostThunkCompiler.Get(definition, store);
}
