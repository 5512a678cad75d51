namespace Sojourn.Wasm.Model;

/// <summary>What is known of an instruction without its module: the one table that reader, printer, validator and interpreter share.</summary>
/// <param name="Opcode">The instruction.</param>
/// <param name="Name">Its name in the text format.</param>
/// <param name="Immediates">What follows it in the binary format.</param>
/// <param name="Signature">Operands and results as letters around a colon, or <c>*</c> where they depend on the module or the stack.</param>
/// <param name="Natural">Natural alignment as a power of two for accesses, the number of lanes for lane instructions, else -1.</param>
internal sealed record OpcodeInfo(Opcode Opcode, string Name, ImmediateKind Immediates, string Signature, int Natural);

/// <summary>Looks instructions up by opcode and by name.</summary>
internal static partial class OpcodeTable
{
    private static readonly OpcodeInfo[] All = Rows();
    private static readonly OpcodeInfo?[] OneByte = Index(0);
    private static readonly OpcodeInfo?[] Gc = Index(0xFB);
    private static readonly OpcodeInfo?[] Bulk = Index(0xFC);
    private static readonly OpcodeInfo?[] Simd = Index(0xFD);
    private static readonly Dictionary<string, OpcodeInfo> ByName = MakeNames();

    /// <summary>Every row, in the order of opcodes.</summary>
    public static IReadOnlyList<OpcodeInfo> Instructions => All;

    /// <summary>The row of an opcode, or null where there is none.</summary>
    /// <param name="prefix">0, 0xFB, 0xFC or 0xFD.</param>
    /// <param name="number">The opcode byte, or the number after the prefix.</param>
    public static OpcodeInfo? Find(int prefix, uint number)
    {
        var table = prefix switch { 0 => OneByte, 0xFB => Gc, 0xFC => Bulk, 0xFD => Simd, _ => [] };
        return number < (uint)table.Length ? table[number] : null;
    }

    /// <summary>The row of an instruction that exists.</summary>
    /// <param name="opcode">The instruction.</param>
    public static OpcodeInfo Get(Opcode opcode) => Find((int)opcode >> 16, (uint)opcode & 0xFFFF)!;

    /// <summary>The row of a name; names with several opcodes (select, ref.test, ref.cast) give the first.</summary>
    /// <param name="name">The name in the text format.</param>
    public static OpcodeInfo? Find(string name) => ByName.GetValueOrDefault(name);

    private static OpcodeInfo?[] Index(int prefix)
    {
        var rows = All.Where(row => (int)row.Opcode >> 16 == prefix).ToArray();
        var table = new OpcodeInfo?[rows.Max(row => (int)row.Opcode & 0xFFFF) + 1];
        foreach (var row in rows)
        {
            table[(int)row.Opcode & 0xFFFF] = row;
        }

        return table;
    }

    private static Dictionary<string, OpcodeInfo> MakeNames()
    {
        var names = new Dictionary<string, OpcodeInfo>(StringComparer.Ordinal);
        foreach (var row in All)
        {
            names.TryAdd(row.Name, row);
        }

        return names;
    }
}
