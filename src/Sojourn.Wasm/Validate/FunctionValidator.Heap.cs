using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

internal sealed partial class FunctionValidator
{
    private static readonly WasmType ArrayReference = WasmType.Reference(HeapType.Array, nullable: true);

    private void Heap(in Instruction instruction)
    {
        var offset = instruction.Offset;
        switch (instruction.Opcode)
        {
            case Opcode.StructNew or Opcode.StructNewDefault:
                NewStructure(in instruction);
                break;
            case Opcode.StructGet or Opcode.StructGetS or Opcode.StructGetU:
                var field = Field(in instruction);
                CheckPacked(field, instruction.Opcode == Opcode.StructGet, offset);
                stack.Pop(WasmType.Reference(HeapType.Of(instruction.Index), nullable: true));
                stack.Push(field.Type);
                break;
            case Opcode.StructSet:
                var target = Field(in instruction);
                CheckMutable(target, offset);
                stack.Pop(target.Type);
                stack.Pop(WasmType.Reference(HeapType.Of(instruction.Index), nullable: true));
                break;
            case >= Opcode.ArrayNew and <= Opcode.ArrayInitElem:
                Arrays(in instruction);
                break;
            case Opcode.RefTest or Opcode.RefTestNull or Opcode.RefCast or Opcode.RefCastNull:
                context.CheckType(instruction.Type, offset);
                stack.Pop(WasmType.Reference(context.Types.Top(instruction.Type.Heap), nullable: true));
                stack.Push(instruction.Opcode is Opcode.RefTest or Opcode.RefTestNull ? WasmType.I32 : instruction.Type);
                break;
            case Opcode.BrOnCast or Opcode.BrOnCastFail:
                BranchOnCast(in instruction);
                break;
            case Opcode.AnyConvertExtern:
                stack.Push(Converted(stack.Pop(WasmType.ExternRef), HeapType.Any));
                break;
            case Opcode.ExternConvertAny:
                stack.Push(Converted(stack.Pop(WasmType.AnyRef), HeapType.Extern));
                break;
            case Opcode.RefI31:
                stack.Pop(WasmType.I32);
                stack.Push(WasmType.Reference(HeapType.I31, nullable: false));
                break;
            case Opcode.I31GetS or Opcode.I31GetU:
                stack.Pop(WasmType.Reference(HeapType.I31, nullable: true));
                stack.Push(WasmType.I32);
                break;
            default:
                throw new InvalidOperationException($"No rule for {instruction.Info.Name}.");
        }
    }

    private static WasmType Converted(WasmType from, HeapType to) => WasmType.Reference(to, from.IsReference && from.IsNullable);

    private StructComposite Structure(int index, int offset)
    {
        context.CheckIndex(index, module.Types.Length, "type", offset);
        return module.Types[index].Struct ?? throw ModuleValidator.Invalid(offset, $"type mismatch: type {index} is not a structure");
    }

    private FieldType Element(int index, int offset)
    {
        context.CheckIndex(index, module.Types.Length, "type", offset);
        return module.Types[index].Array?.Element ?? throw ModuleValidator.Invalid(offset, $"type mismatch: type {index} is not an array");
    }

    private FieldType Field(in Instruction instruction)
    {
        var fields = Structure(instruction.Index, instruction.Offset).Fields;
        context.CheckIndex(instruction.Index2, fields.Length, "field", instruction.Offset);
        return fields[instruction.Index2];
    }

    private static void CheckPacked(FieldType field, bool plain, int offset)
    {
        if (plain != (field.Packed == PackedType.None))
        {
            throw ModuleValidator.Invalid(offset, plain ? "type mismatch: field is packed" : "type mismatch: field is unpacked");
        }
    }

    private static void CheckMutable(FieldType field, int offset)
    {
        if (!field.IsMutable)
        {
            throw ModuleValidator.Invalid(offset, "immutable field or array");
        }
    }

    private void NewStructure(in Instruction instruction)
    {
        var fields = Structure(instruction.Index, instruction.Offset).Fields;
        for (var i = fields.Length - 1; i >= 0; i--)
        {
            if (instruction.Opcode == Opcode.StructNew)
            {
                stack.Pop(fields[i].Type);
            }
            else if (!fields[i].Type.IsDefaultable)
            {
                throw ModuleValidator.Invalid(instruction.Offset, "field type is not defaultable");
            }
        }

        stack.Push(WasmType.Reference(HeapType.Of(instruction.Index), nullable: false));
    }

