namespace Sojourn.Wasm.Text.Emit;

/// <summary>The types of a module: those written, and those that uses without a name add at the end.</summary>
internal sealed class TypeSpace
{
    private readonly Dictionary<string, int> firstByShape = new(StringComparer.Ordinal);
    private readonly List<FunctionShape?> shapes = [];
    private readonly List<IndexSpace?> fields = [];

    /// <summary>The entries of the type section (recursion groups).</summary>
    public BinaryBuffer Section { get; } = new();

    /// <summary>The number of entries in <see cref="Section"/>.</summary>
    public int Entries { get; set; }

    public IndexSpace Names { get; } = new("type");

    public int Count => shapes.Count;

    /// <summary>Records a written type.</summary>
    /// <param name="shape">Its parameters and results, where it is a function.</param>
    /// <param name="fieldNames">Its fields' names, where it is a structure.</param>
    /// <param name="alone">Whether it is final, has no supertype and stands in a group of its own, so that unnamed uses may mean it.</param>
    public void Add(FunctionShape? shape, IndexSpace? fieldNames, bool alone)
    {
        if (alone && shape is not null)
        {
            firstByShape.TryAdd(shape.Key, shapes.Count);
        }

        shapes.Add(shape);
        fields.Add(fieldNames);
    }

    public FunctionShape? ShapeOf(int index) => (uint)index < (uint)shapes.Count ? shapes[index] : null;

    public IndexSpace? FieldsOf(int index) => (uint)index < (uint)fields.Count ? fields[index] : null;

    /// <summary>The type of an unnamed use, added where there is none like it.</summary>
    public int Intern(FunctionShape shape)
    {
        if (firstByShape.TryGetValue(shape.Key, out var index))
        {
            return index;
        }

        index = shapes.Count;
        Add(shape, null, alone: true);
        Names.TryAdd(null);
        Section.Byte(0x60);
        Section.Append(shape.Encoded);
        Entries++;
        return index;
    }
}
