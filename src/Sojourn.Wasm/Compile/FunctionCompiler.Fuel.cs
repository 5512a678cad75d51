using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Metering: fuel and counted depth live in the store's block, whose address is loaded once per call.</summary>
internal sealed partial class FunctionCompiler
{
    private FuelPlan? plan;
    private int blockLocal;
    private IlLabel exhausted;
    private bool chargesUsed;

    private void EnterMetered(int functionIndex)
    {
        plan = owner.Options.Fuel == FuelMode.None ? null : FuelPlan.Of(owner, functionIndex);
        chargesUsed = false;
        if (plan is null)
        {
            return;
        }

        exhausted = il.DefineLabel();
        blockLocal = NewLocal(IlType.Native);
        LoadContext(ContextLayout.StoreBlock);
        il.Emit(OpCodes.Ldind_I);
        il.StoreLocal(blockLocal);
        AddTo(StoreBlock.DepthOffset, -plan.FrameBytes);
        LoadBlockField(StoreBlock.DepthOffset);
        il.LoadInt64(0);
        var fine = il.DefineLabel();
        il.Branch(OpCodes.Bge, fine);
        Trap(TrapKind.StackExhausted);
        il.Mark(fine);
        Charge(plan.Entry);
    }

    private void LeaveMetered()
    {
        if (plan is not null)
        {
            AddTo(StoreBlock.DepthOffset, plan.FrameBytes);
        }
    }

    private void EndMetered()
    {
        if (chargesUsed)
        {
            il.Mark(exhausted);
            Trap(TrapKind.FuelExhausted);
        }
    }

    // IL's stack is empty here.
    private void ChargeAt(int offset) => Charge(plan?.At(offset) ?? 0);

    private void ChargeOutOfLine(int offset)
    {
        var cost = plan?.At(offset) ?? 0;
        if (cost > 0)
        {
            il.LoadLocal(blockLocal);
            il.LoadInt64(cost);
            Call(typeof(Metering), nameof(Metering.Charge));
        }
    }

    private void Charge(int cost)
    {
        if (cost == 0)
        {
            return;
        }

        if (openRegions > 0)
        {
            // A branch may not leave a protected region.
            il.LoadLocal(blockLocal);
            il.LoadInt64(cost);
            Call(typeof(Metering), nameof(Metering.Charge));
            return;
        }

        chargesUsed = true;
        AddTo(StoreBlock.FuelOffset, -cost);
        LoadBlockField(StoreBlock.FuelOffset);
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

    private void AddTo(int field, long amount)
    {
        LoadBlockAddress(field);
        LoadBlockField(field);
        il.LoadInt64(amount);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stind_I8);
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
