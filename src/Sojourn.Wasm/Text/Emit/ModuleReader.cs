using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Emit;

/// <summary>Reads one module (6.6 "Modules") and gives its binary form.</summary>
/// <remarks>
/// Names may be used before they are defined, so the fields are gone through four times: names, types, everything
/// but function bodies, and the bodies.
/// </remarks>
internal sealed class ModuleReader
{
    private readonly TokenCursor cursor;
    private readonly WatOptions options;
    private readonly ModuleSpaces spaces = new();
    private readonly ModuleSections sections = new();
    private readonly TypeReader types;
    private readonly InstructionReader instructions;
    private readonly List<(Keyword Kind, int At)> fields = [];
    private readonly List<(int Index, int At, int Type, List<string?> Parameters)> bodies = [];
    private readonly SortedDictionary<int, IndexSpace> localNames = [];
    private string? moduleName;
    private Keyword firstDefinition;

    private ModuleReader(TokenCursor cursor, WatOptions options)
    {
        this.cursor = cursor;
        this.options = options;
        types = new TypeReader(cursor, spaces.Types);
        instructions = new InstructionReader(cursor, spaces, types, options);
    }

    /// <summary>Reads a whole text: <c>(module …)</c>, or the fields alone.</summary>
    public static byte[] ReadText(byte[] utf8, WatOptions options)
    {
        var source = new Source(utf8);
        var text = new TokenCursor(source, Lexer.Tokens(source));
        byte[] binary;
        if (text.TryOpen(Keyword.Module))
        {
            var name = text.TryId();
            if (text.Current.Keyword is Keyword.Binary)
            {
                text.Take();
                binary = text.ByteStrings();
            }
            else
            {
                binary = ReadFields(text, name, options);
            }

            text.Close();
        }
        else
        {
            binary = ReadFields(text, null, options);
        }

        return text.Current.Kind == TokenKind.End ? binary : throw text.Unexpected("the end of the text");
    }

    /// <summary>Reads fields up to a closing parenthesis or the end of the text.</summary>
    public static byte[] ReadFields(TokenCursor text, string? name, WatOptions options)
    {
        var reader = new ModuleReader(text, options) { moduleName = name };
        reader.CollectNames();
        var end = text.At;
        reader.Types();
        reader.Definitions();
        reader.Bodies();
        text.At = end;
        return reader.Assemble();
    }

    private void CollectNames()
    {
        while (cursor.Current.Kind == TokenKind.Open)
        {
            cursor.Open();
            var kind = cursor.Current.Keyword;
            cursor.At++;
            fields.Add((kind, cursor.At));
            switch (kind)
            {
                case Keyword.Type:
                    Bind(spaces.Types.Names);
                    break;
                case Keyword.Rec:
                    while (cursor.TryOpen(Keyword.Type))
                    {
                        Bind(spaces.Types.Names);
                        cursor.SkipGroup();
                    }

                    break;
                case Keyword.Import:
                    CollectImport();
                    break;
                case Keyword.Func or Keyword.Table or Keyword.Memory or Keyword.Global or Keyword.Tag:
                    CollectDefinition(kind);
                    break;
                case Keyword.Elem:
                    Bind(spaces.Elements);
                    break;
                case Keyword.Data:
                    Bind(spaces.Data);
                    break;
                case Keyword.Export or Keyword.Start:
                    break;
                default:
                    cursor.At--;
                    throw cursor.Unexpected("a module field such as func, memory or export");
            }

            cursor.SkipGroup();
        }

        if (cursor.Current.Kind is not (TokenKind.Close or TokenKind.End))
        {
            throw cursor.Unexpected("a module field or ')'");
        }
    }

    private void CollectImport()
    {
        var at = cursor.At;
        cursor.Name();
        cursor.Name();
        cursor.Open();
        var kind = cursor.Take().Keyword;
        Imported(SpaceOf(kind) ?? throw Back("func, table, memory, global or tag"), at);
        cursor.SkipGroup();
    }

