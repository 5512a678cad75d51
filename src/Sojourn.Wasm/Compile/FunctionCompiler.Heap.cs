using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>The guest's heap: structures, arrays, casts.</summary>
internal sealed partial class FunctionCompiler
{
    private void HeapInstruction(in Instruction instruction)
    {
        var (index, other) = (instruction.Index, instruction.Index2);
        var made = WasmType.Reference(HeapType.Of(Math.Max(index, 0)), nullable: false);
        switch (instruction.Opcode)
        {
            case Opcode.StructNew:
                Perform(in instruction, module.Types[index].Struct!.Fields.Length, made);
                break;
            case Opcode.StructNewDefault:
                Perform(in instruction, 0, made);
                break;
            case Opcode.StructGet or Opcode.StructGetS or Opcode.StructGetU:
                Perform(in instruction, 1, module.Types[index].Struct!.Fields[other].Type);
                break;
            case Opcode.StructSet:
                Perform(in instruction, 2, null);
                break;
            case Opcode.ArrayNew or Opcode.ArrayNewData or Opcode.ArrayNewElem:
                ChargeBulk(instruction.Opcode, wide: false);
                Perform(in instruction, 2, made);
                break;
            case Opcode.ArrayNewDefault:
                ChargeBulk(instruction.Opcode, wide: false);
                Perform(in instruction, 1, made);
                break;
            case Opcode.ArrayNewFixed:
                Perform(in instruction, other, made);
                break;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                Perform(in instruction, 2, module.Types[index].Array!.Element.Type);
                break;
            case Opcode.ArraySet:
                Perform(in instruction, 3, null);
                break;
            case Opcode.ArrayLen or Opcode.I31GetS or Opcode.I31GetU:
                Perform(in instruction, 1, WasmType.I32);
                break;
            case Opcode.ArrayFill or Opcode.ArrayInitData or Opcode.ArrayInitElem:
                ChargeBulk(instruction.Opcode, wide: false);
                Perform(in instruction, 4, null);
                break;
            case Opcode.ArrayCopy:
                ChargeBulk(instruction.Opcode, wide: false);
                Perform(in instruction, 5, null);
                break;
            case Opcode.RefI31:
                Perform(in instruction, 1, WasmType.Reference(HeapType.I31, nullable: false));
                break;
            case Opcode.RefTest or Opcode.RefTestNull:
                Stage(Pop());
                Cast(Opcode.RefTest, instruction.Type);
                Take(WasmType.I32);
                break;
            case Opcode.RefCast or Opcode.RefCastNull:
                Stage(Pop());
                Cast(Opcode.RefCast, instruction.Type);
                Take(instruction.Type);
                break;
            case Opcode.BrOnCast or Opcode.BrOnCastFail:
                BranchOnCast(in instruction);
                ChargeOutOfLine(instruction.Offset);
                break;
            default:
                // A host's value is itself in both hierarchies.
                var nullable = Pop().IsNullable;
                Push(WasmType.Reference(instruction.Opcode == Opcode.AnyConvertExtern ? HeapType.Any : HeapType.Extern, nullable));
                break;
        }
    }

    private void Perform(in Instruction instruction, int operands, WasmType? result)
    {
        for (var i = 0; i < operands; i++)
        {
            Stage(Pop());
        }

        il.LoadArgument(ContextArgument);
        il.LoadInt32((int)instruction.Opcode);
        il.LoadInt32(instruction.Index);
        il.LoadInt32(instruction.Index2);
        Call(typeof(GuestOperations), nameof(GuestOperations.Perform));
        if (result is { } type)
        {
            Take(type);
        }
    }

    private void Cast(Opcode opcode, WasmType type)
    {
        il.LoadArgument(ContextArgument);
        il.LoadInt32((int)opcode);
        il.LoadInt32(type.Heap.Code);
        il.LoadInt32(type.IsNullable ? 1 : 0);
        Call(typeof(GuestOperations), nameof(GuestOperations.Perform));
    }

    private void Stage(WasmType type)
    {
        il.LoadArgument(ContextArgument);
        Call(typeof(GuestOperations), Il(type) switch
        {
            IlType.Int32 => nameof(GuestOperations.StageI32),
            IlType.Int64 => nameof(GuestOperations.StageI64),
            IlType.Single => nameof(GuestOperations.StageF32),
            IlType.Double => nameof(GuestOperations.StageF64),
            IlType.Vector => nameof(GuestOperations.StageV128),
            IlType.Native => nameof(GuestOperations.StageFunction),
            _ => nameof(GuestOperations.StageObject),
        });
    }

    private void Take(WasmType type)
    {
        TakeStaged(type);
        Push(type);
    }

    private void TakeStaged(WasmType type)
    {
        il.LoadArgument(ContextArgument);
        Call(typeof(GuestOperations), Il(type) switch
        {
            IlType.Int32 => nameof(GuestOperations.TakeI32),
            IlType.Int64 => nameof(GuestOperations.TakeI64),
            IlType.Single => nameof(GuestOperations.TakeF32),
            IlType.Double => nameof(GuestOperations.TakeF64),
            IlType.Vector => nameof(GuestOperations.TakeV128),
            IlType.Native => nameof(GuestOperations.TakeFunction),
            _ => nameof(GuestOperations.TakeObject),
        });
    }

    private void BranchOnCast(in Instruction instruction)
    {
        var type = Pop();
        var form = Il(type);
        var aside = NewLocal(form);
        il.StoreLocal(aside);
        il.LoadLocal(aside);
        Stage(type);
        Cast(Opcode.RefTest, instruction.Type2);
        TakeStaged(WasmType.I32);
        var target = frames[frames.Count - 1 - instruction.Index];
        var stay = il.DefineLabel();
        il.Branch(instruction.Opcode == Opcode.BrOnCast ? OpCodes.Brfalse : OpCodes.Brtrue, stay);
        var places = LabelLocals(target);
        il.LoadLocal(aside);
        StoreAll(places);
        Drop(Excess(places.Length - 1));
        Jump(target);
        il.Mark(stay);

        il.LoadLocal(aside);
        Push(instruction.Opcode == Opcode.BrOnCast ? type : instruction.Type2);
    }
}
