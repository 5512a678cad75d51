using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>Judges constant expressions.</summary>
/// <remarks>WebAssembly 3.0, validation, constant expressions.</remarks>
internal static class ConstantValidator
{
    public static void Validate(ModuleContext context, ConstantExpression expression, WasmType wanted, int visibleGlobals)
    {
        var features = context.Options.Features;
        var module = context.Module;
        var reader = new InstructionReader(module.Bytes.Span, expression.Offset, expression.Length, features);
        var stack = new List<WasmType>();
        while (true)
        {
            reader.Read(out var instruction);
            switch (instruction.Opcode)
            {
                case Opcode.End:
                    if (stack.Count != 1 || !context.Types.Matches(stack[0], wanted))
                    {
                        throw ModuleValidator.Invalid(expression.Offset, $"type mismatch: a constant expression gives [{string.Join(' ', stack)}] instead of [{wanted}]");
                    }

                    return;
                case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const or Opcode.V128Const:
                    stack.Add(TypeOf(instruction.Info.Signature[1]));
                    break;
                case Opcode.RefNull:
                    context.CheckType(instruction.Type, instruction.Offset);
                    stack.Add(instruction.Type);
                    break;
                case Opcode.RefFunc:
                    context.CheckIndex(instruction.Index, module.Functions.Length, "function", instruction.Offset);
                    stack.Add((features & (WasmFeatures.FunctionReferences | WasmFeatures.GarbageCollection)) != 0
                        ? WasmType.Reference(HeapType.Of(module.Functions[instruction.Index].TypeIndex), nullable: false)
                        : WasmType.FuncRef);
                    break;
                case Opcode.GlobalGet:
                    context.CheckIndex(instruction.Index, visibleGlobals, "global", instruction.Offset);
                    if (module.Globals[instruction.Index].Type.IsMutable)
                    {
                        throw Required(instruction);
                    }

                    stack.Add(module.Globals[instruction.Index].Type.Type);
                    break;
                case Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul or Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul
                    when (features & WasmFeatures.ExtendedConst) != 0:
                    var operand = TypeOf(instruction.Info.Signature[0]);
                    Pop(context, stack, operand, instruction);
                    Pop(context, stack, operand, instruction);
                    stack.Add(operand);
                    break;
                default:
                    if ((int)instruction.Opcode >> 16 != 0xFB || !Allocation(context, stack, instruction))
                    {
                        throw Required(instruction);
                    }

                    break;
            }
        }
    }

    public static WasmType TypeOf(char letter) => letter switch
    {
        'i' => WasmType.I32,
        'I' => WasmType.I64,
        'f' => WasmType.F32,
        'F' => WasmType.F64,
        _ => WasmType.V128,
    };

    private static bool Allocation(ModuleContext context, List<WasmType> stack, Instruction instruction)
    {
        var module = context.Module;
        switch (instruction.Opcode)
        {
            case Opcode.RefI31:
                Pop(context, stack, WasmType.I32, instruction);
                stack.Add(WasmType.Reference(HeapType.I31, nullable: false));
                return true;
            case Opcode.AnyConvertExtern:
                Pop(context, stack, WasmType.ExternRef, instruction, out var external);
                stack.Add(WasmType.Reference(HeapType.Any, external.IsNullable));
                return true;
            case Opcode.ExternConvertAny:
                Pop(context, stack, WasmType.AnyRef, instruction, out var any);
                stack.Add(WasmType.Reference(HeapType.Extern, any.IsNullable));
                return true;
            case Opcode.StructNew or Opcode.StructNewDefault:
                context.CheckIndex(instruction.Index, module.Types.Length, "type", instruction.Offset);
                var fields = module.Types[instruction.Index].Struct?.Fields ?? throw ModuleValidator.Invalid(instruction.Offset, $"type {instruction.Index} is not a structure");
                for (var i = fields.Length - 1; i >= 0; i--)
                {
                    if (instruction.Opcode == Opcode.StructNew)
                    {
                        Pop(context, stack, fields[i].Type, instruction);
                    }
                    else if (!fields[i].Type.IsDefaultable)
                    {
                        throw ModuleValidator.Invalid(instruction.Offset, "field type is not defaultable");
                    }
                }

                stack.Add(WasmType.Reference(HeapType.Of(instruction.Index), nullable: false));
                return true;
            case Opcode.ArrayNew or Opcode.ArrayNewDefault or Opcode.ArrayNewFixed:
                context.CheckIndex(instruction.Index, module.Types.Length, "type", instruction.Offset);
                var element = module.Types[instruction.Index].Array?.Element ?? throw ModuleValidator.Invalid(instruction.Offset, $"type {instruction.Index} is not an array");
                if (instruction.Opcode == Opcode.ArrayNewDefault && !element.Type.IsDefaultable)
                {
                    throw ModuleValidator.Invalid(instruction.Offset, "array type is not defaultable");
                }

                if (instruction.Opcode != Opcode.ArrayNewFixed)
                {
                    Pop(context, stack, WasmType.I32, instruction);
                }

                var count = instruction.Opcode == Opcode.ArrayNewFixed ? instruction.Index2 : instruction.Opcode == Opcode.ArrayNew ? 1 : 0;
                for (var i = 0; i < count; i++)
                {
                    Pop(context, stack, element.Type, instruction);
                }

                stack.Add(WasmType.Reference(HeapType.Of(instruction.Index), nullable: false));
                return true;
            default:
                return false;
        }
    }

    private static void Pop(ModuleContext context, List<WasmType> stack, WasmType wanted, Instruction instruction) => Pop(context, stack, wanted, instruction, out _);

    private static void Pop(ModuleContext context, List<WasmType> stack, WasmType wanted, Instruction instruction, out WasmType found)
    {
        found = stack.Count > 0 ? stack[^1] : WasmType.Bottom;
        if (stack.Count == 0 || !context.Types.Matches(found, wanted))
        {
            throw ModuleValidator.Invalid(instruction.Offset, $"type mismatch: {instruction.Info.Name} needs {wanted}");
        }

        stack.RemoveAt(stack.Count - 1);
    }

    private static ModuleException Required(Instruction instruction) =>
        ModuleValidator.Invalid(instruction.Offset, $"constant expression required, {instruction.Info.Name} is not constant");
}