    private void CollectDefinition(Keyword kind)
    {
        var space = SpaceOf(kind)!;
        var at = cursor.At;
        var name = cursor.At;
        cursor.TryId();
        while (cursor.TryOpen(Keyword.Export))
        {
            cursor.SkipGroup();
        }

        var imported = cursor.Opens(Keyword.Import);
        var after = cursor.At;
        cursor.At = name;
        if (imported)
        {
            Imported(space, at);
        }
        else
        {
            Bind(space);
            firstDefinition = firstDefinition == Keyword.None ? kind : firstDefinition;
        }

        cursor.At = after;
        if (imported || kind is not (Keyword.Table or Keyword.Memory))
        {
            return;
        }

        // A table or memory may carry a segment, which takes a place of its own.
        var segment = kind == Keyword.Table ? Keyword.Elem : Keyword.Data;
        while (cursor.Current.Kind is not (TokenKind.Close or TokenKind.End))
        {
            if (cursor.Opens(segment))
            {
                (kind == Keyword.Table ? spaces.Elements : spaces.Data).TryAdd(null);
            }

            if (cursor.Take().Kind == TokenKind.Open)
            {
                cursor.SkipGroup();
            }
        }
    }

    private void Imported(IndexSpace space, int at)
    {
        if (firstDefinition != Keyword.None)
        {
            throw cursor.Fork(at).Error(TextFault.ImportOrder, $"import after {SpaceOf(firstDefinition)!.Kind}");
        }

        Bind(space);
        space.Imported++;
    }

    private void Bind(IndexSpace space)
    {
        var at = cursor.At;
        var name = cursor.TryId();
        if (!space.TryAdd(name))
        {
            throw cursor.Fork(at).Error(TextFault.DuplicateIdentifier, $"duplicate {(space == spaces.Functions ? "func" : space.Kind)} ${name}");
        }
    }

    private IndexSpace? SpaceOf(Keyword kind) => kind switch
    {
        Keyword.Func => spaces.Functions,
        Keyword.Table => spaces.Tables,
        Keyword.Memory => spaces.Memories,
        Keyword.Global => spaces.Globals,
        Keyword.Tag => spaces.Tags,
        _ => null,
    };

    private WatException Back(string expected)
    {
        cursor.At--;
        return cursor.Unexpected(expected);
    }

    private void Types()
    {
        foreach (var (kind, at) in fields)
        {
            cursor.At = at;
            if (kind == Keyword.Type)
            {
                types.Definition(alone: true);
                spaces.Types.Entries++;
            }
            else if (kind == Keyword.Rec)
            {
                Recursive();
            }
        }
    }

    private void Recursive()
    {
        var look = cursor.Fork(cursor.At);
        var members = 0;
        while (look.TryOpen(Keyword.Type))
        {
            look.SkipGroup();
            members++;
        }

        if (members != 1)
        {
            spaces.Types.Section.Byte(0x4E);
            spaces.Types.Section.U32(members);
        }

        for (var i = 0; i < members; i++)
        {
            cursor.TryOpen(Keyword.Type);
            types.Definition(alone: members == 1);
        }

        cursor.Close();
        spaces.Types.Entries++;
    }

    private void Definitions()
    {
        var next = new Dictionary<Keyword, int>();
        foreach (var (kind, at) in fields)
        {
            cursor.At = at;
            switch (kind)
            {
                case Keyword.Import:
                    Import(next);
                    break;
                case Keyword.Func or Keyword.Table or Keyword.Memory or Keyword.Global or Keyword.Tag:
                    Definition(kind, Count(next, kind));
                    break;
                case Keyword.Export:
                    Export();
                    break;
                case Keyword.Start:
                    if (sections.Start.Length > 0)
                    {
                        throw cursor.Error(TextFault.MultipleStart, "multiple start sections");
                    }

                    sections.Start.U32(cursor.Index(spaces.Functions));
                    cursor.Close();
                    break;
                case Keyword.Elem:
                    ElementSegment();
                    break;
                case Keyword.Data:
                    DataSegment();
                    break;
            }
        }
    }

    private static int Count(Dictionary<Keyword, int> next, Keyword kind)
    {
        var index = next.GetValueOrDefault(kind);
        next[kind] = index + 1;
        return index;
    }

    private void Import(Dictionary<Keyword, int> next)
    {
        var into = sections.Imports;
        into.Name(cursor.Name());
        into.Name(cursor.Name());
        cursor.Open();
        var kind = cursor.Take().Keyword;
        var index = Count(next, kind);
        cursor.TryId();
        ImportDescription(kind, index);
        cursor.Close();
        cursor.Close();
        sections.ImportCount++;
    }

