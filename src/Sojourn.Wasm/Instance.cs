using System.Runtime.InteropServices;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>A module with memories, tables and globals of its own, linked to its imports.</summary>
public sealed unsafe partial class Instance
{
    private readonly Function?[] functions;
    private readonly FunctionRecord* records;
    private readonly int[] typeIdentities;
    private readonly int storeIndex;
    private GCHandle handle;

    internal Instance(Store store, WasmModule module, ImportedExterns imports)
    {
        store.CheckUsable();
        store.Join(module.Options.Tier);
        Store = store;
        Module = module;
        var definition = module.Definition;
        var layout = module.Layout;
        typeIdentities = imports.TypeIdentities;
        storeIndex = store.Add(this);
        functions = new Function?[definition.Functions.Length];
        DroppedData = new bool[definition.Data.Length];
        DroppedElements = new bool[definition.Elements.Length];
        ElementValues = new object?[definition.Elements.Length][];

        // Weak: who drops a store without disposing of it still gets its memory back. While code runs, the caller holds the store.
        handle = GCHandle.Alloc(this, GCHandleType.Weak);

        var ownsMemory = layout.OwnsMemory;
        var memoryType = ownsMemory ? definition.Memories[0] : null;
        var region = ContextRegion.Create(layout.Bytes, memoryType is null ? null : Memory.ReserveBytes(store, memoryType), module.UsesGuardPages && memoryType?.Limits.Is64Bit != true);
        store.Add(region);
        Base = region.Base;
        *(nint*)(Base + ContextLayout.InstanceHandle) = GCHandle.ToIntPtr(handle);
        for (var i = 0; i < layout.Types.Length; i++)
        {
            if (layout.Types[i] != 0)
            {
                *(int*)(Base + layout.Types[i]) = typeIdentities[i];
            }
        }

        records = (FunctionRecord*)store.Allocate(Math.Max(1, definition.Functions.Length) * sizeof(FunctionRecord));
        *(nint*)(Base + ContextLayout.FunctionRecords) = (nint)records;
        BindFunctions(imports, definition, layout);
        Memories = new Memory[definition.Memories.Length];
        for (var i = 0; i < Memories.Length; i++)
        {
            Memories[i] = i < imports.Memories.Length ? imports.Memories[i]
                : i == 0 ? new(store, definition.Memories[0], region, Base + ContextLayout.MemoryBase)
                : Memory.Create(store, definition.Memories[i], module.UsesGuardPages && !definition.Memories[i].Limits.Is64Bit);
            if (layout.Memories[i] != ContextLayout.MemoryBase)
            {
                *(nint*)(Base + layout.Memories[i]) = Memories[i].Cell;
            }
        }

        Globals = new Global[definition.Globals.Length];
        Tables = new Table[definition.Tables.Length];
        Tags = new Tag[definition.Tags.Length];
        for (var i = 0; i < Tags.Length; i++)
        {
            var type = definition.Tags[i];
            Tags[i] = i < imports.Tags.Length ? imports.Tags[i] : new(store, TypeRegistry.Translate(definition.Types[type].Function!, typeIdentities), typeIdentities[type]);
        }

        BindGlobals(imports, definition, layout);
        BindTables(imports, definition, layout);
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>The module it was made from.</summary>
    public WasmModule Module { get; }

    internal nint Base { get; }

    internal Memory[] Memories { get; }

    internal Table[] Tables { get; }

    internal Global[] Globals { get; }

    internal Tag[] Tags { get; }

    internal bool[] DroppedData { get; }

    internal bool[] DroppedElements { get; }

    internal object?[]?[] ElementValues { get; }

    internal ReadOnlySpan<int> TypeIdentities => typeIdentities;

    /// <summary>An export by its name: a <see cref="Function"/>, <see cref="Memory"/>, <see cref="Table"/>, <see cref="Global"/> or <see cref="Tag"/>, or null.</summary>
    /// <param name="name">The field's name.</param>
    public object? GetExport(string name)
    {
        if (!Module.ExportsByName.TryGetValue(name, out var export))
        {
            return null;
        }

        return export.Kind switch
        {
            ExternKind.Function => FunctionAt(export.Index),
            ExternKind.Table => Tables[export.Index],
            ExternKind.Memory => Memories[export.Index],
            ExternKind.Global => Globals[export.Index],
            _ => Tags[export.Index],
        };
    }

    /// <summary>An exported function.</summary>
    /// <param name="name">The field's name.</param>
    /// <returns>The function, or null where there is none of that name.</returns>
    public Function? GetFunction(string name) => GetExport(name) as Function;

    /// <summary>An exported memory, or null.</summary>
    /// <param name="name">The field's name.</param>
    public Memory? GetMemory(string name) => GetExport(name) as Memory;

    /// <summary>An exported table, or null.</summary>
    /// <param name="name">The field's name.</param>
    public Table? GetTable(string name) => GetExport(name) as Table;

    /// <summary>An exported global, or null.</summary>
    /// <param name="name">The field's name.</param>
    public Global? GetGlobal(string name) => GetExport(name) as Global;

    internal Function FunctionAt(int index)
    {
        return functions[index] ??= new InstanceFunction(this, index, TypeRegistry.Translate(Module.Definition.FunctionTypeOf(index), typeIdentities), RecordOf(index));
    }

    /// <summary>The record of an own function; its code pointer is filled when it is first asked for.</summary>
    internal nint RecordOf(int index)
    {
        if (functions[index] is { } known)
        {
            return known.Record;
        }

        var record = records + index;
        if (record->Context == 0)
        {
            record->Code = Module.Code.EntryPoint(index);
            record->Context = Base;
            record->TypeIdentity = typeIdentities[Module.Definition.Functions[index].TypeIndex];
            record->Instance = storeIndex;
            record->Index = index;
        }

        return (nint)record;
    }

    internal static Instance FromContext(nint context) => (Instance)GCHandle.FromIntPtr(*(nint*)(context + ContextLayout.InstanceHandle)).Target!;

    internal void FreeHandle()
    {
        if (handle.IsAllocated)
        {
            handle.Free();
        }
    }

    private void BindFunctions(ImportedExterns imports, ModuleDefinition definition, ContextLayout layout)
    {
        for (var i = 0; i < definition.ImportedFunctions; i++)
        {
            var function = imports.Functions[i] ?? HostFunction.Create(Store, imports.Hosts[i]!, this);
            functions[i] = function;
            var record = (FunctionRecord*)function.Record;
            *(nint*)(Base + layout.Imports[i]) = record->Code;
            *(nint*)(Base + layout.Imports[i] + sizeof(nint)) = record->Context;
        }
    }

    private void BindGlobals(ImportedExterns imports, ModuleDefinition definition, ContextLayout layout)
    {
        for (var i = 0; i < Globals.Length; i++)
        {
            if (i < imports.Globals.Length)
            {
                Globals[i] = imports.Globals[i];
                *(nint*)(Base + layout.Globals[i]) = Globals[i].Cell;
                continue;
            }

            var type = definition.Globals[i].Type;
            type = type with { Type = TypeRegistry.Translate(type.Type, typeIdentities) };
            Globals[i] = new(Store, type, Base + layout.Globals[i], ConstantEvaluator.Evaluate(this, definition.Globals[i].Initial!.Value));
        }
    }

    private void BindTables(ImportedExterns imports, ModuleDefinition definition, ContextLayout layout)
    {
        for (var i = 0; i < Tables.Length; i++)
        {
            if (i < imports.Tables.Length)
            {
                Tables[i] = imports.Tables[i];
                *(nint*)(Base + layout.Tables[i]) = Tables[i].Cell;
                continue;
            }

            var type = definition.Tables[i].Type;
            type = type with { Element = TypeRegistry.Translate(type.Element, typeIdentities) };
            Tables[i] = new(Store, type, Base + layout.Tables[i]);
            if (definition.Tables[i].Initial is { } initial)
            {
                Tables[i].Fill(0, Tables[i].Length, ConstantEvaluator.Evaluate(this, initial).Reference);
            }
        }
    }
}
