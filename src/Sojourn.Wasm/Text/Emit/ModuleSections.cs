namespace Sojourn.Wasm.Text.Emit;

/// <summary>The sections of a module while they grow, and their order in the binary format (5.5).</summary>
internal sealed class ModuleSections
{
    private int exportCount;

    public BinaryBuffer Imports { get; } = new();

    public BinaryBuffer Functions { get; } = new();

    public BinaryBuffer Tables { get; } = new();

    public BinaryBuffer Memories { get; } = new();

    public BinaryBuffer Tags { get; } = new();

    public BinaryBuffer Globals { get; } = new();

    public BinaryBuffer Exports { get; } = new();

    public BinaryBuffer Start { get; } = new();

    public BinaryBuffer Elements { get; } = new();

    public BinaryBuffer Code { get; } = new();

    public BinaryBuffer Data { get; } = new();

    public int ImportCount { get; set; }

    public int FunctionCount { get; set; }

    public int TableCount { get; set; }

    public int MemoryCount { get; set; }

    public int TagCount { get; set; }

    public int GlobalCount { get; set; }

    public int ElementCount { get; set; }

    public int DataCount { get; set; }

    public void Export(string name, int kind, int index)
    {
        Exports.Name(name);
        Exports.Byte(kind);
        Exports.U32(index);
        exportCount++;
    }

    public BinaryBuffer Assemble(TypeSpace types, bool dataCountNeeded)
    {
        var module = new BinaryBuffer();
        module.Append("\0asm"u8);
        module.Fixed32(1);
        Section(module, 1, types.Entries, types.Section);
        Section(module, 2, ImportCount, Imports);
        Section(module, 3, FunctionCount, Functions);
        Section(module, 4, TableCount, Tables);
        Section(module, 5, MemoryCount, Memories);
        Section(module, 13, TagCount, Tags);
        Section(module, 6, GlobalCount, Globals);
        Section(module, 7, exportCount, Exports);
        if (Start.Length > 0)
        {
            module.Byte(8);
            module.Vector(Start.Written);
        }

        Section(module, 9, ElementCount, Elements);
        if (dataCountNeeded)
        {
            var count = new BinaryBuffer();
            count.U32(DataCount);
            module.Byte(12);
            module.Vector(count.Written);
        }

        Section(module, 10, FunctionCount, Code);
        Section(module, 11, DataCount, Data);
        return module;
    }

    private static void Section(BinaryBuffer module, int id, int count, BinaryBuffer content)
    {
        if (count == 0)
        {
            return;
        }

        var whole = new BinaryBuffer();
        whole.U32(count);
        whole.Append(content.Written);
        module.Byte(id);
        module.Vector(whole.Written);
    }
}
