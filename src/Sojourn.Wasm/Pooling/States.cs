namespace Sojourn.Wasm.Pooling;

/// <summary>A global as it was.</summary>
internal sealed class GlobalState(Global global)
{
    private readonly UInt128 cell = global.Raw;
    private readonly object? reference = global.Reference;

    public bool CanRestore => PooledStore.CanRemember(reference);

    public void Restore()
    {
        global.Raw = cell;
        global.Reference = reference;
    }
}

/// <summary>A table as it was.</summary>
internal sealed class TableState(Table table)
{
    private readonly nint[] functions = table.HoldsFunctions ? table.Elements.ToArray() : [];
    private readonly object?[] references = table.HoldsFunctions ? [] : [.. table.References];

    public bool CanRestore => Array.TrueForAll(references, PooledStore.CanRemember);

    public void Restore() => table.Restore(functions, references);
}

/// <summary>Which segments of an instance were dropped, and what element segments hold.</summary>
internal sealed class SegmentState(Instance instance)
{
    private readonly bool[] data = [.. instance.DroppedData];
    private readonly bool[] elements = [.. instance.DroppedElements];
    private readonly object?[]?[] values = [.. instance.ElementValues];

    public bool CanRestore => Array.TrueForAll(values, held => held is null || Array.TrueForAll(held, PooledStore.CanRemember));

    public void Restore()
    {
        data.CopyTo(instance.DroppedData, 0);
        elements.CopyTo(instance.DroppedElements, 0);
        values.CopyTo(instance.ElementValues, 0);
    }
}

/// <summary>A memory as it was: its length, and an image that its pages are mapped from.</summary>
internal sealed class MemoryState
{
    private readonly Memory memory;
    private readonly MemoryImage image;

    public MemoryState(Memory memory, List<MemoryImage> images)
    {
        this.memory = memory;
        image = images.Find(known => known.Holds(memory)) ?? MemoryImage.Of(memory);
        if (!images.Contains(image))
        {
            images.Add(image);
        }

        image.MapInto(memory);
    }

    public bool TryRestore() => image.TryRestore(memory);
}