    private void ImportDescription(Keyword kind, int index)
    {
        var into = sections.Imports;
        into.Byte(ExternalCode(kind));
        switch (kind)
        {
            case Keyword.Func:
                var names = new List<string?>();
                into.U32(types.Use(names));
                NameLocals(index, names);
                break;
            case Keyword.Table:
                TableType(into);
                break;
            case Keyword.Memory:
                into.Append(Limits(AddressIs64(), null).Written);
                break;
            case Keyword.Global:
                types.Global(into);
                break;
            default:
                into.Byte(0);
                into.U32(types.Use([]));
                break;
        }
    }

    private void Definition(Keyword kind, int index)
    {
        cursor.TryId();
        while (cursor.TryOpen(Keyword.Export))
        {
            sections.Export(cursor.Name(), ExternalCode(kind), index);
            cursor.Close();
        }

        if (cursor.TryOpen(Keyword.Import))
        {
            sections.Imports.Name(cursor.Name());
            sections.Imports.Name(cursor.Name());
            cursor.Close();
            ImportDescription(kind, index);
            cursor.Close();
            sections.ImportCount++;
            return;
        }

        switch (kind)
        {
            case Keyword.Func:
                var names = new List<string?>();
                var type = types.Use(names);
                sections.Functions.U32(type);
                sections.FunctionCount++;
                bodies.Add((index, cursor.At, type, names));
                return;
            case Keyword.Table:
                Table(index);
                break;
            case Keyword.Memory:
                Memory(index);
                break;
            case Keyword.Global:
                types.Global(sections.Globals);
                instructions.Expression(sections.Globals);
                sections.GlobalCount++;
                break;
            default:
                sections.Tags.Byte(0);
                sections.Tags.U32(types.Use([]));
                sections.TagCount++;
                break;
        }

        cursor.Close();
    }

    private static int ExternalCode(Keyword kind) => kind switch
    {
        Keyword.Func => 0,
        Keyword.Table => 1,
        Keyword.Memory => 2,
        Keyword.Global => 3,
        _ => 4,
    };

    private bool AddressIs64()
    {
        if (cursor.TryKeyword(Keyword.I32))
        {
            return false;
        }

        return cursor.TryKeyword(Keyword.I64);
    }

    /// <summary>Reads limits, or makes them from a size that is known.</summary>
    private BinaryBuffer Limits(bool is64, ulong? known)
    {
        var bits = options.WideLimits ? 64 : 32;
        var into = new BinaryBuffer();
        var least = known ?? cursor.Natural(bits);
        var most = known;
        if (known is null && cursor.IsNatural)
        {
            most = cursor.Natural(bits);
        }

        into.Byte((most is null ? 0 : 1) | (is64 ? 4 : 0));
        into.U64(least);
        if (most is { } value)
        {
            into.U64(value);
        }

        return into;
    }

    private void TableType(BinaryBuffer into)
    {
        var limits = Limits(AddressIs64(), null);
        types.Reference(into);
        into.Append(limits.Written);
    }

    private void Table(int index)
    {
        var is64 = AddressIs64();
        sections.TableCount++;
        if (!cursor.IsNatural)
        {
            var reference = new BinaryBuffer();
            types.Reference(reference);
            if (!cursor.TryOpen(Keyword.Elem))
            {
                throw cursor.Unexpected("(elem …)");
            }

            var items = Elements(reference, out var count, out var functionIndices, indicesAllowed: true);
            cursor.Close();
            sections.Tables.Append(reference.Written);
            sections.Tables.Append(Limits(is64, (ulong)count).Written);
            Active(index, ZeroOffset(is64), reference, functionIndices, count, items);
            return;
        }

        var limits = Limits(is64, null);
        var type = new BinaryBuffer();
        types.Reference(type);
        if (cursor.Current.Kind == TokenKind.Close)
        {
            sections.Tables.Append(type.Written);
            sections.Tables.Append(limits.Written);
            return;
        }

        sections.Tables.Byte(0x40);
        sections.Tables.Byte(0);
        sections.Tables.Append(type.Written);
        sections.Tables.Append(limits.Written);
        instructions.Expression(sections.Tables);
    }

    private static BinaryBuffer ZeroOffset(bool is64)
    {
        var offset = new BinaryBuffer();
        offset.Byte(is64 ? 0x42 : 0x41);
        offset.Byte(0);
        offset.Byte(0x0B);
        return offset;
    }

