using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

// In giant functions memory's base is kept with static offsets added that many loads ask for which cannot be fields (see LeftOf): two instructions less each.
internal sealed partial class FunctionCompiler
{
    private const int BasesMax = 24;
    private const int BaseUsesMin = 4;
    private readonly Dictionary<long, int> bases = [];

    private void EnterBases(FunctionBody body)
    {
        bases.Clear();
        if (density == Density.Usual || !guarded || care is null || module.Memories.Length == 0 || module.Memories[0].Limits.Is64Bit)
        {
            return;
        }

        var uses = new Dictionary<long, int>();
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            if (instruction.Index == 0 && instruction.Constant != 0 && care.Partial.Contains(instruction.Offset))
            {
                uses[instruction.Constant] = uses.GetValueOrDefault(instruction.Constant) + 1;
            }
        }

        foreach (var (offset, _) in uses.Where(use => use.Value >= BaseUsesMin).OrderByDescending(use => use.Value).ThenBy(use => use.Key).Take(BasesMax))
        {
            var local = NewLocal(IlType.Native);
            LoadMemoryBase(memory: 0);
            il.AddNative(offset);
            il.StoreLocal(local);
            bases.Add(offset, local);
        }
    }

    private bool TryLoadBase(int memory, long offset)
    {
        if (memory != 0 || !bases.TryGetValue(offset, out var local))
        {
            return false;
        }

        il.LoadLocal(local);
        il.Emit(OpCodes.Add);
        return true;
    }
}
