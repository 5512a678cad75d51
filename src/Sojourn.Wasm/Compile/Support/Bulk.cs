using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Instructions on whole memories and tables. Addresses come zero-extended.</summary>
internal static unsafe class Bulk
{
    public static long MemoryGrow(long delta, nint context, int memory) => Instance.FromContext(context).Memories[memory].Grow((ulong)delta);

    public static void MemoryInit(long to, int from, int count, nint context, int segment, int memory) =>
        Instance.FromContext(context).InitializeMemory(segment, memory, (ulong)to, (uint)from, (uint)count);

    public static void DataDrop(nint context, int segment) => Instance.FromContext(context).DroppedData[segment] = true;

    public static void MemoryCopy(long to, long from, long count, nint target, nint source)
    {
        var toCell = (MemoryCell*)target;
        var fromCell = (MemoryCell*)source;
        if ((ulong)to > toCell->Length || (ulong)count > toCell->Length - (ulong)to || (ulong)from > fromCell->Length || (ulong)count > fromCell->Length - (ulong)from)
        {
            Throw.MemoryOutOfBounds();
        }

        Buffer.MemoryCopy((byte*)fromCell->Base + from, (byte*)toCell->Base + to, (ulong)count, (ulong)count);
    }

    public static void MemoryFill(long at, int value, long count, nint memory)
    {
        var cell = (MemoryCell*)memory;
        if ((ulong)at > cell->Length || (ulong)count > cell->Length - (ulong)at)
        {
            Throw.MemoryOutOfBounds();
        }

        System.Runtime.InteropServices.NativeMemory.Fill((byte*)cell->Base + at, (nuint)count, (byte)value);
    }

    public static void TableInit(long to, int from, int count, nint context, int segment, int table) =>
        Instance.FromContext(context).InitializeTable(segment, table, (ulong)to, (uint)from, (uint)count);

    public static void ElemDrop(nint context, int segment) => Instance.FromContext(context).DropElements(segment);

    public static void TableCopy(long to, long from, long count, nint context, int target, int source)
    {
        var tables = Instance.FromContext(context).Tables;
        tables[target].CopyFrom(tables[source], (ulong)to, (ulong)from, (ulong)count);
    }

    public static long TableGrowFunction(nint initial, long delta, nint context, int table)
    {
        var instance = Instance.FromContext(context);
        return instance.Tables[table].Grow((ulong)delta, Value.FromReference(instance.Store.FunctionOf(initial)));
    }

    public static long TableGrowObject(object? initial, long delta, nint context, int table) =>
        Instance.FromContext(context).Tables[table].Grow((ulong)delta, Value.FromReference(initial));

    public static void TableFillFunction(long at, nint value, long count, nint context, int table)
    {
        var instance = Instance.FromContext(context);
        instance.Tables[table].Fill((ulong)at, (ulong)count, instance.Store.FunctionOf(value));
    }

    public static void TableFillObject(long at, object? value, long count, nint context, int table) =>
        Instance.FromContext(context).Tables[table].Fill((ulong)at, (ulong)count, value);

    public static nint TableGetFunction(long index, nint cell)
    {
        if ((ulong)index >= ((TableCell*)cell)->Length)
        {
            Throw.TableOutOfBounds();
        }

        return ((TableCell*)cell)->Elements[index];
    }

    public static void TableSetFunction(long index, nint value, nint cell)
    {
        if ((ulong)index >= ((TableCell*)cell)->Length)
        {
            Throw.TableOutOfBounds();
        }

        ((TableCell*)cell)->Elements[index] = value;
    }

    public static object? TableGetObject(long index, nint context, int table)
    {
        var target = Instance.FromContext(context).Tables[table];
        target.Check((ulong)index, 1);
        return target.References[index];
    }

    public static void TableSetObject(long index, object? value, nint context, int table)
    {
        var target = Instance.FromContext(context).Tables[table];
        target.Check((ulong)index, 1);
        target.References[index] = value;
    }

    public static object? GlobalGetObject(nint context, int index) => Instance.FromContext(context).Globals[index].Reference;

    public static void GlobalSetObject(object? value, nint context, int index) => Instance.FromContext(context).Globals[index].Reference = value;

    public static nint RefFunc(nint context, int index) => Instance.FromContext(context).RecordOf(index);

    public static object? ResultObject(nint context, int index)
    {
        var results = Instance.FromContext(context).Store.ResultReferences;
        var value = results[index];
        results[index] = null;
        return value;
    }

    public static void SetResultObject(object? value, nint context, int index) => Instance.FromContext(context).Store.ResultReferences[index] = value;
}
