using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private bool Control(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.Nop:
                return true;
            case Opcode.Unreachable:
                Trap(TrapKind.Unreachable);
                reachable = false;
                return true;
            case Opcode.Block or Opcode.Loop or Opcode.TryTable:
                Enter(in instruction);
                return true;
            case Opcode.If:
                EnterIf(in instruction);
                return true;
            case Opcode.Else:
                Else(instruction.Offset);
                return true;
            case Opcode.End:
                End(instruction.Offset);
                return true;
            case Opcode.Br:
                Branch(instruction.Index);
                reachable = false;
                return true;
            case Opcode.Return:
                Branch(frames.Count - 1);
                reachable = false;
                return true;
            case Opcode.BrIf:
                BranchIf(instruction.Index);
                ChargeOutOfLine(instruction.Offset);
                return true;
            case Opcode.BrTable:
                BranchTable(instruction.Labels!);
                reachable = false;
                return true;
            case Opcode.Call:
                CallFunction(instruction.Index);
                return true;
            case Opcode.CallIndirect:
                CallIndirect(instruction.Index, instruction.Index2);
                return true;
            case Opcode.CallRef:
                CallReference(instruction.Index);
                return true;
            case Opcode.Throw or Opcode.ThrowRef:
                ThrowException(in instruction);
                return true;
            case Opcode.ReturnCall or Opcode.ReturnCallIndirect or Opcode.ReturnCallRef:
                ReturnCall(in instruction);
                return true;
            default:
                return false;
        }
    }

    // Dead code is not compiled: only its blocks are counted.
    private void Skip(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable:
                skipped++;
                break;
            case Opcode.Else when skipped == 0:
                Else(instruction.Offset);
                break;
            case Opcode.End:
                if (skipped == 0)
                {
                    End(instruction.Offset);
                }
                else
                {
                    skipped--;
                }

                break;
        }
    }

    private (WasmType[] Start, WasmType[] End) TypesOf(BlockType block)
    {
        if (block.IsEmpty)
        {
            return ([], []);
        }

        if (!block.IsTypeIndex)
        {
            return ([], [block.Result]);
        }

        var type = module.Types[block.TypeIndex].Function!;
        return ([.. type.Parameters], [.. type.Results]);
    }

    private void Enter(in Instruction instruction)
    {
        var (start, end) = TypesOf(instruction.Block);
        var frame = new BlockFrame { Opcode = instruction.Opcode, Depth = frames.Count, Start = start, End = end, Height = stack.Count - start.Length, Label = il.DefineLabel() };
        var keepsStart = instruction.Opcode == Opcode.Block && frame.Height == Frame.Height;
        if (!keepsStart)
        {
            frame.StartLocals = SpillTop(start);
            SpillRest(frame);
        }

        if (frame.Opcode == Opcode.TryTable)
        {
            EnterTry(in instruction, frame);
        }

        frames.Add(frame);
        if (frame.Opcode == Opcode.Loop)
        {
            deepestLoop = Math.Max(deepestLoop, ++loopDepth);
            EnterLoop(frame, instruction.Offset);
        }

        if (!keepsStart)
        {
            LoadAll(frame.StartLocals);
        }
    }

    private void EnterIf(in Instruction instruction)
    {
        Pop();
        var (start, end) = TypesOf(instruction.Block);
        var frame = new BlockFrame { Opcode = Opcode.If, Depth = frames.Count, Start = start, End = end, Height = stack.Count - start.Length, Label = il.DefineLabel(), Else = il.DefineLabel() };
        if (stack.Count == Frame.Height)
        {
            TakeCondition().Branch(il, sense: false, frame.Else);
            ChargeAt(instruction.Offset);
            frames.Add(frame);
            return;
        }

        // Operands wait below the condition: it goes aside while they are put into locals.
        Settle();
        var aside = Take(IlType.Int32);
        il.StoreLocal(aside);
        frame.StartLocals = SpillTop(start);
        SpillRest(frame);
        il.LoadLocal(aside);
        Give(IlType.Int32, aside);
        il.Branch(OpCodes.Brfalse, frame.Else);
        ChargeAt(instruction.Offset);
        frames.Add(frame);
        LoadAll(frame.StartLocals);
    }

    private Condition TakeCondition()
    {
        var taken = condition ?? new Condition(Comparison.NotZero);
        condition = null;
        return taken;
    }

    private int[] SpillTop(WasmType[] wanted)
    {
        if (wanted.Length == 0)
        {
            return [];
        }

        var spilled = new int[wanted.Length];
        for (var i = wanted.Length - 1; i >= 0; i--)
        {
            spilled[i] = Take(Il(wanted[i]));
            il.StoreLocal(spilled[i]);
        }

        return spilled;
    }

    private void SpillRest(BlockFrame frame)
    {
        var count = frame.Height - Frame.Height;
        if (count == 0)
        {
            return;
        }

        frame.Spilled = new int[count];
        frame.SpilledTypes = new IlType[count];
        for (var i = count - 1; i >= 0; i--)
        {
            var type = Il(stack[Frame.Height + i]);
            frame.SpilledTypes[i] = type;
            frame.Spilled[i] = Take(type);
            il.StoreLocal(frame.Spilled[i]);
        }
    }

    private void LoadAll(ReadOnlySpan<int> from)
    {
        foreach (var local in from)
        {
            il.LoadLocal(local);
        }
    }

    private void StoreAll(ReadOnlySpan<int> to)
    {
        for (var i = to.Length - 1; i >= 0; i--)
        {
            il.StoreLocal(to[i]);
        }
    }

    private int[] LabelLocals(BlockFrame frame) => frame.Opcode == Opcode.Loop ? frame.StartLocals : EndLocals(frame);

    private int[] EndLocals(BlockFrame frame)
    {
        if (frame.EndLocals is { } known)
        {
            return known;
        }

        var made = new int[frame.End.Length];
        for (var i = 0; i < made.Length; i++)
        {
            made[i] = Take(Il(frame.End[i]));
        }

        return frame.EndLocals = made;
    }

    private void Else(int offset)
    {
        var frame = Frame;
        if (reachable)
        {
            StoreAll(EndLocals(frame));
            frame.IsLabelUsed = true;
            il.Branch(OpCodes.Br, frame.Label);
        }

        il.Mark(frame.Else);
        ChargeAt(offset);
        frame.Opcode = Opcode.Else;
        stack.RemoveRange(frame.Height, stack.Count - frame.Height);
        AddOperands(frame.Start);
        LoadAll(frame.StartLocals);
        reachable = true;
    }

    private void End(int offset)
    {
        var frame = Frame;
        frames.RemoveAt(frames.Count - 1);
        LeaveLoop(frame);
        loopDepth -= frame.Opcode == Opcode.Loop ? 1 : 0;
        poppedDepth = 0;
        var inLocals = frame.Spilled.Length > 0 || frame.Try is not null || frame.Opcode == Opcode.If || (frame.Opcode != Opcode.Loop && frame.IsLabelUsed);
        if (reachable && inLocals)
        {
            StoreAll(EndLocals(frame));
        }

        if (frame.Try is not null)
        {
            EndTry(frame);
            reachable = false;
        }

        if (frame.Opcode == Opcode.If)
        {
            EndWithoutElse(frame);
            reachable = true;
        }

        if (frame.Opcode != Opcode.Loop && frame.IsLabelUsed)
        {
            il.Mark(frame.Label);
            reachable = true;
        }

        stack.RemoveRange(frame.Height, stack.Count - frame.Height);
        if (frames.Count == 0)
        {
            Return(frame, inLocals);
            return;
        }

        AddOperands(frame.End);
        if (reachable)
        {
            if (inLocals || frame.End.Length == 0)
            {
                ChargeAt(offset);
            }
            else
            {
                ChargeOutOfLine(offset);
            }

            LoadAll(frame.Spilled);
            if (inLocals)
            {
                LoadAll(EndLocals(frame));
            }
        }

        Release(frame);
    }

    // Operands that are in locals, or will be.
    private void AddOperands(WasmType[] operands)
    {
        stack.AddRange(operands);
        highest = Math.Max(highest, stack.Count);
        while (depths.Count < stack.Count)
        {
            depths.Add(0);
        }

        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(depths).Slice(stack.Count - operands.Length, operands.Length).Clear();
    }

    private void EndWithoutElse(BlockFrame frame)
    {
        // The false edge gives what the block takes.
        if (frame.End.Length > 0)
        {
            if (reachable)
            {
                frame.IsLabelUsed = true;
                il.Branch(OpCodes.Br, frame.Label);
            }

            il.Mark(frame.Else);
            LoadAll(frame.StartLocals);
            StoreAll(EndLocals(frame));
        }
        else
        {
            il.Mark(frame.Else);
        }
    }

    private void Release(BlockFrame frame)
    {
        for (var i = 0; i < frame.StartLocals.Length; i++)
        {
            Give(Il(frame.Start[i]), frame.StartLocals[i]);
        }

        for (var i = 0; i < frame.Spilled.Length; i++)
        {
            Give(frame.SpilledTypes[i], frame.Spilled[i]);
        }

        for (var i = 0; i < (frame.EndLocals?.Length ?? 0); i++)
        {
            Give(Il(frame.End[i]), frame.EndLocals![i]);
        }
    }

    private void Return(BlockFrame frame, bool inLocals)
    {
        if (!reachable)
        {
            return;
        }

        LeaveMetered();
        if (frame.End.Length <= 1)
        {
            if (inLocals)
            {
                LoadAll(EndLocals(frame));
            }

            il.Emit(OpCodes.Ret);
            return;
        }

        var results = EndLocals(frame);
        if (!inLocals)
        {
            StoreAll(results);
        }

        for (var i = 1; i < results.Length; i++)
        {
            StoreExtraResult(Il(frame.End[i]), i, results[i]);
        }

        il.LoadLocal(results[0]);
        il.Emit(OpCodes.Ret);
    }

    // What is left on IL's stack below the branch's values belongs to the innermost block and is dropped.
    private int Excess(int values) => stack.Count - values - Frame.Height;

    private void Drop(int count)
    {
        for (var i = 0; i < count; i++)
        {
            il.Emit(OpCodes.Pop);
        }
    }

    private void Branch(int depth)
    {
        var target = frames[frames.Count - 1 - depth];
        var values = target.LabelTypes.Length;
        if (values > 0)
        {
            StoreAll(LabelLocals(target));
        }

        Drop(Excess(values));
        Jump(target);
    }

    private void BranchIf(int depth)
    {
        Pop();
        var target = frames[frames.Count - 1 - depth];
        target.IsLabelUsed = true;
        var values = target.LabelTypes.Length;
        var excess = Excess(values);
        if (values == 0)
        {
            var taken = TakeCondition();
            if (excess == 0 && !Leaves(target))
            {
                taken.Branch(il, sense: true, LabelOf(target));
                return;
            }

            var on = il.DefineLabel();
            taken.Branch(il, sense: false, on);
            Drop(excess);
            Jump(target);
            il.Mark(on);
            return;
        }

        Settle();
        var aside = Take(IlType.Int32);
        il.StoreLocal(aside);
        var places = LabelLocals(target);
        StoreAll(places);
        il.LoadLocal(aside);
        Give(IlType.Int32, aside);
        if (excess == 0 && !Leaves(target))
        {
            il.Branch(OpCodes.Brtrue, LabelOf(target));
        }
        else
        {
            var on = il.DefineLabel();
            il.Branch(OpCodes.Brfalse, on);
            Drop(excess);
            Jump(target);
            il.Mark(on);
        }

        LoadAll(places);
    }

    private void BranchTable(int[] depths)
    {
        Pop();
        var fallback = frames[frames.Count - 1 - depths[^1]];
        var values = fallback.LabelTypes.Length;
        var excess = Excess(values);
        var targets = new IlLabel[depths.Length - 1];
        if (values == 0 && openRegions == 0)
        {
            if (excess > 0)
            {
                var index = Take(IlType.Int32);
                il.StoreLocal(index);
                Drop(excess);
                il.LoadLocal(index);
                Give(IlType.Int32, index);
            }

            for (var i = 0; i < targets.Length; i++)
            {
                var target = frames[frames.Count - 1 - depths[i]];
                target.IsLabelUsed = true;
                targets[i] = LabelOf(target);
            }

            il.Switch(targets);
            fallback.IsLabelUsed = true;
            il.Branch(OpCodes.Br, LabelOf(fallback));
            return;
        }

        BranchTableWithValues(depths, fallback, targets, excess);
    }

    private void BranchTableWithValues(int[] depths, BlockFrame fallback, IlLabel[] targets, int excess)
    {
        var index = Take(IlType.Int32);
        il.StoreLocal(index);
        var held = SpillTop(fallback.LabelTypes);
        Drop(excess);
        var hops = new Dictionary<int, IlLabel>();
        for (var i = 0; i < targets.Length; i++)
        {
            if (!hops.TryGetValue(depths[i], out var hop))
            {
                hops.Add(depths[i], hop = il.DefineLabel());
            }

            targets[i] = hop;
        }

        il.LoadLocal(index);
        il.Switch(targets);
        Hop(fallback);
        foreach (var (depth, hop) in hops)
        {
            il.Mark(hop);
            Hop(frames[frames.Count - 1 - depth]);
        }

        Give(IlType.Int32, index);
        for (var i = 0; i < held.Length; i++)
        {
            Give(Il(fallback.LabelTypes[i]), held[i]);
        }

        void Hop(BlockFrame target)
        {
            LoadAll(held);
            StoreAll(LabelLocals(target));
            Jump(target);
        }
    }
}
