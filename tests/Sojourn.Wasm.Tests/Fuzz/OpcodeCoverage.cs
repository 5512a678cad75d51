using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Interpret;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Tests.Fuzz.Generation;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Which instructions were generated, and which the interpreter came to.</summary>
internal sealed class OpcodeCoverage : IDisposable
{
    private readonly HashSet<Opcode> generated = [];
    private readonly long[] executed = Machine.Executed = new long[0x100_0000];

    /// <summary>Instructions that exist, but for those that no body may hold by themselves.</summary>
    public static int All => OpcodeTable.Instructions.Count;

    public int Generated => generated.Count;

    public int Executed => OpcodeTable.Instructions.Count(x => Count(x) > 0);

    /// <summary>Names of what was never generated, and of what was but never came to run.</summary>
    public (string[] NotGenerated, string[] NotExecuted) Missing => (
        OpcodeTable.Instructions.Where(x => !generated.Contains(x.Opcode)).Select(Name).ToArray(),
        OpcodeTable.Instructions.Where(x => generated.Contains(x.Opcode) && Count(x) == 0).Select(Name).ToArray());

    /// <summary>Counts a program's instructions.</summary>
    public void Add(GeneratedModule program)
    {
        var definition = ModuleDecoder.Decode(program.Bytes, ModuleOptions.Default);
        foreach (var function in definition.Functions)
        {
            var reader = new InstructionReader(program.Bytes, function.Body!.CodeOffset, function.Body.CodeLength, WasmFeatures.Wasm3);
            while (!reader.AtEnd)
            {
                reader.Read(out var instruction);
                generated.Add(instruction.Opcode);
            }
        }
    }

    public void Dispose() => Machine.Executed = null;

    public override string ToString()
    {
        var (never, dead) = Missing;
        return $"opcodes={All} generated={Generated} executed={Executed}" +
            (never.Length + dead.Length == 0 ? "" : $" missing: {string.Join(' ', never.Concat(dead))}");
    }

    // An opcode's number has its prefix in the upper half.
    private long Count(OpcodeInfo info) => executed[(int)info.Opcode];

    private static string Name(OpcodeInfo info) => info.Name;
}
