using System.Reflection.Emit;
using System.Reflection.Metadata;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Metering: fuel and counted depth live in the store's block, whose address is loaded once per call.</summary>
/// <remarks>
/// The block always tells the truth, whatever traps. In a quiet loop (see <see cref="FuelPlan"/>) a portion of the fuel is held in a local, and looked after
/// where the loop goes back to its head: that takes one subtraction and one branch, and asking whether the guest is to be interrupted waits until the
/// portion is used up. What is rarely run (the next portion, giving the rest back) stands at the method's end. Nor is the depth read again,
/// which a function gives back as it found it.
/// </remarks>
internal sealed partial class FunctionCompiler
{
    private const int FuelHighOffset = StoreBlock.FuelOffset + 4;
    private const int GreatLoopBytes = 2048;
    private const int PortionsInlineMax = 24;
    private readonly HashSet<int> greatLoops = [];
    private readonly List<(IlLabel Short, IlLabel On)> portions = [];
    private readonly List<(BlockFrame Loop, IlLabel Head, IlLabel Short, int Cost)> latches = [];
    private readonly Dictionary<BlockFrame, IlLabel> exits = [];
    private FuelPlan? plan;
    private int blockLocal;
    private int fuelLocal;
    private int portionLocal;
    private int depthLocal;
    private bool givesBackDepth;
    private BlockFrame? quiet;
    private IlLabel exhausted;
    private IlLabel exhaustedInMemory;
    private IlLabel tooDeep;
    private bool chargesUsed;
    private bool memoryChargesUsed;

    private void EnterMetered(int functionIndex, FunctionBody body)
    {
        plan = owner.Options.Fuel == FuelMode.None ? null : FuelPlan.Of(owner, functionIndex);
        chargesUsed = false;
        memoryChargesUsed = false;
        quiet = null;
        portions.Clear();
        latches.Clear();
        exits.Clear();
        if (plan is null)
        {
            return;
        }

        FindGreatLoops(body);
        exhausted = il.DefineLabel();
        exhaustedInMemory = il.DefineLabel();
        tooDeep = il.DefineLabel();
        blockLocal = NewLocal(IlType.Native);
        fuelLocal = NewLocal(IlType.Int64);
        portionLocal = NewLocal(IlType.Int32);
        LoadContext(ContextLayout.StoreBlock);
        il.Emit(OpCodes.Ldind_I);
        il.StoreLocal(blockLocal);

        givesBackDepth = plan.FrameBytes > 0;
        if (givesBackDepth)
        {
            depthLocal = NewLocal(IlType.Int64);
            LoadBlockField(StoreBlock.DepthOffset);
            il.LoadInt64(plan.FrameBytes);
            il.Emit(OpCodes.Sub);
            il.StoreLocal(depthLocal);
            il.LoadLocal(depthLocal);
            il.LoadInt64(0);
            il.Branch(OpCodes.Blt, tooDeep);
            LoadBlockAddress(StoreBlock.DepthOffset);
            il.LoadLocal(depthLocal);
            il.Emit(OpCodes.Stind_I8);
        }

        Charge(plan.Entry, isPlain: true);
    }

