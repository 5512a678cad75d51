using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Interpret;

/// <content>References and casts (4.4.4 "Reference Instructions").</content>
internal sealed partial class Machine
{
    private bool TryReference(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.RefNull:
                PushReference(null);
                return true;
            case Opcode.RefIsNull:
                PushI32(Pop().Reference is null ? 1 : 0);
                return true;
            case Opcode.RefFunc:
                PushReference(instance.FunctionAt(instruction.Index));
                return true;
            case Opcode.RefEq:
                var right = Pop().Reference;
                PushI32(Equals(Pop().Reference, right) ? 1 : 0);
                return true;
            case Opcode.RefAsNonNull:
                PushReference(NotNull<object>());
                return true;
            case Opcode.BrOnNull:
                if (stack[top - 1].Reference is null)
                {
                    Pop();
                    Branch(instruction.Index);
                }
                else
                {
                    ChargeAt(pc - 1);
                }

                return true;
            case Opcode.BrOnNonNull:
                if (stack[top - 1].Reference is not null)
                {
                    Branch(instruction.Index);
                }
                else
                {
                    Pop();
                    ChargeAt(pc - 1);
                }

                return true;
            case Opcode.RefTest or Opcode.RefTestNull:
                PushI32(Fits(Pop().Reference, instruction.Type) ? 1 : 0);
                return true;
            case Opcode.RefCast or Opcode.RefCastNull:
                if (!Fits(stack[top - 1].Reference, instruction.Type))
                {
                    throw new TrapException(TrapKind.CastFailure);
                }

                return true;
            case Opcode.BrOnCast:
                if (Fits(stack[top - 1].Reference, instruction.Type2))
                {
                    Branch(instruction.Index);
                }
                else
                {
                    ChargeAt(pc - 1);
                }

                return true;
            case Opcode.BrOnCastFail:
                if (!Fits(stack[top - 1].Reference, instruction.Type2))
                {
                    Branch(instruction.Index);
                }
                else
                {
                    ChargeAt(pc - 1);
                }

                return true;
            case Opcode.AnyConvertExtern or Opcode.ExternConvertAny:
                // Host values are themselves in both hierarchies.
                return true;
            case Opcode.RefI31:
                PushReference(GuestHeap.I31(instance, Pop().U32));
                return true;
            case Opcode.I31GetS:
                PushI32(NotNull<I31Object>().Signed);
                return true;
            case Opcode.I31GetU:
                PushI32((int)NotNull<I31Object>().Value);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether a reference has a type of the running module.</summary>
    private bool Fits(object? reference, WasmType type) => GuestTypes.Fits(store, reference, TypeRegistry.Translate(type, instance.TypeIdentities));
}