    private void Memory(int index)
    {
        const int PageSize = 65536;
        var is64 = AddressIs64();
        sections.MemoryCount++;
        if (cursor.TryOpen(Keyword.Data))
        {
            var bytes = cursor.ByteStrings();
            cursor.Close();
            sections.Memories.Append(Limits(is64, ((ulong)bytes.Length + PageSize - 1) / PageSize).Written);
            ActiveData(index, ZeroOffset(is64), bytes);
            return;
        }

        sections.Memories.Append(Limits(is64, null).Written);
    }

    private void Export()
    {
        var name = cursor.Name();
        cursor.Open();
        var kind = cursor.Take().Keyword;
        var space = SpaceOf(kind) ?? throw Back("func, table, memory, global or tag");
        sections.Export(name, ExternalCode(kind), cursor.Index(space));
        cursor.Close();
        cursor.Close();
    }

    /// <summary>Reads <c>(offset …)</c> or one folded instruction.</summary>
    private BinaryBuffer Offset()
    {
        var into = new BinaryBuffer();
        if (cursor.TryOpen(Keyword.Offset))
        {
            instructions.Expression(into);
            cursor.Close();
        }
        else
        {
            instructions.FoldedExpression(into);
        }

        return into;
    }

    private void DataSegment()
    {
        cursor.TryId();
        var memory = 0;
        if (cursor.TryOpen(Keyword.Memory))
        {
            memory = cursor.Index(spaces.Memories);
            cursor.Close();
        }
        else if (cursor.Current.Kind == TokenKind.String || cursor.Current.Kind == TokenKind.Close)
        {
            sections.DataCount++;
            sections.Data.Byte(1);
            sections.Data.Vector(cursor.ByteStrings());
            cursor.Close();
            return;
        }

        var offset = Offset();
        ActiveData(memory, offset, cursor.ByteStrings());
        cursor.Close();
    }

    private void ActiveData(int memory, BinaryBuffer offset, byte[] bytes)
    {
        sections.DataCount++;
        if (memory == 0)
        {
            sections.Data.Byte(0);
        }
        else
        {
            sections.Data.Byte(2);
            sections.Data.U32(memory);
        }

        sections.Data.Append(offset.Written);
        sections.Data.Vector(bytes);
    }

    private void ElementSegment()
    {
        cursor.TryId();
        var reference = new BinaryBuffer();
        if (cursor.TryKeyword(Keyword.Declare))
        {
            Declared(3);
            return;
        }

        var table = -1;
        if (cursor.TryOpen(Keyword.Table))
        {
            table = cursor.Index(spaces.Tables);
            cursor.Close();
        }

        if (table < 0 && (cursor.Current.Kind != TokenKind.Open || types.IsValueType))
        {
            Declared(1);
            return;
        }

        var offset = Offset();
        ElementKind(reference);
        var items = Elements(reference, out var count, out var functionIndices);
        cursor.Close();
        Active(Math.Max(table, 0), offset, reference, functionIndices, count, items);
    }

    /// <summary>A passive or declared segment.</summary>
    private void Declared(int flags)
    {
        var reference = new BinaryBuffer();
        ElementKind(reference);
        if (reference.Length == 0)
        {
            throw cursor.Unexpected("func or a reference type");
        }

        var items = Elements(reference, out var count, out var functionIndices);
        cursor.Close();
        var into = sections.Elements;
        sections.ElementCount++;
        into.Byte(flags | (functionIndices ? 0 : 4));
        if (functionIndices)
        {
            into.Byte(0);
        }
        else
        {
            into.Append(reference.Written);
        }

        into.U32(count);
        into.Append(items.Written);
    }

    private const int KindOfFunctions = -1;

    /// <summary>Reads <c>func</c> or a reference type, either of which may be missing before function indices.</summary>
    private void ElementKind(BinaryBuffer reference)
    {
        if (cursor.TryKeyword(Keyword.Func))
        {
            reference.Byte(KindOfFunctions);
        }
        else if (types.IsValueType)
        {
            types.Reference(reference);
        }
    }

