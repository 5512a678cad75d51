namespace Sojourn.Wasm.Run;

/// <summary>Machine code by which compiled code calls host functions.</summary>
internal static class HostThunks
{
    public static nint Get(HostDefinition definition, Store store) => definition.Code != 0 ? definition.Code : Compile.HostThunkCompiler.Get(definition, store);
}
