using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Decode;

/// <summary>Decodes the sections of a module. Function bodies and constant expressions stay binary; the validator reads them.</summary>
/// <remarks>WebAssembly 3.0, binary format, modules.</remarks>
internal ref partial struct ModuleDecoder
{
    private static readonly string[] SectionNames =
        ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count", "tag"];

    // Custom sections stand anywhere; the others in this order.
    private static readonly int[] SectionRanks = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

    private readonly ReadOnlySpan<byte> bytes;
    private readonly ModuleOptions options;
    private readonly ModuleDefinition module;
    private readonly List<FunctionDefinition> functions = [];
    private readonly List<TableDefinition> tables = [];
    private readonly List<MemoryType> memories = [];
    private readonly List<GlobalDefinition> globals = [];
    private readonly List<int> tags = [];
    private int declaredFunctions;
    private int bodies;

    private ModuleDecoder(ReadOnlyMemory<byte> memory, ModuleOptions options)
    {
        bytes = memory.Span;
        this.options = options;
        module = new() { Bytes = memory };
    }

    private readonly WasmFeatures Features => options.Features;

    private readonly ModuleLimits Limits => options.Limits;

    /// <summary>Decodes a module or throws a <see cref="ModuleException"/>.</summary>
    public static ModuleDefinition Decode(ReadOnlyMemory<byte> memory, ModuleOptions options)
    {
        if (memory.Length > options.Limits.ModuleBytesMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, 0, $"{memory.Length} bytes, the limit is {options.Limits.ModuleBytesMax}");
        }

        var decoder = new ModuleDecoder(memory, options);
        decoder.Sections();
        return decoder.module;
    }

    private string Found(int offset)
    {
        var there = bytes[Math.Min(offset, bytes.Length)..Math.Min(offset + 4, bytes.Length)].ToArray();
        return there.Length == 0 ? "nothing" : Convert.ToHexStringLower(there).Chunk(2).Aggregate("", static (text, pair) => $"{text} {new string(pair)}").Trim();
    }

    private void Sections()
    {
        var reader = new ByteReader(bytes, 0, bytes.Length);
        if (bytes.Length < 4 || reader.Fixed32() != 0x6D736100)
        {
            throw ByteReader.Malformed(0, $"magic header not detected: 00 61 73 6d expected, {Found(0)} found");
        }

        if (bytes.Length < 8 || reader.Fixed32() != 1)
        {
            throw ByteReader.Malformed(4, $"unknown binary version: 01 00 00 00 expected, {Found(4)} found");
        }

        var custom = new List<CustomSection>();
        var last = 0;
        while (!reader.AtEnd)
        {
            var at = reader.Position;
            var id = reader.Byte();
            if (id >= SectionRanks.Length || (id == 13 && (Features & WasmFeatures.Exceptions) == 0))
            {
                throw ByteReader.Malformed(at, $"malformed section id {id}");
            }

            var length = reader.U32();
            if (length > (uint)(bytes.Length - reader.Position))
            {
                throw ByteReader.Malformed(at, $"length out of bounds: the {SectionNames[id]} section announces {length} bytes, {bytes.Length - reader.Position} are left");
            }

            var section = new ByteReader(bytes, reader.Position, reader.Position + (int)length);
            reader.Position += (int)length;
            if (id == 0)
            {
                var name = section.Name();
                custom.Add(new(name, section.Position, section.End - section.Position));
                continue;
            }

            if (SectionRanks[id] <= last)
            {
                throw ByteReader.Malformed(at, $"unexpected content after last section: the {SectionNames[id]} section is out of order or repeated");
            }

            last = SectionRanks[id];
            Section(id, ref section);
            if (!section.AtEnd)
            {
                throw ByteReader.Malformed(section.Position, $"section size mismatch: the {SectionNames[id]} section is longer than its contents");
            }
        }

        module.CustomSections = [.. custom];
        Finish();
    }

    private void Finish()
    {
        module.Functions = [.. functions];
        module.Tables = [.. tables];
        module.Memories = [.. memories];
        module.Globals = [.. globals];
        module.Tags = [.. tags];
        if (bodies != declaredFunctions)
        {
            throw ByteReader.Malformed(bytes.Length, $"function and code section have inconsistent lengths: {declaredFunctions} and {bodies}");
        }

        if (module.DataCount is { } count && count != module.Data.Length)
        {
            throw ByteReader.Malformed(bytes.Length, $"data count and data section have inconsistent lengths: {count} and {module.Data.Length}");
        }
    }

    private void Section(int id, ref ByteReader section)
    {
        switch (id)
        {
            case 1: Types(ref section); break;
            case 2: Imports(ref section); break;
            case 3: FunctionTypes(ref section); break;
            case 4: Tables(ref section); break;
            case 5: MemorySection(ref section); break;
            case 6: Globals(ref section); break;
            case 7: Exports(ref section); break;
            case 8: module.Start = (int)section.U32(); break;
            case 9: Elements(ref section); break;
            case 10: Code(ref section); break;
            case 11: Data(ref section); break;
            case 12: module.DataCount = (int)section.U32(); break;
            default: Tags(ref section); break;
        }
    }

    private readonly void Types(ref ByteReader section)
    {
        var groups = section.Count(Limits.TypesMax, "types");
        var types = new List<TypeDefinition>(groups);
        for (var group = 0; group < groups; group++)
        {
            var start = types.Count;
            var at = section.Position;
            var length = 1;
            if (section.Peek() == 0x4E)
            {
                TypeReader.Require(Features, WasmFeatures.GarbageCollection, at);
                section.Position++;
                length = section.Count(Limits.TypesMax - types.Count, "types");
            }

            for (var i = 0; i < length; i++)
            {
                types.Add(SubType(ref section, start, length));
            }
        }

        module.Types = [.. types];
    }

    private readonly TypeDefinition SubType(ref ByteReader section, int start, int length)
    {
        var final = true;
        var super = -1;
        if (section.Peek() is 0x4F or 0x50)
        {
            var at = section.Position;
            TypeReader.Require(Features, WasmFeatures.GarbageCollection, at);
            final = section.Byte() == 0x4F;
            var supers = section.Count(1, "supertypes");
            if (supers == 1)
            {
                super = (int)section.U32();
            }
        }

        return new(TypeReader.Composite(ref section, Features, Limits), final, super, start, length);
    }

    private readonly void Imports(ref ByteReader section)
    {
        var count = section.Count(Limits.ImportsMax, "imports");
        var imports = new ImportDefinition[count];
        for (var i = 0; i < count; i++)
        {
            var from = section.Name();
            var name = section.Name();
            var at = section.Position;
            var kind = section.Byte();
            imports[i] = kind switch
            {
                0 => ImportedFunction(ref section, from, name),
                1 => ImportedTable(ref section, from, name),
                2 => ImportedMemory(ref section, from, name),
                3 => ImportedGlobal(ref section, from, name),
                4 when (Features & WasmFeatures.Exceptions) != 0 => ImportedTag(ref section, from, name),
                _ => throw ByteReader.Malformed(at, $"malformed import kind {kind}"),
            };
        }

        module.Imports = imports;
        module.ImportedFunctions = functions.Count;
        module.ImportedTables = tables.Count;
        module.ImportedMemories = memories.Count;
        module.ImportedGlobals = globals.Count;
        module.ImportedTags = tags.Count;
    }

    private readonly ImportDefinition ImportedFunction(ref ByteReader section, string from, string name)
    {
        var type = FunctionTypeIndex(ref section);
        functions.Add(new() { TypeIndex = type });
        return new(from, name, module.Types[type].Function!, type);
    }

    private readonly int FunctionTypeIndex(ref ByteReader section)
    {
        var at = section.Position;
        var type = section.U32();
        if (type >= (uint)module.Types.Length)
        {
            throw new ModuleException(ModuleFault.Invalid, at, $"unknown type {type}");
        }

        if (module.Types[type].Function is null)
        {
            throw new ModuleException(ModuleFault.Invalid, at, $"type {type} is not a function type");
        }

        return (int)type;
    }

    private readonly ImportDefinition ImportedTable(ref ByteReader section, string from, string name)
    {
        var type = TypeReader.TableType(ref section, Features);
        tables.Add(new(type, null));
        return new(from, name, type, -1);
    }

    private readonly ImportDefinition ImportedMemory(ref ByteReader section, string from, string name)
    {
        var type = TypeReader.MemoryType(ref section, Features);
        memories.Add(type);
        return new(from, name, type, -1);
    }

    private readonly ImportDefinition ImportedGlobal(ref ByteReader section, string from, string name)
    {
        var type = TypeReader.GlobalType(ref section, Features);
        globals.Add(new(type, null));
        return new(from, name, type, -1);
    }

    private readonly ImportDefinition ImportedTag(ref ByteReader section, string from, string name)
    {
        var type = TagTypeIndex(ref section);
        tags.Add(type);
        return new(from, name, new TagType(module.Types[type].Function!), type);
    }

    private readonly int TagTypeIndex(ref ByteReader section)
    {
        var at = section.Position;
        if (section.Byte() != 0)
        {
            throw ByteReader.Malformed(at, "malformed tag attribute");
        }

        return FunctionTypeIndex(ref section);
    }

    private void FunctionTypes(ref ByteReader section)
    {
        declaredFunctions = section.Count(Limits.FunctionsMax - functions.Count, "functions");
        functions.EnsureCapacity(functions.Count + declaredFunctions);
        for (var i = 0; i < declaredFunctions; i++)
        {
            functions.Add(new() { TypeIndex = FunctionTypeIndex(ref section) });
        }
    }

    private readonly void Tables(ref ByteReader section)
    {
        var count = section.Count(Limits.TablesMax - tables.Count, "tables");
        for (var i = 0; i < count; i++)
        {
            ConstantExpression? initial = null;
            var at = section.Position;
            var hasInitial = section.Peek() == 0x40;
            if (hasInitial)
            {
                TypeReader.Require(Features, WasmFeatures.FunctionReferences, at);
                section.Position++;
                if (section.Byte() != 0)
                {
                    throw ByteReader.Malformed(at + 1, "zero byte expected");
                }
            }

            var type = TypeReader.TableType(ref section, Features);
            if (hasInitial)
            {
                initial = Constant(ref section);
            }

            tables.Add(new(type, initial));
        }
    }

    private readonly void MemorySection(ref ByteReader section)
    {
        var count = section.Count(Math.Max(0, Limits.MemoriesMax - memories.Count), "memories");
        for (var i = 0; i < count; i++)
        {
            memories.Add(TypeReader.MemoryType(ref section, Features));
        }
    }

    private readonly void Tags(ref ByteReader section)
    {
        var count = section.Count(Limits.TypesMax - tags.Count, "tags");
        for (var i = 0; i < count; i++)
        {
            tags.Add(TagTypeIndex(ref section));
        }
    }

    private readonly void Globals(ref ByteReader section)
    {
        var count = section.Count(Limits.GlobalsMax - globals.Count, "globals");
        for (var i = 0; i < count; i++)
        {
            var type = TypeReader.GlobalType(ref section, Features);
            globals.Add(new(type, Constant(ref section)));
        }
    }

    private readonly void Exports(ref ByteReader section)
    {
        var count = section.Count(Limits.ImportsMax, "exports");
        var exports = new ExportDefinition[count];
        for (var i = 0; i < count; i++)
        {
            var name = section.Name();
            var at = section.Position;
            var kind = section.Byte();
            if (kind > ((Features & WasmFeatures.Exceptions) != 0 ? 4 : 3))
            {
                throw ByteReader.Malformed(at, $"malformed export kind {kind}");
            }

            var index = section.U32();
            exports[i] = new(name, (ExternKind)kind, index <= int.MaxValue ? (int)index : throw new ModuleException(ModuleFault.Invalid, at, $"unknown index {index}"));
        }

        module.Exports = exports;
    }

    private void Code(ref ByteReader section)
    {
        module.CodeSectionOffset = section.Position;
        var at = section.Position;
        bodies = section.Count(Limits.FunctionsMax, "function bodies");
        if (bodies != declaredFunctions)
        {
            throw ByteReader.Malformed(at, $"function and code section have inconsistent lengths: {declaredFunctions} and {bodies}");
        }

        for (var i = 0; i < bodies; i++)
        {
            functions[module.ImportedFunctions + i].Body = Body(ref section);
        }
    }

    private readonly FunctionBody Body(ref ByteReader section)
    {
        var at = section.Position;
        var length = section.U32();
        if (length > (uint)(section.End - section.Position))
        {
            throw ByteReader.Malformed(at, $"unexpected end: a function body announces {length} bytes, {section.End - section.Position} are left in the section");
        }

        if (length > (uint)Limits.FunctionBytesMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, at, $"a function body of {length} bytes, the limit is {Limits.FunctionBytesMax}");
        }

        var body = new ByteReader(bytes, section.Position, section.Position + (int)length);
        section.Position += (int)length;
        var runs = new LocalRun[body.Count(Limits.FunctionBytesMax, "runs of locals")];
        ulong total = 0;
        for (var i = 0; i < runs.Length; i++)
        {
            at = body.Position;
            var count = body.U32();
            total += count;
            if (total > uint.MaxValue)
            {
                throw ByteReader.Malformed(at, "too many locals");
            }

            var type = TypeReader.ValueType(ref body, Features);
            runs[i] = new((int)Math.Min(count, int.MaxValue), type);
        }

        if (total > (uint)Limits.LocalsMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, at, $"{total} locals, the limit is {Limits.LocalsMax}");
        }

        module.LocalsTotal += (long)total;
        if (module.LocalsTotal > Limits.LocalsTotalMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, at, $"more than {Limits.LocalsTotalMax} locals in all functions");
        }

        return new(runs, body.Position, body.End - body.Position);
    }
}