    /// <summary>Reads a segment's elements: function indices where no reference type came before them, else expressions.</summary>
    private BinaryBuffer Elements(BinaryBuffer reference, out int count, out bool functionIndices, bool indicesAllowed = false)
    {
        var items = new BinaryBuffer();
        count = 0;

        // Function indices can stand after a reference type in a table's own segment only; expressions always can.
        var byIndex = reference.Length == 0 || reference.Written[0] == 0xFF || (indicesAllowed && cursor.IsIndex);
        functionIndices = byIndex && (reference.Length == 0 || reference.Written[0] is 0xFF or 0x70);
        while (cursor.Current.Kind != TokenKind.Close)
        {
            if (byIndex)
            {
                if (!functionIndices)
                {
                    items.Byte(0xD2);
                }

                items.U32(cursor.Index(spaces.Functions));
                if (!functionIndices)
                {
                    items.Byte(0x0B);
                }
            }
            else if (cursor.TryOpen(Keyword.Item))
            {
                instructions.Expression(items);
                cursor.Close();
            }
            else
            {
                instructions.FoldedExpression(items);
            }

            count++;
        }

        return items;
    }

    private void Active(int table, BinaryBuffer offset, BinaryBuffer reference, bool functionIndices, int count, BinaryBuffer items)
    {
        var into = sections.Elements;
        sections.ElementCount++;
        var funcref = functionIndices || (reference.Length == 1 && reference.Written[0] == 0x70);
        var explicitTable = table != 0 || !funcref;
        into.Byte((explicitTable ? 2 : 0) | (functionIndices ? 0 : 4));
        if (explicitTable)
        {
            into.U32(table);
        }

        into.Append(offset.Written);
        if (explicitTable)
        {
            if (functionIndices)
            {
                into.Byte(0);
            }
            else
            {
                into.Append(reference.Written);
            }
        }

        into.U32(count);
        into.Append(items.Written);
    }

    private void Bodies()
    {
        foreach (var (index, at, type, parameters) in bodies)
        {
            cursor.At = at;
            Body(index, type, parameters);
        }
    }

    private void Body(int index, int type, List<string?> parameters)
    {
        var locals = new IndexSpace("local");
        if (parameters.Count == 0 && spaces.Types.ShapeOf(type) is { } shape)
        {
            for (var i = 0; i < shape.Parameters; i++)
            {
                locals.TryAdd(null);
            }
        }

        foreach (var name in parameters)
        {
            AddLocal(locals, name, cursor.At);
        }

        var declarations = new BinaryBuffer();
        var groups = 0;
        var run = 0;
        byte[] runType = [];
        var one = new BinaryBuffer();
        while (cursor.TryOpen(Keyword.Local))
        {
            var at = cursor.At;
            var name = cursor.TryId();
            while (cursor.Current.Kind != TokenKind.Close)
            {
                one.Truncate(0);
                types.Value(one);
                AddLocal(locals, name, at);
                if (!one.Written.SequenceEqual(runType))
                {
                    Flush();
                    runType = one.ToArray();
                }

                run++;
                if (name is not null)
                {
                    break;
                }
            }

            if (name is not null && at + 1 == cursor.At)
            {
                throw cursor.Unexpected("a value type");
            }

            cursor.Close();
        }

        Flush();
        var body = new BinaryBuffer();
        body.U32(groups);
        body.Append(declarations.Written);
        instructions.Locals = locals;
        instructions.Expression(body);
        cursor.Close();
        sections.Code.Vector(body.Written);
        if (locals.Names.Count > 0)
        {
            localNames[index] = locals;
        }

        void Flush()
        {
            if (run > 0)
            {
                declarations.U32(run);
                declarations.Append(runType);
                groups++;
                run = 0;
            }
        }
    }

    private void AddLocal(IndexSpace locals, string? name, int at)
    {
        if (!locals.TryAdd(name))
        {
            throw cursor.Fork(at).Error(TextFault.DuplicateIdentifier, $"duplicate local ${name}");
        }
    }

    private void NameLocals(int index, List<string?> names)
    {
        var locals = new IndexSpace("local");
        foreach (var name in names)
        {
            AddLocal(locals, name, cursor.At);
        }

        if (locals.Names.Count > 0)
        {
            localNames[index] = locals;
        }
    }

    private byte[] Assemble()
    {
        var module = sections.Assemble(spaces.Types, instructions.UsesDataCount);
        if (options.EmitNames)
        {
            NameSection.Append(module, moduleName, spaces, localNames);
        }

        return module.ToArray();
    }
}
