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
/// The block always tells the truth, whatever traps: fuel is written back at every charge. In a loop that calls nothing it is not read again, though, so that
/// one time round need not wait for what the last one wrote; nor is the depth, which a function gives back as it found it.
/// </remarks>
internal sealed partial class FunctionCompiler
{
    private const int FuelHighOffset = StoreBlock.FuelOffset + 4;
    private const int GreatLoopBytes = 2048;
    private readonly HashSet<int> quietLoops = [];
    private readonly HashSet<int> greatLoops = [];
    private FuelPlan? plan;
    private int blockLocal;
    private int fuelLocal;
    private int depthLocal;
    private bool givesBackDepth;
    private BlockFrame? quiet;
    private IlLabel exhausted;
    private IlLabel tooDeep;
    private bool chargesUsed;

    private void EnterMetered(int functionIndex, FunctionBody body)
    {
        plan = owner.Options.Fuel == FuelMode.None ? null : FuelPlan.Of(owner, functionIndex);
        chargesUsed = false;
        quiet = null;
        if (plan is null)
        {
            return;
        }

        FindQuietLoops(body);
        exhausted = il.DefineLabel();
        tooDeep = il.DefineLabel();
        blockLocal = NewLocal(IlType.Native);
        fuelLocal = NewLocal(IlType.Int64);
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

        if (givesBackDepth)
        {
            il.Mark(tooDeep);
            Trap(TrapKind.StackExhausted);
        }

        if (chargesUsed)
        {
            il.Mark(exhausted);
            Trap(TrapKind.FuelExhausted);
        }
    }

    // Loops in which nothing else changes the fuel.
    private void FindQuietLoops(FunctionBody body)
    {
        quietLoops.Clear();
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
                    quietLoops.Add(instruction.Offset);
                    break;
                case Opcode.Block or Opcode.If:
                    open.Push(-1);
                    break;
                case Opcode.End:
                    if (open.TryPop(out var start) && start >= 0 && instruction.Offset - start > GreatLoopBytes)
                    {
                        greatLoops.Add(start);
                    }

                    break;
                case Opcode.TryTable:
                    // Charges are calls wherever regions are open.
                    quietLoops.Clear();
                    return;
                default:
                    if (ChangesFuel(instruction.Opcode))
                    {
                        quietLoops.ExceptWith(open);
                    }

                    break;
            }
        }
    }

    private static bool ChangesFuel(Opcode opcode) => ((int)opcode >> 16) switch
    {
        0 => opcode is (>= Opcode.Call and <= Opcode.ReturnCallRef) or Opcode.MemoryGrow or Opcode.Throw or Opcode.ThrowRef,
        0xFC => ((int)opcode & 0xFFFF) > 7,
        0xFD => false,
        _ => true,
    };

    // Before the label of a loop is marked.
    private void EnterLoop(BlockFrame frame, int offset)
    {
        if (plan is not null && quiet is null && quietLoops.Contains(offset))
        {
            quiet = frame;
            ReadFuel();
        }
    }

    private void LeaveLoop(BlockFrame frame)
    {
        if (ReferenceEquals(quiet, frame))
        {
            quiet = null;
        }
    }

    private void ReadFuel()
    {
        LoadBlockField(StoreBlock.FuelOffset);
        il.StoreLocal(fuelLocal);
    }

    // IL's stack is empty here.
    private void ChargeAt(int offset) => Charge(plan?.At(offset) ?? 0, greatLoops.Contains(offset));

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
        il.LoadInt64(cost);
        Call(typeof(Metering), nameof(Metering.Charge));
        if (quiet is not null)
        {
            ReadFuel();
        }
    }

    private void Charge(int cost, bool isPlain = false)
    {
        if (cost == 0)
        {
            return;
        }

        // A branch may not leave a protected region.
        if (openRegions > 0 || (density == Density.Densest && quiet is null && !isPlain))
        {
            ChargeByCall(cost);
            return;
        }

        chargesUsed = true;
        if (density != Density.Usual && quiet is null && image.Field(PrimitiveTypeCode.Int32, FuelHighOffset) is var high and not 0)
        {
            LoadBlockAddress(StoreBlock.FuelOffset);
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldind_I8);
            il.LoadInt64(cost);
            il.Emit(OpCodes.Sub);
            il.Emit(OpCodes.Stind_I8);
            il.LoadLocal(blockLocal);
            il.Token(OpCodes.Ldfld, high);
            il.LoadInt32(0);
            il.Branch(OpCodes.Blt, exhausted);
            return;
        }

        if (quiet is null)
        {
            LoadBlockField(StoreBlock.FuelOffset);
        }
        else
        {
            il.LoadLocal(fuelLocal);
        }

        il.LoadInt64(cost);
        il.Emit(OpCodes.Sub);
        il.StoreLocal(fuelLocal);
        LoadBlockAddress(StoreBlock.FuelOffset);
        il.LoadLocal(fuelLocal);
        il.Emit(OpCodes.Stind_I8);
        il.LoadLocal(fuelLocal);
        il.LoadInt64(0);
        il.Branch(OpCodes.Blt, exhausted);
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
