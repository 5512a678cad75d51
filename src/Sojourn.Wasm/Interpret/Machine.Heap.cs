using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <content>Structures and arrays (4.4.5 "Aggregate Instructions").</content>
internal sealed partial class Machine
{
    private bool TryHeap(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.StructNew:
                var count = StructType(instruction).Length;
                var fields = stack.AsSpan(top - count, count).ToArray();
                top -= count;
                PushReference(GuestHeap.Struct(instance, instruction.Index, fields));
                return true;
            case Opcode.StructNewDefault:
                PushReference(GuestHeap.Struct(instance, instruction.Index, new Slot[StructType(instruction).Length]));
                return true;
            case Opcode.StructGet or Opcode.StructGetS or Opcode.StructGetU:
                var read = NotNull<StructObject>().Fields[instruction.Index2];
                Push(instruction.Opcode == Opcode.StructGetS ? GuestHeap.SignExtend(read, StructType(instruction)[instruction.Index2].Packed) : read);
                return true;
            case Opcode.StructSet:
                var written = GuestHeap.Pack(Pop(), StructType(instruction)[instruction.Index2].Packed);
                NotNull<StructObject>().Fields[instruction.Index2] = written;
                return true;
            case Opcode.ArrayNew:
                var newLength = Pop().U32;
                var initial = Pop();
                PushReference(GuestHeap.Fill(GuestHeap.Array(instance, instruction.Index, newLength), 0, newLength, initial));
                return true;
            case Opcode.ArrayNewDefault:
                PushReference(GuestHeap.Array(instance, instruction.Index, Pop().U32));
                return true;
            case Opcode.ArrayNewFixed:
                PushReference(NewFixed(instruction));
                return true;
            case Opcode.ArrayNewData:
                var dataLength = Pop().U32;
                PushReference(GuestHeap.FromData(instance, instruction.Index, instruction.Index2, Pop().U32, dataLength));
                return true;
            case Opcode.ArrayNewElem:
                var elementLength = Pop().U32;
                PushReference(GuestHeap.FromElements(instance, instruction.Index, instruction.Index2, Pop().U32, elementLength));
                return true;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                var index = Pop().U32;
                var source = NotNull<ArrayObject>();
                GuestHeap.Check(source, index, 1);
                Push(instruction.Opcode == Opcode.ArrayGetS ? GuestHeap.SignExtend(source[(int)index], source.Element.Packed) : source[(int)index]);
                return true;
            case Opcode.ArraySet:
                var value = Pop();
                var at = Pop().U32;
                GuestHeap.Fill(NotNull<ArrayObject>(), at, 1, value);
                return true;
            case Opcode.ArrayLen:
                PushI32(NotNull<ArrayObject>().Length);
                return true;
            case Opcode.ArrayFill:
                var fillCount = Pop().U32;
                var fill = Pop();
                var fillAt = Pop().U32;
                GuestHeap.Fill(NotNull<ArrayObject>(), fillAt, fillCount, fill);
                return true;
            case Opcode.ArrayCopy:
                ArrayCopy();
                return true;
            case Opcode.ArrayInitData:
                var initCount = Pop().U32;
                var initFrom = Pop().U32;
                var initTo = Pop().U32;
                GuestHeap.InitializeFromData(instance, NotNull<ArrayObject>(), initTo, instruction.Index2, initFrom, initCount);
                return true;
            case Opcode.ArrayInitElem:
                var elementCount = Pop().U32;
                var elementFrom = Pop().U32;
                var elementTo = Pop().U32;
                GuestHeap.InitializeFromElements(instance, NotNull<ArrayObject>(), elementTo, instruction.Index2, elementFrom, elementCount);
                return true;
            default:
                return false;
        }
    }

    private System.Collections.Immutable.ImmutableArray<FieldType> StructType(in Instruction instruction) =>
        instance.Module.Definition.Types[instruction.Index].Struct!.Fields;

    private ArrayObject NewFixed(in Instruction instruction)
    {
        var count = instruction.Index2;
        var array = GuestHeap.Array(instance, instruction.Index, (uint)count);
        for (var i = count - 1; i >= 0; i--)
        {
            array[i] = Pop();
        }

        return array;
    }

    private void ArrayCopy()
    {
        var count = Pop().U32;
        var from = Pop().U32;
        var reference = Pop().Reference;
        var to = Pop().U32;
        var target = NotNull<ArrayObject>();
        var source = GuestHeap.Source(reference);
        GuestHeap.Check(source, from, count);
        GuestHeap.Check(target, to, count);
        if (source.Element.Type.IsReference)
        {
            source.References.Slice((int)from, (int)count).CopyTo(target.References[(int)to..]);
        }
        else
        {
            var size = source.Element.Size;
            source.Data.Slice((int)from * size, (int)count * size).CopyTo(target.Data[((int)to * size)..]);
        }
    }
}
