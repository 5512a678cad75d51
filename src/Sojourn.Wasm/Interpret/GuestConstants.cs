using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>The instructions on references and the guest's heap that constant expressions may hold (3.4.13 "Constant Expressions").</summary>
internal static class GuestConstants
{
    /// <summary>Executes one instruction on the stack of a constant expression.</summary>
    /// <returns>False where the instruction is not one of these.</returns>
    public static bool TryEvaluate(Instance instance, in Instruction instruction, Stack<Value> stack)
    {
        object? reference;
        switch (instruction.Opcode)
        {
            case Opcode.RefI31:
                reference = GuestHeap.I31(instance, (uint)stack.Pop().Int32);
                break;
            case Opcode.StructNew or Opcode.StructNewDefault:
                var fields = new Slot[instance.Module.Definition.Types[instruction.Index].Struct!.Fields.Length];
                for (var i = fields.Length - 1; i >= 0 && instruction.Opcode == Opcode.StructNew; i--)
                {
                    fields[i] = Machine.FromValue(stack.Pop());
                }

                reference = GuestHeap.Struct(instance, instruction.Index, fields);
                break;
            case Opcode.ArrayNew:
                var length = (uint)stack.Pop().Int32;
                reference = GuestHeap.Fill(GuestHeap.Array(instance, instruction.Index, length), 0, length, Machine.FromValue(stack.Pop()));
                break;
            case Opcode.ArrayNewDefault:
                reference = GuestHeap.Array(instance, instruction.Index, (uint)stack.Pop().Int32);
                break;
            case Opcode.ArrayNewFixed:
                var array = GuestHeap.Array(instance, instruction.Index, (uint)instruction.Index2);
                for (var i = instruction.Index2 - 1; i >= 0; i--)
                {
                    array[i] = Machine.FromValue(stack.Pop());
                }

                reference = array;
                break;
            case Opcode.AnyConvertExtern or Opcode.ExternConvertAny:
                return true;
            default:
                return false;
        }

        stack.Push(Value.FromReference(reference));
        return true;
    }
}
