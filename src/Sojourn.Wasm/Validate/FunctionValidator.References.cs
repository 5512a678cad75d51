using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

internal sealed partial class FunctionValidator
{
    private void Reference(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.RefNull:
                context.CheckType(instruction.Type, instruction.Offset);
                stack.Push(instruction.Type);
                break;
            case Opcode.RefIsNull:
                stack.PopReference();
                stack.Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                context.CheckIndex(instruction.Index, module.Functions.Length, "function", instruction.Offset);
                if (!module.DeclaredFunctions.Contains(instruction.Index))
                {
                    throw ModuleValidator.Invalid(instruction.Offset, $"undeclared function reference {instruction.Index}");
                }

                stack.Push((features & (WasmFeatures.FunctionReferences | WasmFeatures.GarbageCollection)) != 0
                    ? WasmType.Reference(HeapType.Of(module.Functions[instruction.Index].TypeIndex), nullable: false)
                    : WasmType.FuncRef);
                break;
            case Opcode.RefEq:
                stack.Pop(WasmType.Reference(HeapType.Eq, nullable: true));
                stack.Pop(WasmType.Reference(HeapType.Eq, nullable: true));
                stack.Push(WasmType.I32);
                break;
            case Opcode.RefAsNonNull:
                stack.Push(NonNull(stack.PopReference()));
                break;
            case Opcode.BrOnNull:
                BranchOnNull(in instruction);
                break;
            case Opcode.BrOnNonNull:
                BranchOnNonNull(in instruction);
                break;
            default:
                throw new InvalidOperationException($"No rule for {instruction.Info.Name}.");
        }
    }

    private static WasmType NonNull(WasmType type) => type.IsReference ? WasmType.Reference(type.Heap, nullable: false) : type;

    private void BranchOnNull(in Instruction instruction)
    {
        var type = stack.PopReference();
        var label = stack.Label(instruction.Index);
        stack.Pop(label);
        stack.Push(label);
        stack.Push(NonNull(type));
    }

    private void BranchOnNonNull(in Instruction instruction)
    {
        var type = stack.PopReference();
        var label = stack.Label(instruction.Index);
        if (label.Length == 0 || !label[^1].IsReference || !context.Types.Matches(NonNull(type), label[^1]))
        {
            throw stack.Mismatch("br_on_non_null needs a label that takes the reference last");
        }

        stack.Pop(label.AsSpan(0, label.Length - 1));
        stack.Push(label.AsSpan(0, label.Length - 1));
    }
}
