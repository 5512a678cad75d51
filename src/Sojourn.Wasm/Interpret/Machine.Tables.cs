using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <content>Tables (4.4.6 "Table Instructions").</content>
internal sealed partial class Machine
{
    private bool TryTable(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.TableGet:
                PushReference(instance.Tables[instruction.Index][Pop().Low].Reference);
                return true;
            case Opcode.TableSet:
                var set = Pop().Reference;
                instance.Tables[instruction.Index][Pop().Low] = Value.FromReference(set);
                return true;
            case Opcode.TableSize:
                PushIndex(instance.Tables[instruction.Index], (long)instance.Tables[instruction.Index].Length);
                return true;
            case Opcode.TableGrow:
                var delta = Pop().Low;
                var initial = Value.FromReference(Pop().Reference);
                var grown = instance.Tables[instruction.Index];
                PushIndex(grown, grown.Grow(delta, initial));
                return true;
            case Opcode.TableFill:
                var fillCount = Pop().Low;
                var fill = Pop().Reference;
                instance.Tables[instruction.Index].Fill(Pop().Low, fillCount, fill);
                return true;
            case Opcode.TableCopy:
                var count = Pop().Low;
                var from = Pop().Low;
                instance.Tables[instruction.Index].CopyFrom(instance.Tables[instruction.Index2], Pop().Low, from, count);
                return true;
            case Opcode.TableInit:
                var length = Pop().Low;
                var source = Pop().Low;
                instance.InitializeTable(instruction.Index, instruction.Index2, Pop().Low, source, length);
                return true;
            case Opcode.ElemDrop:
                instance.DropElements(instruction.Index);
                return true;
            default:
                return false;
        }
    }

    private void PushIndex(Table table, long value) => Push(table.Type.Limits.Is64Bit ? new Slot { I64 = value } : new Slot { I32 = (int)value });
}
