using System.Collections.Immutable;

namespace Sojourn.Wasm.Model;

/// <summary>A decoded module: immutable once the decoder returns it. Index spaces start with the imports.</summary>
/// <remarks>WebAssembly 3.0, modules.</remarks>
internal sealed class ModuleDefinition
{
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    public TypeDefinition[] Types { get; set; } = [];

    public ImportDefinition[] Imports { get; set; } = [];

    public FunctionDefinition[] Functions { get; set; } = [];

    public TableDefinition[] Tables { get; set; } = [];

    public MemoryType[] Memories { get; set; } = [];

    public GlobalDefinition[] Globals { get; set; } = [];

    /// <summary>Type indices of the tags.</summary>
    public int[] Tags { get; set; } = [];

    public ExportDefinition[] Exports { get; set; } = [];

    public int? Start { get; set; }

    public ElementSegment[] Elements { get; set; } = [];

    public DataSegment[] Data { get; set; } = [];

    public int? DataCount { get; set; }

    public CustomSection[] CustomSections { get; set; } = [];

    /// <summary>Declared locals of all functions.</summary>
    public long LocalsTotal { get; set; }

    public int ImportedFunctions { get; set; }

    public int ImportedTables { get; set; }

    public int ImportedMemories { get; set; }

    public int ImportedGlobals { get; set; }

    public int ImportedTags { get; set; }

    /// <summary>The byte offset at which the code section's contents begin; DWARF counts from it.</summary>
    public int CodeSectionOffset { get; set; }

    /// <summary>Functions that <c>ref.func</c> may name inside bodies (they occur outside of bodies).</summary>
    public HashSet<int> DeclaredFunctions { get; } = [];

    public FunctionType FunctionTypeOf(int functionIndex) => Types[Functions[functionIndex].TypeIndex].Function!;
}

/// <summary>One type of the type section.</summary>
/// <param name="Composite">A function, structure or array.</param>
/// <param name="IsFinal">Whether no type may extend it.</param>
/// <param name="Supertype">The index of what it extends, or -1.</param>
/// <param name="GroupStart">The index of the first type of its recursion group.</param>
/// <param name="GroupLength">The number of types in the group.</param>
internal sealed record TypeDefinition(CompositeType Composite, bool IsFinal, int Supertype, int GroupStart, int GroupLength)
{
    /// <summary>The smallest index of an equivalent type of this module (iso-recursive equality); set by the decoder.</summary>
    public int Canonical { get; set; }

    public FunctionType? Function => (Composite as FunctionComposite)?.Type;

    public StructComposite? Struct => Composite as StructComposite;

    public ArrayComposite? Array => Composite as ArrayComposite;
}

internal abstract record CompositeType;

internal sealed record FunctionComposite(FunctionType Type) : CompositeType;

internal sealed record StructComposite(ImmutableArray<FieldType> Fields) : CompositeType;

internal sealed record ArrayComposite(FieldType Element) : CompositeType;

internal enum PackedType
{
    None,
    I8,
    I16,
}

/// <summary>The type of a field or of an array's elements; packed ones are read and written as i32.</summary>
internal readonly record struct FieldType(WasmType Type, PackedType Packed, bool IsMutable)
{
    public int Size => Packed switch
    {
        PackedType.I8 => 1,
        PackedType.I16 => 2,
        _ => Type.Kind switch { WasmTypeKind.I32 or WasmTypeKind.F32 => 4, WasmTypeKind.V128 => 16, _ => 8 },
    };
}

/// <summary>An import, with the index of its function or tag type where it has one.</summary>
internal sealed record ImportDefinition(string Module, string Name, ExternType Type, int TypeIndex);

/// <summary>A function: imported ones have no body.</summary>
internal sealed class FunctionDefinition
{
    public required int TypeIndex { get; init; }

    public FunctionBody? Body { get; set; }
}

/// <summary>A body, still in binary form.</summary>
/// <param name="Locals">Declared locals as runs; parameters are not among them.</param>
/// <param name="CodeOffset">Where the expression begins in the module's bytes.</param>
/// <param name="CodeLength">Its length with the final <c>end</c>.</param>
internal sealed record FunctionBody(LocalRun[] Locals, int CodeOffset, int CodeLength)
{
    /// <summary>The number of declared locals without parameters.</summary>
    public int LocalCount => Locals.Sum(run => run.Count);
}

internal readonly record struct LocalRun(int Count, WasmType Type);

/// <summary>A constant expression, still in binary form, with its <c>end</c>.</summary>
internal readonly record struct ConstantExpression(int Offset, int Length);

internal sealed record TableDefinition(TableType Type, ConstantExpression? Initial);

internal sealed record GlobalDefinition(GlobalType Type, ConstantExpression? Initial);

internal sealed record ExportDefinition(string Name, ExternKind Kind, int Index);

internal enum SegmentMode
{
    Active,
    Passive,
    Declarative,
}

/// <summary>An element segment: function indices or expressions, one of the two.</summary>
internal sealed record ElementSegment(SegmentMode Mode, int Table, ConstantExpression Offset, WasmType Type, int[]? Functions, ConstantExpression[]? Expressions)
{
    public int Count => Functions?.Length ?? Expressions!.Length;
}

internal sealed record DataSegment(SegmentMode Mode, int Memory, ConstantExpression Offset, int Start, int Length);

internal sealed record CustomSection(string Name, int Offset, int Length);
