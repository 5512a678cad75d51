using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Fuel;

/// <summary>What a function costs, and where it is charged: the one definition that every tier follows.</summary>
/// <remarks>
/// Cost table, version 3. An instruction costs 1; <c>block</c>, <c>loop</c>, <c>else</c>, <c>end</c> and <c>nop</c> cost nothing.
/// Instructions on whole memories, tables and arrays cost 1 and what <see cref="BulkCost"/> says.
/// Code is cut into segments, which begin at the function's entry, at a loop's head (each time round), at both arms of an <c>if</c>, and after
/// the <c>end</c> of a block or <c>if</c>; with <see cref="FuelMode.Exact"/> also after a conditional branch. A segment is charged whole when it is entered,
/// before it runs; if the fuel would fall below zero it does not run. With <see cref="FuelMode.Path"/> a segment of fewer than
/// <see cref="SmallSegment"/> instructions that is neither entry nor head is charged with the entry or head around it instead, whether it runs or not.
/// A loop is <em>quiet</em> if it holds no call, no throw, no instruction on a whole memory, table or array and none of the guest's heap, if no quiet loop is
/// around it, and if the function has no <c>try_table</c>. After its head was charged for the first time, charges in a quiet loop are paid from a portion, which is
/// nothing to begin with: when it does not suffice, what is missing is taken from the fuel, and up to <see cref="PortionMax"/> more. What is left of the portion is given back when the loop is left, and is lost
/// when it traps. So a loop need not write its fuel down each time round; the fuel ends at the same place as it would without.
/// </remarks>
internal sealed class FuelPlan
{
    /// <summary>The version of these rules, named in receipts.</summary>
    public const int Version = 3;

    /// <summary>Segments below this are charged with what is around them.</summary>
    public const int SmallSegment = 32;

    /// <summary>What a quiet loop takes from the fuel at once, at most.</summary>
    public const int PortionMax = 4096;

    private readonly Dictionary<int, int> charges = [];
    private readonly HashSet<int> quietLoops = [];

    private FuelPlan()
    {
    }

    /// <summary>Charged when the function is entered.</summary>
    public int Entry { get; private set; }

    /// <summary>What the function's frame counts against the stack's limit, in bytes; nothing where the function calls nothing.</summary>
    public int FrameBytes { get; private set; }

    /// <summary>What is charged when the segment is entered that begins at this instruction: a loop's head, an if's or else's arm, after an end or a conditional branch.</summary>
    /// <param name="offset">Offset of the instruction in the module.</param>
    /// <returns>The charge, or zero.</returns>
    public int At(int offset) => charges.GetValueOrDefault(offset);

    /// <summary>Whether a quiet loop begins at this instruction.</summary>
    /// <param name="offset">Offset of the instruction in the module.</param>
    public bool IsQuiet(int offset) => quietLoops.Contains(offset);

    /// <summary>The plan of a function.</summary>
    public static FuelPlan Of(WasmModule module, int functionIndex)
    {
        var definition = module.Definition;
        var body = definition.Functions[functionIndex].Body!;
        var exact = module.Options.Fuel == FuelMode.Exact;
        var plan = new FuelPlan { FrameBytes = Frame(definition.FunctionTypeOf(functionIndex), body) };
        var reader = new InstructionReader(definition.Bytes.Span, body.CodeOffset, body.CodeLength, module.Options.Features);

        // Regions are the entry and the heads of loops, innermost last; a block that is no loop belongs to the region around it.
        var regions = new List<int> { -1 };
        var quiet = new QuietLoops();
        var costs = new Dictionary<int, int> { [-1] = 0 };
        var blocks = new Stack<int>();
        var segment = -1;
        var cost = 0;
        var calls = false;
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            var opcode = instruction.Opcode;
            quiet.Note(opcode);
            calls |= opcode is >= Opcode.Call and <= Opcode.ReturnCallRef;
            if (opcode is not (Opcode.Block or Opcode.Loop or Opcode.Else or Opcode.End or Opcode.Nop))
            {
                cost++;
            }

            var begins = exact && opcode is Opcode.BrIf or Opcode.BrOnNull or Opcode.BrOnNonNull or Opcode.BrOnCast or Opcode.BrOnCastFail;
            switch (opcode)
            {
                case Opcode.Block or Opcode.TryTable:
                    blocks.Push(-1);
                    break;
                case Opcode.Loop:
                    blocks.Push(instruction.Offset);
                    quiet.Begin(instruction.Offset);
                    begins = true;
                    break;
                case Opcode.If:
                    blocks.Push(-1);
                    begins = true;
                    break;
                case Opcode.Else:
                    begins = true;
                    break;
                case Opcode.End when blocks.Count > 0:
                    begins = true;
                    break;
                case Opcode.End:
                    Close();
                    break;
            }

            if (!begins)
            {
                continue;
            }

            Close();
            if (opcode == Opcode.End && blocks.Pop() >= 0)
            {
                quiet.End();
                regions.RemoveAt(regions.Count - 1);
            }

            segment = instruction.Offset;
            if (opcode == Opcode.Loop)
            {
                regions.Add(segment);
                costs[segment] = 0;
            }
        }

        // What calls nothing cannot be part of an endless recursion: its frame is not counted.
        plan.FrameBytes = calls ? plan.FrameBytes : 0;
        plan.quietLoops.UnionWith(quiet.Found);
        plan.Entry = costs[-1];
        foreach (var (offset, charge) in costs)
        {
            if (offset >= 0 && charge > 0)
            {
                plan.charges[offset] = charge;
            }
        }

        return plan;

        void Close()
        {
            var region = regions[^1];
            var own = segment == region || exact || cost >= SmallSegment;
            var target = own ? segment : region;
            costs[target] = costs.GetValueOrDefault(target) + cost;
            cost = 0;
        }
    }

    /// <summary>What is taken as the next portion.</summary>
    /// <param name="fuel">What is left, the portion before counted in.</param>
    public static int Portion(long fuel) => (int)Math.Min(fuel, PortionMax);

    /// <summary>What an instruction on a whole memory, table or array costs besides the usual.</summary>
    /// <param name="opcode">memory.grow, table.grow, or an instruction that makes an array of so many elements, copies, fills or initialises.</param>
    /// <param name="count">Bytes, elements or pages.</param>
    public static long BulkCost(Opcode opcode, ulong count)
    {
        var units = opcode switch
        {
            Opcode.MemoryGrow => Math.Min(count, 1UL << 40) * 1024,
            Opcode.MemoryCopy or Opcode.MemoryFill or Opcode.MemoryInit => count / 64,
            _ => count / 8,
        };
        return (long)Math.Min(units, 1UL << 52);
    }

    private static int Frame(FunctionType type, FunctionBody body)
    {
        long bytes = 96;
        foreach (var parameter in type.Parameters)
        {
            bytes += parameter.Kind == WasmTypeKind.V128 ? 16 : 8;
        }

        foreach (var run in body.Locals)
        {
            bytes += (long)run.Count * (run.Type.Kind == WasmTypeKind.V128 ? 16 : 8);
        }

        return (int)Math.Min(bytes, int.MaxValue / 2);
    }
}
