using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Model;

/// <summary>The type of a block: nothing, one value, or a function type of the module.</summary>
internal readonly record struct BlockType(int TypeIndex, WasmType Result)
{
    public static readonly BlockType Empty = new(-1, WasmType.Bottom);

    public static BlockType Of(WasmType result) => new(-2, result);

    public static BlockType Of(int typeIndex) => new(typeIndex, WasmType.Bottom);

    public bool IsEmpty => TypeIndex == -1;

    public bool IsTypeIndex => TypeIndex >= 0;
}

/// <summary>One clause of <c>try_table</c>.</summary>
/// <param name="Kind">0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref.</param>
internal readonly record struct CatchClause(byte Kind, int Tag, int Label);

/// <summary>One decoded instruction. Which fields mean something follows from <see cref="ImmediateKind"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Instruction
{
    public Opcode Opcode;

    public OpcodeInfo Info;

    /// <summary>Offset of its first byte in the module.</summary>
    public int Offset;

    /// <summary>The first index: label, function, type, local, global, table, memory (also of a memory argument), tag, segment, field's type.</summary>
    public int Index;

    /// <summary>The second index: table of call_indirect and table.init, source of copies, memory of memory.init, field, count.</summary>
    public int Index2;

    /// <summary>Integer constants, bits of float constants, static offset of memory arguments.</summary>
    public long Constant;

    /// <summary>v128 constants and shuffles.</summary>
    public Vector128<byte> Vector;

    /// <summary>Alignment as written, log2.</summary>
    public int Align;

    /// <summary>Lane index.</summary>
    public int Lane;

    public BlockType Block;

    /// <summary>Reference type of heap-type immediates (nullable as the opcode says); source of cast branches.</summary>
    public WasmType Type;

    /// <summary>Target of cast branches.</summary>
    public WasmType Type2;

    /// <summary>Labels of br_table, the default last.</summary>
    public int[]? Labels;

    /// <summary>Types of a typed select.</summary>
    public WasmType[]? Types;

    public CatchClause[]? Catches;
}
