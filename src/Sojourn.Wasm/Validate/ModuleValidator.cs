using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>Judges a decoded module by the rules of validation.</summary>
/// <remarks>WebAssembly 3.0, validation.</remarks>
internal static class ModuleValidator
{
    public static void Validate(ModuleDefinition module, ModuleOptions options)
    {
    }
}
