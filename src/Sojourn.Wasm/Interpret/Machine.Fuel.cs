using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <content>Metering: the charges of <see cref="FuelPlan"/>, made at the same places as compiled code makes them.</content>
internal sealed unsafe partial class Machine
{
    private FuelPlan? plan;

    // The quiet loop that runs, by the places of its first and last instruction: what it has taken from the fuel and not spent.
    private (int First, int Last)? quiet;
    private int portion;

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

    /// <summary>A loop begins, for the first time or again.</summary>
    private void EnterLoop(int place)
    {
        ChargeAt(place);
        if (quiet is null && plan is not null && plan.IsQuiet(body.Code[place].Offset))
        {
            quiet = (place, body.Match[place]);
            portion = 0;
        }
    }

    /// <summary>The program counter has moved, maybe out of the quiet loop.</summary>
    private void LeaveLoops()
    {
        if (quiet is { } loop && (pc < loop.First || pc > loop.Last))
        {
            quiet = null;
        }
    }

    /// <summary>A quiet loop that traps loses what it has not spent.</summary>
    private void LosePortion(TrapKind kind)
    {
        if (quiet is not null && kind != TrapKind.FuelExhausted)
        {
            store.Block->Fuel -= portion;
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
        if (cost == 0)
        {
            return;
        }

        var left = store.Block->Fuel -= cost;
        if (left < 0)
        {
            throw new TrapException(TrapKind.FuelExhausted);
        }

        if (quiet is not null && (portion -= (int)cost) < 0)
        {
            portion = FuelPlan.Portion(left);
        }
    }
}
