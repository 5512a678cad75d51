using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

internal sealed partial class FunctionValidator
{
    private static readonly WasmType[] NoTypes = [];

    private bool Control(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.Nop:
                return true;
            case Opcode.Unreachable:
                stack.Unreachable();
                return true;
            case Opcode.Block or Opcode.Loop:
                Open(in instruction);
                return true;
            case Opcode.If:
                stack.Pop(WasmType.I32);
                Open(in instruction);
                return true;
            case Opcode.Else:
                Else(in instruction);
                return true;
            case Opcode.End:
                End();
                return true;
            case Opcode.Br:
                stack.Pop(stack.Label(instruction.Index));
                stack.Unreachable();
                return true;
            case Opcode.BrIf:
                stack.Pop(WasmType.I32);
                var label = stack.Label(instruction.Index);
                stack.Pop(label);
                stack.Push(label);
                return true;
            case Opcode.BrTable:
                BranchTable(in instruction);
                return true;
            case Opcode.Return:
                stack.Pop(results);
                stack.Unreachable();
                return true;
            case Opcode.Call:
                context.CheckIndex(instruction.Index, module.Functions.Length, "function", instruction.Offset);
                Call(module.FunctionTypeOf(instruction.Index));
                return true;
            case Opcode.ReturnCall:
                context.CheckIndex(instruction.Index, module.Functions.Length, "function", instruction.Offset);
                ReturnCall(module.FunctionTypeOf(instruction.Index));
                return true;
            case Opcode.CallIndirect:
                Call(Indirect(in instruction));
                return true;
            case Opcode.ReturnCallIndirect:
                ReturnCall(Indirect(in instruction));
                return true;
            case Opcode.CallRef:
                Call(Referenced(in instruction));
                return true;
            case Opcode.ReturnCallRef:
                ReturnCall(Referenced(in instruction));
                return true;
            case Opcode.TryTable:
                TryTable(in instruction);
                return true;
            case Opcode.Throw:
                context.CheckIndex(instruction.Index, module.Tags.Length, "tag", instruction.Offset);
                stack.Pop(module.Types[module.Tags[instruction.Index]].Function!.Parameters.AsSpan());
                stack.Unreachable();
                return true;
            case Opcode.ThrowRef:
                stack.Pop(WasmType.ExnRef);
                stack.Unreachable();
                return true;
            default:
                return false;
        }
    }

    private (WasmType[] Start, WasmType[] End) TypesOf(BlockType block, int offset)
    {
        if (block.IsEmpty)
        {
            return (NoTypes, NoTypes);
        }

        if (!block.IsTypeIndex)
        {
            context.CheckType(block.Result, offset);
            return (NoTypes, [block.Result]);
        }

        var type = FunctionTypeAt(block.TypeIndex, offset);
        return ([.. type.Parameters], [.. type.Results]);
    }

    private FunctionType FunctionTypeAt(int index, int offset)
    {
        context.CheckIndex(index, module.Types.Length, "type", offset);
        return module.Types[index].Function ?? throw ModuleValidator.Invalid(offset, $"type {index} is not a function type");
    }

    private void Open(in Instruction instruction)
    {
        var (start, end) = TypesOf(instruction.Block, instruction.Offset);
        stack.Pop(start);
        stack.Open(instruction.Opcode, start, end);
    }

    private void Else(in Instruction instruction)
    {
        if (stack.Frame.Opcode != Opcode.If)
        {
            throw Decode.ByteReader.Malformed(instruction.Offset, "else without if");
        }

        var frame = stack.Close();
        stack.Open(Opcode.Else, frame.Start, frame.End);
    }

    private void End()
    {
        var frame = stack.Close();
        if (frame.Opcode == Opcode.If && !SameTypes(frame.Start, frame.End))
        {
            throw stack.Mismatch("an if without else must give what it takes");
        }

        if (stack.Depth > 0)
        {
            stack.Push(frame.End);
        }
    }

    private bool SameTypes(WasmType[] from, WasmType[] to)
    {
        if (from.Length != to.Length)
        {
            return false;
        }

        for (var i = 0; i < from.Length; i++)
        {
            if (!context.Types.Matches(from[i], to[i]))
            {
                return false;
            }
        }

        return true;
    }

    private void BranchTable(in Instruction instruction)
    {
        stack.Pop(WasmType.I32);
        var labels = instruction.Labels!;
        var last = stack.Label(labels[^1]);
        var seen = new HashSet<int>();
        var popped = new WasmType[last.Length];
        foreach (var target in labels)
        {
            var types = stack.Label(target);
            if (types.Length != last.Length)
            {
                throw stack.Mismatch("labels of br_table differ in the number of values");
            }

            if (!seen.Add(target))
            {
                continue;
            }

            for (var i = types.Length - 1; i >= 0; i--)
            {
                popped[i] = stack.Pop(types[i]);
            }

            stack.Push(popped);
        }

        stack.Pop(last);
        stack.Unreachable();
    }

    private void Call(FunctionType type)
    {
        stack.Pop(type.Parameters.AsSpan());
        stack.Push(type.Results.AsSpan());
    }

    private void ReturnCall(FunctionType type)
    {
        stack.Pop(type.Parameters.AsSpan());
        if (!SameTypes([.. type.Results], results))
        {
            throw stack.Mismatch("the callee of a tail call gives other results");
        }

        stack.Unreachable();
    }

    private FunctionType Indirect(in Instruction instruction)
    {
        context.CheckIndex(instruction.Index2, module.Tables.Length, "table", instruction.Offset);
        var type = FunctionTypeAt(instruction.Index, instruction.Offset);
        if (!context.Types.Matches(module.Tables[instruction.Index2].Type.Element, WasmType.FuncRef))
        {
            throw stack.Mismatch("an indirect call needs a table of functions");
        }

        stack.Pop(context.TableAddressType(instruction.Index2));
        return type;
    }

    private FunctionType Referenced(in Instruction instruction)
    {
        var type = FunctionTypeAt(instruction.Index, instruction.Offset);
        stack.Pop(WasmType.Reference(HeapType.Of(instruction.Index), nullable: true));
        return type;
    }

    private void TryTable(in Instruction instruction)
    {
        var (start, end) = TypesOf(instruction.Block, instruction.Offset);
        stack.Pop(start);
        foreach (var clause in instruction.Catches!)
        {
            var given = new List<WasmType>();
            if (clause.Kind < 2)
            {
                context.CheckIndex(clause.Tag, module.Tags.Length, "tag", instruction.Offset);
                given.AddRange(module.Types[module.Tags[clause.Tag]].Function!.Parameters);
            }

            if ((clause.Kind & 1) != 0)
            {
                given.Add(WasmType.Reference(HeapType.Exn, nullable: false));
            }

            if (!SameTypes([.. given], stack.Label(clause.Label)))
            {
                throw stack.Mismatch("a catch clause gives other values than its label takes");
            }
        }

        stack.Open(Opcode.TryTable, start, end);
    }
}