    private void Arrays(in Instruction instruction)
    {
        var offset = instruction.Offset;
        if (instruction.Opcode == Opcode.ArrayLen)
        {
            stack.Pop(ArrayReference);
            stack.Push(WasmType.I32);
            return;
        }

        var element = Element(instruction.Index, offset);
        var made = WasmType.Reference(HeapType.Of(instruction.Index), nullable: false);
        var given = WasmType.Reference(HeapType.Of(instruction.Index), nullable: true);
        switch (instruction.Opcode)
        {
            case Opcode.ArrayNew:
                stack.Pop(WasmType.I32);
                stack.Pop(element.Type);
                stack.Push(made);
                break;
            case Opcode.ArrayNewDefault:
                if (!element.Type.IsDefaultable)
                {
                    throw ModuleValidator.Invalid(offset, "array type is not defaultable");
                }

                stack.Pop(WasmType.I32);
                stack.Push(made);
                break;
            case Opcode.ArrayNewFixed:
                if (instruction.Index2 > 10_000)
                {
                    throw new ModuleException(ModuleFault.LimitExceeded, offset, "array.new_fixed of more than 10000 elements");
                }

                for (var i = 0; i < instruction.Index2; i++)
                {
                    stack.Pop(element.Type);
                }

                stack.Push(made);
                break;
            case Opcode.ArrayNewData or Opcode.ArrayInitData:
                CheckData(in instruction, instruction.Index2);
                if (element.Type.IsReference)
                {
                    throw ModuleValidator.Invalid(offset, "array type is not numeric or vector");
                }

                Segment(in instruction, element, made, given, instruction.Opcode == Opcode.ArrayNewData);
                break;
            case Opcode.ArrayNewElem or Opcode.ArrayInitElem:
                CheckElement(instruction.Index2, offset);
                CheckElementType(module.Elements[instruction.Index2].Type, element.Type);
                Segment(in instruction, element, made, given, instruction.Opcode == Opcode.ArrayNewElem);
                break;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                CheckPacked(element, instruction.Opcode == Opcode.ArrayGet, offset);
                stack.Pop(WasmType.I32);
                stack.Pop(given);
                stack.Push(element.Type);
                break;
            case Opcode.ArraySet:
                CheckMutable(element, offset);
                stack.Pop(element.Type);
                stack.Pop(WasmType.I32);
                stack.Pop(given);
                break;
            case Opcode.ArrayFill:
                CheckMutable(element, offset);
                stack.Pop(WasmType.I32);
                stack.Pop(element.Type);
                stack.Pop(WasmType.I32);
                stack.Pop(given);
                break;
            case Opcode.ArrayCopy:
                CheckMutable(element, offset);
                var source = Element(instruction.Index2, offset);
                if (source.Packed != element.Packed || !context.Types.Matches(source.Type, element.Type))
                {
                    throw ModuleValidator.Invalid(offset, "array types do not match");
                }

                stack.Pop(WasmType.I32);
                stack.Pop(WasmType.I32);
                stack.Pop(WasmType.Reference(HeapType.Of(instruction.Index2), nullable: true));
                stack.Pop(WasmType.I32);
                stack.Pop(given);
                break;
        }
    }

    private void Segment(in Instruction instruction, FieldType element, WasmType made, WasmType given, bool isNew)
    {
        stack.Pop(WasmType.I32);
        stack.Pop(WasmType.I32);
        if (isNew)
        {
            stack.Push(made);
            return;
        }

        CheckMutable(element, instruction.Offset);
        stack.Pop(WasmType.I32);
        stack.Pop(given);
    }

    private void BranchOnCast(in Instruction instruction)
    {
        var (from, to) = (instruction.Type, instruction.Type2);
        context.CheckType(from, instruction.Offset);
        context.CheckType(to, instruction.Offset);
        if (!context.Types.Matches(to, from))
        {
            throw stack.Mismatch($"{to} is no subtype of {from}");
        }

        var difference = to.IsNullable ? NonNull(from) : from;
        var taken = instruction.Opcode == Opcode.BrOnCast ? to : difference;
        var kept = instruction.Opcode == Opcode.BrOnCast ? difference : to;
        var label = stack.Label(instruction.Index);
        if (label.Length == 0 || !context.Types.Matches(taken, label[^1]))
        {
            throw stack.Mismatch("a cast branch needs a label that takes the reference last");
        }

        stack.Pop(from);
        stack.Pop(label.AsSpan(0, label.Length - 1));
        stack.Push(label.AsSpan(0, label.Length - 1));
        stack.Push(kept);
    }
}
