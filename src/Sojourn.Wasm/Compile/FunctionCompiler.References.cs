using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private void References(in Instruction instruction)
    {
        var index = instruction.Index;
        switch (instruction.Opcode)
        {
            case Opcode.RefNull:
                LoadNull(instruction.Type);
                Push(instruction.Type);
                break;
            case Opcode.RefIsNull:
                Pop();
                il.Emit(OpCodes.Ldnull);
                il.Emit(OpCodes.Ceq);
                Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                il.LoadArgument(ContextArgument);
                il.LoadInt32(index);
                Call(typeof(Bulk), nameof(Bulk.RefFunc));
                Push(WasmType.Reference(HeapType.Of(module.Functions[index].TypeIndex), nullable: false));
                break;
            case Opcode.TableGet:
                TableGet(index);
                break;
            case Opcode.TableSet:
                TableSet(index);
                break;
            case Opcode.RefEq:
                Perform(in instruction, 2, WasmType.I32);
                break;
            case Opcode.RefAsNonNull:
                AsNonNull();
                break;
            case Opcode.BrOnNull:
                BranchOnNull(index);
                ChargeOutOfLine(instruction.Offset);
                break;
            case Opcode.BrOnNonNull:
                BranchOnNonNull(index);
                ChargeOutOfLine(instruction.Offset);
                break;
            default:
                throw Unsupported(in instruction);
        }
    }

    private void LoadNull(WasmType type)
    {
        if (Il(type) == IlType.Native)
        {
            il.LoadInt32(0);
            il.Emit(OpCodes.Conv_I);
        }
        else
        {
            il.Emit(OpCodes.Ldnull);
        }
    }

    private void TableGet(int table)
    {
        Pop();
        Widen(TableIsWide(table));
        if (HoldsFunctions(table))
        {
            LoadCell(layout.Tables[table], isPointer: table < module.ImportedTables);
            Call(typeof(Bulk), nameof(Bulk.TableGetFunction));
        }
        else
        {
            CallWithContext(nameof(Bulk.TableGetObject), table);
        }

        Push(module.Tables[table].Type.Element);
    }

    private void TableSet(int table)
    {
        Pop(2);
        var functions = HoldsFunctions(table);
        if (!TableIsWide(table))
        {
            var form = functions ? IlType.Native : IlType.Object;
            var aside = Take(form);
            il.StoreLocal(aside);
            il.Emit(OpCodes.Conv_U8);
            il.LoadLocal(aside);
            Give(form, aside);
        }

        if (functions)
        {
            LoadCell(layout.Tables[table], isPointer: table < module.ImportedTables);
            Call(typeof(Bulk), nameof(Bulk.TableSetFunction));
        }
        else
        {
            CallWithContext(nameof(Bulk.TableSetObject), table);
        }
    }

    private void AsNonNull()
    {
        var type = Pop();
        Call(typeof(Calls), Il(type) == IlType.Native ? nameof(Calls.NonNullFunction) : nameof(Calls.NonNullObject));
        Push(WasmType.Reference(type.Heap, nullable: false));
    }

    // The reference goes aside, so that what the branch carries is on top.
    private void BranchOnNull(int depth)
    {
        var type = Pop();
        var form = Il(type);
        var aside = NewLocal(form);
        il.StoreLocal(aside);
        var target = frames[frames.Count - 1 - depth];
        var stay = il.DefineLabel();
        il.LoadLocal(aside);
        il.Branch(OpCodes.Brtrue, stay);
        var values = target.LabelTypes.Length;
        if (values > 0)
        {
            StoreAll(LabelLocals(target));
        }

        Drop(Excess(values));
        Jump(target);
        il.Mark(stay);
        il.LoadLocal(aside);
        Push(WasmType.Reference(type.Heap, nullable: false));
    }

    private void BranchOnNonNull(int depth)
    {
        var type = Pop();
        var aside = NewLocal(Il(type));
        il.StoreLocal(aside);
        var target = frames[frames.Count - 1 - depth];
        var stay = il.DefineLabel();
        il.LoadLocal(aside);
        il.Branch(OpCodes.Brfalse, stay);
        var places = LabelLocals(target);
        il.LoadLocal(aside);
        StoreAll(places);
        Drop(Excess(places.Length - 1));
        Jump(target);
        il.Mark(stay);
    }
}
