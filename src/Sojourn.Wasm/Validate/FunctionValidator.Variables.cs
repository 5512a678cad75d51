using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

internal sealed partial class FunctionValidator
{
    private bool Variable(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.Drop:
                stack.Pop();
                return true;
            case Opcode.Select:
                Select();
                return true;
            case Opcode.SelectTyped:
                if (instruction.Types!.Length != 1)
                {
                    throw ModuleValidator.Invalid(instruction.Offset, "invalid result arity");
                }

                context.CheckType(instruction.Types[0], instruction.Offset);
                stack.Pop(WasmType.I32);
                stack.Pop(instruction.Types[0]);
                stack.Pop(instruction.Types[0]);
                stack.Push(instruction.Types[0]);
                return true;
            case Opcode.LocalGet:
                CheckLocal(in instruction);
                if (!stack.IsInitialized(instruction.Index))
                {
                    throw ModuleValidator.Invalid(instruction.Offset, $"uninitialized local {instruction.Index}");
                }

                stack.Push(locals[instruction.Index]);
                return true;
            case Opcode.LocalSet:
                CheckLocal(in instruction);
                stack.Pop(locals[instruction.Index]);
                stack.Initialize(instruction.Index);
                return true;
            case Opcode.LocalTee:
                CheckLocal(in instruction);
                stack.Pop(locals[instruction.Index]);
                stack.Push(locals[instruction.Index]);
                stack.Initialize(instruction.Index);
                return true;
            case Opcode.GlobalGet:
                context.CheckIndex(instruction.Index, module.Globals.Length, "global", instruction.Offset);
                stack.Push(module.Globals[instruction.Index].Type.Type);
                return true;
            case Opcode.GlobalSet:
                context.CheckIndex(instruction.Index, module.Globals.Length, "global", instruction.Offset);
                if (!module.Globals[instruction.Index].Type.IsMutable)
                {
                    throw ModuleValidator.Invalid(instruction.Offset, "global is immutable");
                }

                stack.Pop(module.Globals[instruction.Index].Type.Type);
                return true;
            case Opcode.TableGet:
                CheckTable(instruction.Index, instruction.Offset);
                stack.Pop(context.TableAddressType(instruction.Index));
                stack.Push(module.Tables[instruction.Index].Type.Element);
                return true;
            case Opcode.TableSet:
                CheckTable(instruction.Index, instruction.Offset);
                stack.Pop(module.Tables[instruction.Index].Type.Element);
                stack.Pop(context.TableAddressType(instruction.Index));
                return true;
            case Opcode.MemorySize:
                CheckMemory(instruction.Index, instruction.Offset);
                stack.Push(context.AddressType(instruction.Index));
                return true;
            case Opcode.MemoryGrow:
                CheckMemory(instruction.Index, instruction.Offset);
                stack.Pop(context.AddressType(instruction.Index));
                stack.Push(context.AddressType(instruction.Index));
                return true;
            default:
                return false;
        }
    }

    private void CheckLocal(in Instruction instruction) => context.CheckIndex(instruction.Index, localCount, "local", instruction.Offset);

    private void CheckTable(int table, int offset) => context.CheckIndex(table, module.Tables.Length, "table", offset);

    private void CheckMemory(int memory, int offset) => context.CheckIndex(memory, module.Memories.Length, "memory", offset);

    private void Select()
    {
        stack.Pop(WasmType.I32);
        var right = stack.Pop();
        var left = stack.Pop();
        if (left.IsReference || right.IsReference)
        {
            throw stack.Mismatch("select without a type chooses between numbers or vectors");
        }

        if (left != right && left != WasmType.Bottom && right != WasmType.Bottom)
        {
            throw stack.Mismatch($"select between {left} and {right}");
        }

        stack.Push(left == WasmType.Bottom ? right : left);
    }

    private void Bulk(in Instruction instruction)
    {
        var offset = instruction.Offset;
        switch (instruction.Opcode)
        {
            case Opcode.MemoryInit:
                CheckMemory(instruction.Index2, offset);
                CheckData(in instruction, instruction.Index);
                stack.Pop(WasmType.I32);
                stack.Pop(WasmType.I32);
                stack.Pop(context.AddressType(instruction.Index2));
                break;
            case Opcode.DataDrop:
                CheckData(in instruction, instruction.Index);
                break;
            case Opcode.MemoryCopy:
                CheckMemory(instruction.Index, offset);
                CheckMemory(instruction.Index2, offset);
                var to = context.AddressType(instruction.Index);
                var from = context.AddressType(instruction.Index2);
                stack.Pop(to == WasmType.I64 ? from : to);
                stack.Pop(from);
                stack.Pop(to);
                break;
            case Opcode.MemoryFill:
                CheckMemory(instruction.Index, offset);
                stack.Pop(context.AddressType(instruction.Index));
                stack.Pop(WasmType.I32);
                stack.Pop(context.AddressType(instruction.Index));
                break;
            case Opcode.TableInit:
                CheckTable(instruction.Index2, offset);
                CheckElement(instruction.Index, offset);
                CheckElementType(module.Elements[instruction.Index].Type, module.Tables[instruction.Index2].Type.Element);
                stack.Pop(WasmType.I32);
                stack.Pop(WasmType.I32);
                stack.Pop(context.TableAddressType(instruction.Index2));
                break;
            case Opcode.ElemDrop:
                CheckElement(instruction.Index, offset);
                break;
            case Opcode.TableCopy:
                CheckTable(instruction.Index, offset);
                CheckTable(instruction.Index2, offset);
                CheckElementType(module.Tables[instruction.Index2].Type.Element, module.Tables[instruction.Index].Type.Element);
                var target = context.TableAddressType(instruction.Index);
                var source = context.TableAddressType(instruction.Index2);
                stack.Pop(target == WasmType.I64 ? source : target);
                stack.Pop(source);
                stack.Pop(target);
                break;
            case Opcode.TableGrow:
                CheckTable(instruction.Index, offset);
                stack.Pop(context.TableAddressType(instruction.Index));
                stack.Pop(module.Tables[instruction.Index].Type.Element);
                stack.Push(context.TableAddressType(instruction.Index));
                break;
            case Opcode.TableSize:
                CheckTable(instruction.Index, offset);
                stack.Push(context.TableAddressType(instruction.Index));
                break;
            case Opcode.TableFill:
                CheckTable(instruction.Index, offset);
                stack.Pop(context.TableAddressType(instruction.Index));
                stack.Pop(module.Tables[instruction.Index].Type.Element);
                stack.Pop(context.TableAddressType(instruction.Index));
                break;
            default:
                throw new InvalidOperationException($"No rule for {instruction.Info.Name}.");
        }
    }

    private void CheckData(in Instruction instruction, int index)
    {
        if (module.DataCount is not { } count)
        {
            throw Decode.ByteReader.Malformed(instruction.Offset, "data count section required");
        }

        context.CheckIndex(index, count, "data segment", instruction.Offset);
    }

    private void CheckElement(int index, int offset) => context.CheckIndex(index, module.Elements.Length, "elem segment", offset);

    private void CheckElementType(WasmType from, WasmType to)
    {
        if (!context.Types.Matches(from, to))
        {
            throw stack.Mismatch($"elements of {from} for a table of {to}");
        }
    }
}
