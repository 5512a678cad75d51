using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>What validation knows of the module: index spaces and types.</summary>
internal sealed class ModuleContext(ModuleDefinition module, ModuleOptions options)
{
    private long blockValues;

    public ModuleDefinition Module { get; } = module;

    public ModuleOptions Options { get; } = options;

    public ModuleTypeSpace Types { get; } = new(module);

    /// <summary>Globals that constant expressions after the global section may read.</summary>
    public int ConstantGlobals => (Options.Features & WasmFeatures.GarbageCollection) != 0 ? Module.Globals.Length : Module.ImportedGlobals;

    public WasmType AddressType(int memory) => Module.Memories[memory].Limits.Is64Bit ? WasmType.I64 : WasmType.I32;

    public WasmType TableAddressType(int table) => Module.Tables[table].Type.Limits.Is64Bit ? WasmType.I64 : WasmType.I32;

    /// <summary>Counts parameters and results of a block. Several threads may validate functions.</summary>
    public void CountBlockValues(int count, int offset)
    {
        if (Interlocked.Add(ref blockValues, count) > Options.Limits.BlockValuesMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, offset, $"blocks have more than {Options.Limits.BlockValuesMax} parameters and results in all");
        }
    }

    public void CheckIndex(int index, int count, string what, int offset)
    {
        if ((uint)index >= (uint)count)
        {
            throw ModuleValidator.Invalid(offset, $"unknown {what} {(uint)index}");
        }
    }

    public void CheckType(WasmType type, int offset)
    {
        if (type.IsReference && type.Heap.IsConcrete)
        {
            CheckIndex(type.Heap.Code, Module.Types.Length, "type", offset);
        }
    }
}
