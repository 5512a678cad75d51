namespace Sojourn.Wasm.Text.Emit;

/// <summary>The definitions of one kind, in order, and the names some of them have.</summary>
internal sealed class IndexSpace(string kind)
{
    private readonly Dictionary<string, int> byName = new(StringComparer.Ordinal);

    public string Kind { get; } = kind;

    public int Count { get; private set; }

    /// <summary>The number of imports at the head of the space.</summary>
    public int Imported { get; set; }

    public IReadOnlyDictionary<string, int> Names => byName;

    /// <summary>Adds a definition; false where its name is taken.</summary>
    public bool TryAdd(string? name)
    {
        var free = name is null || byName.TryAdd(name, Count);
        Count++;
        return free;
    }

    public bool TryFind(string name, out int index) => byName.TryGetValue(name, out index);

    public void Clear()
    {
        byName.Clear();
        Count = 0;
    }
}
