using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Finds loops that surely end soon, so that they need not look whether the guest is to be interrupted.</summary>
/// <remarks>
/// Such a loop contains no other, goes back to its head at one place only, and only while a counter, which begins as a constant and is changed once each time
/// round, by a constant, is not yet another constant that it meets exactly. All its rounds together run no more than <see cref="BytesMax"/> bytes of
/// wasm code, some hundred microseconds; functions that it calls look for themselves.
/// </remarks>
internal sealed class BriefLoops
{
    private const long BytesMax = 1 << 20;
    private readonly HashSet<int> found = [];
    private readonly List<Open> open = [];
    private readonly Stack<Open> around = new();
    private Dictionary<int, int> known = [];

    private BriefLoops()
    {
    }

    /// <summary>The loops of a function, by their offsets in the module.</summary>
    public static IReadOnlySet<int> Of(ModuleDefinition module, FunctionBody body, WasmFeatures features)
    {
        var loops = new BriefLoops();
        loops.Read(new(module.Bytes.Span, body.CodeOffset, body.CodeLength, features));
        return loops.found;
    }

    private void Read(InstructionReader reader)
    {
        // The last instructions, newest first.
        Span<Instruction> last = new Instruction[6];
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            Follow(in instruction, last);
            last[..5].CopyTo(last[1..]);
            last[0] = instruction;
        }
    }

    private void Follow(in Instruction instruction, ReadOnlySpan<Instruction> last)
    {
        switch (instruction.Opcode)
        {
            case Opcode.LocalSet or Opcode.LocalTee:
                Write(in instruction, in last[0]);
                break;
            case Opcode.Block or Opcode.TryTable or Opcode.If:
                open.Add(new(-1, known));
                break;
            case Opcode.Loop:
                if (around.TryPeek(out var outer))
                {
                    outer.IsBrief = false;
                }

                open.Add(new(instruction.Offset, known));
                around.Push(open[^1]);
                known = [];
                break;
            case Opcode.Else:
                known.Clear();
                break;
            case Opcode.End:
                if (open.Count > 0)
                {
                    Close(open[^1], instruction.Offset);
                    open.RemoveAt(open.Count - 1);
                }

                known.Clear();
                break;
            case Opcode.BrIf:
                if (Target(instruction.Index) is { Start: >= 0 } loop)
                {
                    loop.Back(last);
                }

                break;
            case Opcode.Br or Opcode.BrOnNull or Opcode.BrOnNonNull or Opcode.BrOnCast or Opcode.BrOnCastFail:
                Refuse(instruction.Index);
                break;
            case Opcode.BrTable:
                foreach (var depth in instruction.Labels!)
                {
                    Refuse(depth);
                }

                break;
        }
    }

    private void Write(in Instruction written, in Instruction before)
    {
        if (around.TryPeek(out var loop))
        {
            loop.Written(written.Index);
        }

        if (before.Opcode == Opcode.I32Const)
        {
            known[written.Index] = (int)before.Constant;
        }
        else
        {
            known.Remove(written.Index);
        }
    }

    // Null for the function's own block.
    private Open? Target(int depth) => depth < open.Count ? open[open.Count - 1 - depth] : null;

    private void Refuse(int depth)
    {
        if (Target(depth) is { } block)
        {
            block.IsBrief = false;
        }
    }

    private void Close(Open loop, int end)
    {
        if (loop.Start < 0)
        {
            return;
        }

        around.Pop();
        if (loop.IsBrief && loop.Rounds() is { } rounds && rounds <= BytesMax / Math.Max(1, end - loop.Start))
        {
            found.Add(loop.Start);
        }
    }

    private sealed class Open(int start, Dictionary<int, int> atStart)
    {
        private readonly Dictionary<int, int> writes = [];
        private int counter = -1;
        private int step;
        private int limit;

        public int Start { get; } = start;

        public bool IsBrief { get; set; } = true;

        public void Written(int local) => writes[local] = writes.GetValueOrDefault(local) + 1;

        // local.get i, i32.const step, i32.add, local.tee i, then either nothing or i32.const limit, i32.ne, before the branch.
        public void Back(ReadOnlySpan<Instruction> last)
        {
            var at = last[0].Opcode == Opcode.I32Ne && last[1].Opcode == Opcode.I32Const ? 2 : 0;
            var fits = counter < 0 && last[at].Opcode == Opcode.LocalTee && last[at + 1].Opcode == Opcode.I32Add && last[at + 2].Opcode == Opcode.I32Const
                && last[at + 3].Opcode == Opcode.LocalGet && last[at + 3].Index == last[at].Index;
            if (!fits)
            {
                IsBrief = false;
                return;
            }

            counter = last[at].Index;
            step = (int)last[at + 2].Constant;
            limit = at == 2 ? (int)last[1].Constant : 0;
        }

        public long? Rounds()
        {
            if (counter < 0 || step == 0 || !atStart.TryGetValue(counter, out var first) || writes.GetValueOrDefault(counter) != 1)
            {
                return null;
            }

            // Counted upwards or downwards, modulo 2^32.
            var way = step > 0 ? (uint)(limit - first) : (uint)(first - limit);
            var stride = step > 0 ? (uint)step : (uint)-(long)step;
            return way == 0 || way % stride != 0 ? null : way / stride;
        }
    }
}
