using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Run;

/// <summary>Evaluates validated constant expressions.</summary>
/// <remarks>WebAssembly 3.0, constant expressions.</remarks>
internal static class ConstantEvaluator
{
    public static Value Evaluate(Instance instance, ConstantExpression expression)
    {
        var reader = new InstructionReader(instance.Module.Bytes.Span, expression.Offset, expression.Length, WasmFeatures.Wasm3 & instance.Module.Options.Features);
        var stack = new Stack<Value>();
        while (true)
        {
            reader.Read(out var instruction);
            switch (instruction.Opcode)
            {
                case Opcode.End:
                    return stack.Pop();
                case Opcode.I32Const:
                    stack.Push(Value.From((int)instruction.Constant));
                    break;
                case Opcode.I64Const:
                    stack.Push(Value.From(instruction.Constant));
                    break;
                case Opcode.F32Const:
                    stack.Push(Value.FromBits(WasmTypeKind.F32, (uint)instruction.Constant));
                    break;
                case Opcode.F64Const:
                    stack.Push(Value.FromBits(WasmTypeKind.F64, (ulong)instruction.Constant));
                    break;
                case Opcode.V128Const:
                    stack.Push(Value.From(instruction.Vector));
                    break;
                case Opcode.RefNull:
                    stack.Push(Value.FromReference(null));
                    break;
                case Opcode.RefFunc:
                    stack.Push(Value.FromReference(instance.FunctionAt(instruction.Index)));
                    break;
                case Opcode.GlobalGet:
                    stack.Push(instance.Globals[instruction.Index].Value);
                    break;
                case Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul or Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul:
                    var right = stack.Pop();
                    var left = stack.Pop();
                    stack.Push(Arithmetic(instruction.Opcode, left, right));
                    break;
                default:
                    if (Interpret.GuestConstants.TryEvaluate(instance, instruction, stack))
                    {
                        break;
                    }

                    throw new InvalidOperationException($"{instruction.Info.Name} in a validated constant expression.");
            }
        }
    }

    private static Value Arithmetic(Opcode opcode, Value left, Value right) => opcode switch
    {
        Opcode.I32Add => Value.From(left.Int32 + right.Int32),
        Opcode.I32Sub => Value.From(left.Int32 - right.Int32),
        Opcode.I32Mul => Value.From(left.Int32 * right.Int32),
        Opcode.I64Add => Value.From(left.Int64 + right.Int64),
        Opcode.I64Sub => Value.From(left.Int64 - right.Int64),
        _ => Value.From(left.Int64 * right.Int64),
    };
}
