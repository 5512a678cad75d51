using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>Makes and fills values of the guest's heap; constant expressions use it too.</summary>
internal static class GuestHeap
{
    // What the platform's objects take, roughly: headers of the object and of the array within it.
    private const int ObjectBytes = 72;
    private const int SlotBytes = 24;
    private const int BoxBytes = 24;

    /// <summary>A structure with these fields.</summary>
    public static StructObject Struct(Instance instance, int type, Slot[] fields)
    {
        var types = instance.Module.Definition.Types[type].Struct!.Fields;
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = Pack(fields[i], types[i].Packed);
        }

        var heap = instance.Store.Heap;
        heap.Take(ObjectBytes + (SlotBytes * fields.Length));
        return heap.Made(new StructObject(instance.TypeIdentities[type], fields));
    }

    /// <summary>An array of zeros or nulls.</summary>
    public static ArrayObject Array(Instance instance, int type, uint length)
    {
        var element = instance.Module.Definition.Types[type].Array!.Element;
        var heap = instance.Store.Heap;
        heap.Take(ObjectBytes + (length * (long)element.Size));
        return heap.Made(new ArrayObject(instance.TypeIdentities[type], element, length));
    }

    /// <summary>A number as a reference.</summary>
    public static I31Object I31(Instance instance, uint value)
    {
        instance.Store.Heap.Take(BoxBytes);
        return instance.Store.Heap.Made(new I31Object(value & int.MaxValue));
    }

    /// <summary>An exception that carries these values.</summary>
    public static ExceptionObject Exception(Instance instance, int tag, Slot[] payload)
    {
        instance.Store.Heap.Take(ObjectBytes + (SlotBytes * payload.Length));
        return instance.Store.Heap.Made(new ExceptionObject(instance.Tags[tag], payload));
    }

    public static Slot Pack(Slot value, PackedType packed) => packed switch
    {
        PackedType.I8 => new Slot { Low = (byte)value.Low },
        PackedType.I16 => new Slot { Low = (ushort)value.Low },
        _ => value,
    };

    public static Slot SignExtend(Slot value, PackedType packed) => packed switch
    {
        PackedType.I8 => new Slot { I32 = (sbyte)value.Low },
        PackedType.I16 => new Slot { I32 = (short)value.Low },
        _ => value,
    };

    /// <summary>The array that is copied from, which may not be null.</summary>
    public static ArrayObject Source(object? reference) => reference as ArrayObject ?? throw new TrapException(TrapKind.NullReference, "null reference as the source of array.copy");

    public static void Check(ArrayObject array, uint index, uint count)
    {
        if ((ulong)index + count > (ulong)array.Length)
        {
            throw new TrapException(TrapKind.ArrayOutOfBounds);
        }
    }

    public static ArrayObject Fill(ArrayObject array, uint at, uint count, Slot value)
    {
        Check(array, at, count);
        for (var i = 0u; i < count; i++)
        {
            array[(int)(at + i)] = value;
        }

        return array;
    }

    public static ArrayObject FromData(Instance instance, int type, int segment, uint from, uint length)
    {
        var size = instance.Module.Definition.Types[type].Array!.Element.Size;
        Segment(instance, segment, from, (ulong)length * (uint)size);
        var array = Array(instance, type, length);
        InitializeFromData(instance, array, 0, segment, from, length);
        return array;
    }

    public static void InitializeFromData(Instance instance, ArrayObject array, uint to, int segment, uint from, uint count)
    {
        Check(array, to, count);
        var size = (uint)array.Element.Size;
        Segment(instance, segment, from, (ulong)count * size).CopyTo(array.Data[(int)(to * size)..]);
    }

    public static ArrayObject FromElements(Instance instance, int type, int segment, uint from, uint length)
    {
        CheckElements(instance, segment, from, length);
        var array = Array(instance, type, length);
        InitializeFromElements(instance, array, 0, segment, from, length);
        return array;
    }

    public static void InitializeFromElements(Instance instance, ArrayObject array, uint to, int segment, uint from, uint count)
    {
        if ((ulong)to + count > (ulong)array.Length)
        {
            throw new TrapException(TrapKind.ArrayOutOfBounds, "out of bounds array access by array.init_elem");
        }

        CheckElements(instance, segment, from, count);
        for (var i = 0; i < count; i++)
        {
            array.References[(int)to + i] = instance.ElementAt(segment, (int)from + i);
        }
    }

    private static void CheckElements(Instance instance, int segment, uint from, uint count)
    {
        var length = instance.DroppedElements[segment] ? 0 : instance.Module.Definition.Elements[segment].Count;
        if ((ulong)from + count > (ulong)length)
        {
            throw new TrapException(TrapKind.TableOutOfBounds);
        }
    }

    private static ReadOnlySpan<byte> Segment(Instance instance, int segment, uint from, ulong count)
    {
        var data = instance.Module.Definition.Data[segment];
        var length = instance.DroppedData[segment] ? 0 : data.Length;
        if (from + count > (ulong)length)
        {
            throw new TrapException(TrapKind.MemoryOutOfBounds);
        }

        return instance.Module.Bytes.Span.Slice(data.Start + (int)from, (int)count);
    }
}
