using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <content>Metering: the charges of <see cref="FuelPlan"/>, made at the same places as compiled code makes them.</content>
internal sealed unsafe partial class Machine
{
    private FuelPlan? plan;

    /// <summary>Charges for entering a function and counts its frame; the plan is null where the module is not metered.</summary>
    private void EnterMetered(InterpretedCode code, int index)
    {
        plan = code.IsMetered ? code.PlanOf(index) : null;
        if (plan is null)
        {
            return;
        }

        store.Depth -= plan.FrameBytes;
        if (store.Depth < 0)
        {
            throw new TrapException(TrapKind.StackExhausted);
        }

        Charge(plan.Entry);
    }

    private void LeaveMetered()
    {
        if (plan is not null)
        {
            store.Depth += plan.FrameBytes;
        }
    }

    /// <summary>Charges the segment that begins at an instruction.</summary>
    private void ChargeAt(int place)
    {
        if (plan is not null)
        {
            Charge(plan.At(body.Code[place].Offset));
        }
    }

    /// <summary>Charges an instruction on a whole memory or table, whose count is on top of the stack.</summary>
    private void ChargeBulk(Opcode opcode)
    {
        if (plan is not null && opcode is Opcode.MemoryGrow or Opcode.MemoryCopy or Opcode.MemoryFill or Opcode.MemoryInit
            or Opcode.TableGrow or Opcode.TableCopy or Opcode.TableFill or Opcode.TableInit
            or Opcode.ArrayNew or Opcode.ArrayNewDefault or Opcode.ArrayNewData or Opcode.ArrayNewElem
            or Opcode.ArrayFill or Opcode.ArrayCopy or Opcode.ArrayInitData or Opcode.ArrayInitElem)
        {
            Charge(FuelPlan.BulkCost(opcode, stack[top - 1].Low));
        }
    }

    private void Charge(long cost)
    {
        if (cost != 0 && (store.Block->Fuel -= cost) < 0)
        {
            throw new TrapException(TrapKind.FuelExhausted);
        }
    }
}