    private void LeaveMetered()
    {
        if (plan is not null && givesBackDepth)
        {
            LoadBlockAddress(StoreBlock.DepthOffset);
            il.LoadLocal(depthLocal);
            il.LoadInt64(plan.FrameBytes);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Stind_I8);
        }
    }

    private void EndMetered()
    {
        if (plan is null)
        {
            return;
        }

        EndQuietLoops();
        if (givesBackDepth)
        {
            il.Mark(tooDeep);
            Trap(TrapKind.StackExhausted);
        }

        if (chargesUsed)
        {
            // What was not yet written down.
            il.Mark(exhausted);
            StoreFuel();
            Trap(TrapKind.FuelExhausted);
        }

        if (memoryChargesUsed)
        {
            il.Mark(exhaustedInMemory);
            Trap(TrapKind.FuelExhausted);
        }
    }

    private void FindGreatLoops(FunctionBody body)
    {
        greatLoops.Clear();
        var open = new Stack<int>();
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            switch (instruction.Opcode)
            {
                case Opcode.Loop:
                    open.Push(instruction.Offset);
                    break;
                case Opcode.Block or Opcode.If or Opcode.TryTable:
                    open.Push(-1);
                    break;
                case Opcode.End:
                    if (open.TryPop(out var start) && start >= 0 && instruction.Offset - start > GreatLoopBytes)
                    {
                        greatLoops.Add(start);
                    }

                    break;
            }
        }
    }

    // A loop begins. IL's stack is empty here.
    private void EnterLoop(BlockFrame frame, int offset)
    {
        var cost = plan?.At(offset) ?? 0;
        if (quiet is not null)
        {
            Charge(cost);
        }
        else if (plan?.IsQuiet(offset) == true)
        {
            BeginPortions(cost);
            quiet = frame;
        }

        if (quiet is not null && cost > 0)
        {
            var head = il.DefineLabel();
            il.Mark(head);
            latches.Add((frame, head, il.DefineLabel(), cost));
            return;
        }

        il.Mark(frame.Label);
        if (quiet is null)
        {
            if (owner.Options.Interruptible && !briefLoops.Contains(offset))
            {
                Poll();
            }

            Charge(cost, greatLoops.Contains(offset));
        }
    }

    private void BeginPortions(int cost)
    {
        if (density == Density.Densest && cost > 0)
        {
            // In as few instructions as there can be.
            il.LoadLocal(blockLocal);
            il.LoadInt32(cost);
            Call(typeof(Metering), nameof(Metering.BeginPortions));
        }
        else
        {
            Charge(cost, isPlain: true);
            il.LoadInt32(0);
        }

        il.StoreLocal(portionLocal);
    }

    // A loop's end is reached from within.
    private void LeaveLoop(BlockFrame frame)
    {
        if (ReferenceEquals(quiet, frame))
        {
            if (reachable)
            {
                GiveBack();
            }

            quiet = null;
        }
    }

    // Where a branch to a block goes: out of a quiet loop by way of giving back what is left of the portion.
    private IlLabel LabelOf(BlockFrame target)
    {
        if (quiet is null || target.Depth >= quiet.Depth)
        {
            return target.Label;
        }

        if (!exits.TryGetValue(target, out var exit))
        {
            exits.Add(target, exit = il.DefineLabel());
        }

        return exit;
    }

    private void EndQuietLoops()
    {
        foreach (var (loop, head, missing, cost) in latches)
        {
            if (loop.IsLabelUsed)
            {
                il.Mark(loop.Label);
                Spend(cost, missing);
                il.Branch(OpCodes.Br, head);
                portions.Add((missing, head));
            }
        }

        var inline = density == Density.Usual && portions.Count <= PortionsInlineMax;
        foreach (var (missing, on) in portions)
        {
            il.Mark(missing);
            if (owner.Options.Interruptible)
            {
                Poll();
            }

            if (inline)
            {
                TakePortion();
            }
            else
            {
                il.LoadLocal(blockLocal);
                il.LoadLocal(portionLocal);
                Call(typeof(Metering), nameof(Metering.TakePortion));
                il.StoreLocal(portionLocal);
            }

            il.Branch(OpCodes.Br, on);
        }

        foreach (var (target, exit) in exits)
        {
            il.Mark(exit);
            GiveBack();
            il.Branch(OpCodes.Br, target.Label);
        }
    }

    // The fuel that is left with all charges made is divided into a new portion and the rest.
    private void TakePortion()
    {
        LoadBlockField(StoreBlock.FuelOffset);
        il.LoadLocal(portionLocal);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Add);
        il.StoreLocal(fuelLocal);
        il.LoadLocal(fuelLocal);
        il.LoadInt64(0);
        il.Branch(OpCodes.Blt, exhausted);
        chargesUsed = true;

        var all = il.DefineLabel();
        il.LoadLocal(fuelLocal);
        il.Emit(OpCodes.Conv_I4);
        il.StoreLocal(portionLocal);
        il.LoadLocal(fuelLocal);
        il.LoadInt64(FuelPlan.PortionMax);
        il.Branch(OpCodes.Ble, all);
        il.LoadInt32(FuelPlan.PortionMax);
        il.StoreLocal(portionLocal);
        il.Mark(all);
        LoadBlockAddress(StoreBlock.FuelOffset);
        il.LoadLocal(fuelLocal);
        il.LoadLocal(portionLocal);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Stind_I8);
    }

    // The stack may hold what it likes.
    private void GiveBack()
    {
        LoadBlockAddress(StoreBlock.FuelOffset);
        LoadBlockField(StoreBlock.FuelOffset);
        il.LoadLocal(portionLocal);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stind_I8);
    }

    private void Spend(int cost, IlLabel missing)
    {
        il.LoadLocal(portionLocal);
        il.LoadInt32(cost);
        il.Emit(OpCodes.Sub);
        il.StoreLocal(portionLocal);
        il.LoadLocal(portionLocal);
        il.LoadInt32(0);
        il.Branch(OpCodes.Blt, missing);
    }

    // IL's stack is empty here.
    private void ChargeAt(int offset) => Charge(plan?.At(offset) ?? 0);

    private void ChargeOutOfLine(int offset)
    {
        var cost = plan?.At(offset) ?? 0;
        if (cost > 0)
        {
            ChargeByCall(cost);
        }
    }

    private void ChargeByCall(int cost)
    {
        il.LoadLocal(blockLocal);
        if (quiet is null)
        {
            il.LoadInt64(cost);
            Call(typeof(Metering), nameof(Metering.Charge));
            return;
        }

        il.LoadLocal(portionLocal);
        il.LoadInt32(cost);
        Call(typeof(Metering), nameof(Metering.Spend));
        il.StoreLocal(portionLocal);
    }

    private void Charge(int cost, bool isPlain = false)
    {
        if (cost == 0)
        {
            return;
        }

        if (quiet is not null)
        {
            var (missing, on) = (il.DefineLabel(), il.DefineLabel());
            Spend(cost, missing);
            il.Mark(on);
            portions.Add((missing, on));
            return;
        }

        // A branch may not leave a protected region.
        if (openRegions > 0 || (density == Density.Densest && !isPlain))
        {
            ChargeByCall(cost);
            return;
        }

        if (density != Density.Usual && image.Field(PrimitiveTypeCode.Int32, FuelHighOffset) is var high and not 0)
        {
            memoryChargesUsed = true;
            LoadBlockAddress(StoreBlock.FuelOffset);
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldind_I8);
            il.LoadInt64(cost);
            il.Emit(OpCodes.Sub);
            il.Emit(OpCodes.Stind_I8);
            il.LoadLocal(blockLocal);
            il.Token(OpCodes.Ldfld, high);
            il.LoadInt32(0);
            il.Branch(OpCodes.Blt, exhaustedInMemory);
            return;
        }

        chargesUsed = true;
        LoadBlockField(StoreBlock.FuelOffset);
        il.LoadInt64(cost);
        il.Emit(OpCodes.Sub);
        il.StoreLocal(fuelLocal);
        il.LoadLocal(fuelLocal);
        il.LoadInt64(0);
        il.Branch(OpCodes.Blt, exhausted);
        StoreFuel();
    }

    private void StoreFuel()
    {
        LoadBlockAddress(StoreBlock.FuelOffset);
        il.LoadLocal(fuelLocal);
        il.Emit(OpCodes.Stind_I8);
    }

    // The count is on top of the stack and stays there.
    private void ChargeBulk(Opcode opcode, bool wide)
    {
        if (plan is null)
        {
            return;
        }

        il.Emit(OpCodes.Dup);
        Widen(wide);
        il.LoadInt32((int)opcode);
        il.LoadLocal(blockLocal);
        Call(typeof(Metering), nameof(Metering.Bulk));
    }

    private void LoadBlockAddress(int field)
    {
        il.LoadLocal(blockLocal);
        if (field != 0)
        {
            il.LoadInt32(field);
            il.Emit(OpCodes.Add);
        }
    }

    private void LoadBlockField(int field)
    {
        LoadBlockAddress(field);
        il.Emit(OpCodes.Ldind_I8);
    }
}
