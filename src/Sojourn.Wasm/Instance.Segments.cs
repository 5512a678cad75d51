using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

public sealed unsafe partial class Instance
{
    /// <summary>Copies active segments and runs the start function: the last steps of instantiation.</summary>
    internal void Start()
    {
        var definition = Module.Definition;
        for (var i = 0; i < definition.Elements.Length; i++)
        {
            var segment = definition.Elements[i];
            if (segment.Mode == SegmentMode.Active)
            {
                InitializeTable(i, segment.Table, Address(ConstantEvaluator.Evaluate(this, segment.Offset)), 0, (uint)segment.Count);
            }

            if (segment.Mode != SegmentMode.Passive)
            {
                DropElements(i);
            }
        }

        for (var i = 0; i < definition.Data.Length; i++)
        {
            var segment = definition.Data[i];
            if (segment.Mode == SegmentMode.Active)
            {
                InitializeMemory(i, segment.Memory, Address(ConstantEvaluator.Evaluate(this, segment.Offset)), 0, (uint)segment.Length);
                DroppedData[i] = true;
            }
        }

        if (definition.Start is { } start)
        {
            FunctionAt(start).Invoke([], []);
        }
    }

    internal void InitializeMemory(int segment, int memory, ulong to, ulong from, ulong count)
    {
        var data = Module.Definition.Data[segment];
        var length = DroppedData[segment] ? 0UL : (ulong)data.Length;
        var target = Memories[memory];
        if (from > length || count > length - from || to > target.ByteLength || count > target.ByteLength - to)
        {
            throw new TrapException(TrapKind.MemoryOutOfBounds);
        }

        Module.Bytes.Span.Slice(data.Start + (int)from, (int)count).CopyTo(new(target.Base + to, (int)count));
    }

    internal void InitializeTable(int segment, int table, ulong to, ulong from, ulong count)
    {
        var elements = Module.Definition.Elements[segment];
        var length = DroppedElements[segment] ? 0UL : (ulong)elements.Count;
        var target = Tables[table];
        if (from > length || count > length - from)
        {
            throw new TrapException(TrapKind.TableOutOfBounds);
        }

        target.Check(to, count);
        for (ulong i = 0; i < count; i++)
        {
            if (elements.Functions is { } indices && target.HoldsFunctions)
            {
                ((TableCell*)target.Cell)->Elements[to + i] = RecordOf(indices[(int)(from + i)]);
            }
            else
            {
                target.SetUnchecked(to + i, ElementAt(segment, (int)(from + i)));
            }
        }
    }

    internal void DropElements(int segment)
    {
        DroppedElements[segment] = true;
        ElementValues[segment] = null;
    }

    /// <summary>A reference of an element segment; expressions are evaluated once.</summary>
    internal object? ElementAt(int segment, int index)
    {
        var elements = Module.Definition.Elements[segment];
        if (elements.Functions is { } indices)
        {
            return FunctionAt(indices[index]);
        }

        var values = ElementValues[segment];
        if (values is null)
        {
            values = new object?[elements.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = ConstantEvaluator.Evaluate(this, elements.Expressions![i]).Reference;
            }

            ElementValues[segment] = values;
        }

        return values[index];
    }

    private static ulong Address(Value offset) => offset.Kind == WasmTypeKind.I32 ? (uint)offset.Int32 : (ulong)offset.Int64;
}
