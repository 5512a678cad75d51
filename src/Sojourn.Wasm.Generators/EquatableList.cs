using System.Collections;

namespace Sojourn.Wasm.Generators;

/// <summary>A list that is compared by its elements, so that a step whose output did not change ends there.</summary>
internal sealed class EquatableList<T>(IEnumerable<T> source) : IReadOnlyList<T>, IEquatable<EquatableList<T>>
    where T : IEquatable<T>
{
    private readonly T[] items = [.. source];

    public int Count => items.Length;

    public T this[int index] => items[index];

    public bool Equals(EquatableList<T>? other) => other is not null && items.AsSpan().SequenceEqual(other.items);

    public override bool Equals(object? obj) => Equals(obj as EquatableList<T>);

    public override int GetHashCode()
    {
        var hash = items.Length;
        foreach (var item in items)
        {
            hash = unchecked((hash * 31) + item.GetHashCode());
        }

        return hash;
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();
}
