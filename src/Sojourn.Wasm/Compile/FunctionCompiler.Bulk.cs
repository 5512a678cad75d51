using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

internal sealed partial class FunctionCompiler
{
    private void BulkInstruction(in Instruction instruction)
    {
        var (index, other) = (instruction.Index, instruction.Index2);
        if (instruction.Opcode is not (Opcode.DataDrop or Opcode.ElemDrop or Opcode.TableSize))
        {
            ChargeBulk(instruction.Opcode, Il(stack[^1]) == IlType.Int64);
        }

        switch (instruction.Opcode)
        {
            case Opcode.MemoryInit:
                Pop(3);
                WidenThird(MemoryIsWide(other), IlType.Int32, IlType.Int32);
                CallWithContext(nameof(Bulk.MemoryInit), index, other);
                break;
            case Opcode.DataDrop:
                CallWithContext(nameof(Bulk.DataDrop), index);
                break;
            case Opcode.MemoryCopy:
                Pop(3);
                var (to, from) = (MemoryIsWide(index), MemoryIsWide(other));
                WidenAll(to, from, to && from);
                LoadMemoryCell(index);
                LoadMemoryCell(other);
                Call(typeof(Bulk), nameof(Bulk.MemoryCopy));
                break;
            case Opcode.MemoryFill:
                Pop(3);
                Widen(MemoryIsWide(index));
                WidenThird(MemoryIsWide(index), IlType.Int32, IlType.Int64);
                LoadMemoryCell(index);
                Call(typeof(Bulk), nameof(Bulk.MemoryFill));
                break;
            case Opcode.TableInit:
                Pop(3);
                WidenThird(TableIsWide(other), IlType.Int32, IlType.Int32);
                CallWithContext(nameof(Bulk.TableInit), index, other);
                break;
            case Opcode.ElemDrop:
                CallWithContext(nameof(Bulk.ElemDrop), index);
                break;
            case Opcode.TableCopy:
                Pop(3);
                var (target, source) = (TableIsWide(index), TableIsWide(other));
                WidenAll(target, source, target && source);
                CallWithContext(nameof(Bulk.TableCopy), index, other);
                break;
            case Opcode.TableGrow:
                Pop(2);
                Widen(TableIsWide(index));
                CallWithContext(HoldsFunctions(index) ? nameof(Bulk.TableGrowFunction) : nameof(Bulk.TableGrowObject), index);
                Narrow(TableIsWide(index));
                break;
            case Opcode.TableSize:
                LoadCell(layout.Tables[index], isPointer: index < module.ImportedTables);
                il.LoadInt32(8);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Ldind_I8);
                Narrow(TableIsWide(index));
                break;
            default:
                Pop(3);
                Widen(TableIsWide(index));
                var functions = HoldsFunctions(index);
                WidenThird(TableIsWide(index), functions ? IlType.Native : IlType.Object, IlType.Int64);
                CallWithContext(functions ? nameof(Bulk.TableFillFunction) : nameof(Bulk.TableFillObject), index);
                break;
        }
    }

    private bool MemoryIsWide(int memory) => module.Memories[memory].Limits.Is64Bit;

    private bool TableIsWide(int table) => module.Tables[table].Type.Limits.Is64Bit;

    private bool HoldsFunctions(int table) => Il(module.Tables[table].Type.Element) == IlType.Native;

    private void Narrow(bool wide)
    {
        if (!wide)
        {
            il.Emit(OpCodes.Conv_I4);
        }

        Push(wide ? WasmType.I64 : WasmType.I32);
    }

    private void CallWithContext(string name, int first)
    {
        il.LoadArgument(ContextArgument);
        il.LoadInt32(first);
        Call(typeof(Bulk), name);
    }

    private void CallWithContext(string name, int first, int second)
    {
        il.LoadArgument(ContextArgument);
        il.LoadInt32(first);
        il.LoadInt32(second);
        Call(typeof(Bulk), name);
    }

    private void LoadMemoryCell(int memory) => LoadCell(layout.Memories[memory], isPointer: !(memory == 0 && layout.OwnsMemory));

    // Widens the operand below two others.
    private void WidenThird(bool already, IlType second, IlType top)
    {
        if (already)
        {
            return;
        }

        var a = Take(second);
        var b = Take(top);
        il.StoreLocal(b);
        il.StoreLocal(a);
        il.Emit(OpCodes.Conv_U8);
        il.LoadLocal(a);
        il.LoadLocal(b);
        Give(second, a);
        Give(top, b);
    }

    // Widens three addresses or counts.
    private void WidenAll(bool bottom, bool middle, bool top)
    {
        Widen(top);
        if (bottom && middle)
        {
            return;
        }

        var a = Take(IlType.Int64);
        var b = Take(IlType.Int64);
        il.StoreLocal(a);
        Widen(middle);
        il.StoreLocal(b);
        Widen(bottom);
        il.LoadLocal(b);
        il.LoadLocal(a);
        Give(IlType.Int64, a);
        Give(IlType.Int64, b);
    }
}
