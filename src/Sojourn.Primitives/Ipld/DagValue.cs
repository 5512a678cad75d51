using System.Collections.Immutable;
using System.Text;

namespace Sojourn.Primitives.Ipld;

/// <summary>A value of the IPLD data model: what dag-cbor, dag-json and dag-pb blocks say, whatever their bytes.</summary>
/// <remarks>ipld.io, "The IPLD Data Model". A closed set of kinds; compare two values by their dag-cbor encoding.</remarks>
public abstract record DagValue
{
    private protected DagValue()
    {
    }

    /// <summary>A text.</summary>
    /// <param name="value">The text.</param>
    public static implicit operator DagValue(string value) => new DagText(value);

    /// <summary>A boolean.</summary>
    /// <param name="value">The truth.</param>
    public static implicit operator DagValue(bool value) => value ? DagBoolean.True : DagBoolean.False;

    /// <summary>An integer.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator DagValue(long value) => new DagInteger(value);

    /// <summary>A link.</summary>
    /// <param name="value">The target.</param>
    public static implicit operator DagValue(Cid value) => new DagLink(value);

    /// <summary>Bytes.</summary>
    /// <param name="value">The bytes, which are not copied.</param>
    public static implicit operator DagValue(byte[] value) => new DagBytes(value);
}

/// <summary>Null.</summary>
public sealed record DagNull : DagValue
{
    private DagNull()
    {
    }

    /// <summary>The one null.</summary>
    public static DagNull Instance { get; } = new();
}

/// <summary>True or false.</summary>
public sealed record DagBoolean : DagValue
{
    private DagBoolean(bool value) => Value = value;

    /// <summary>The true one.</summary>
    public static DagBoolean True { get; } = new(true);

    /// <summary>The false one.</summary>
    public static DagBoolean False { get; } = new(false);

    /// <summary>The truth.</summary>
    public bool Value { get; }
}

/// <summary>An integer from -2^64 to 2^64 - 1.</summary>
/// <param name="Value">The number.</param>
public sealed record DagInteger(Int128 Value) : DagValue;

/// <summary>A finite 64-bit float.</summary>
/// <param name="Value">The number.</param>
public sealed record DagFloat(double Value) : DagValue;

/// <summary>A text.</summary>
/// <param name="Value">The text.</param>
public sealed record DagText(string Value) : DagValue
{
    /// <summary>The empty text.</summary>
    public static DagText Empty { get; } = new("");
}

/// <summary>Bytes.</summary>
/// <param name="Value">The bytes.</param>
public sealed record DagBytes(ReadOnlyMemory<byte> Value) : DagValue;

/// <summary>A link to another block.</summary>
/// <param name="Target">Its identifier.</param>
public sealed record DagLink(Cid Target) : DagValue;

/// <summary>A list.</summary>
/// <param name="Items">Its elements.</param>
public sealed record DagList(ImmutableArray<DagValue> Items) : DagValue
{
    /// <summary>The empty list.</summary>
    public static DagList Empty { get; } = new(ImmutableArray<DagValue>.Empty);
}

/// <summary>A map with text keys, held in DAG-CBOR's order (shorter keys first, then bytewise).</summary>
public sealed record DagMap : DagValue
{
    private DagMap(ImmutableArray<KeyValuePair<string, DagValue>> entries) => Entries = entries;

    /// <summary>The empty map.</summary>
    public static DagMap Empty { get; } = new(ImmutableArray<KeyValuePair<string, DagValue>>.Empty);

    /// <summary>The entries in DAG-CBOR's order.</summary>
    public ImmutableArray<KeyValuePair<string, DagValue>> Entries { get; }

    /// <summary>The value under a key, or null.</summary>
    /// <param name="key">The key.</param>
    public DagValue? this[string key]
    {
        get
        {
            int low = 0, high = Entries.Length - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = CompareKeys(Entries[middle].Key, key);
                if (order == 0)
                {
                    return Entries[middle].Value;
                }

                if (order < 0)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle - 1;
                }
            }

            return null;
        }
    }

    /// <summary>Takes entries in any order.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="map">The map, or null where a key occurs twice.</param>
    public static bool TryCreate(IEnumerable<KeyValuePair<string, DagValue>> entries, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DagMap? map)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (x, y) => CompareKeys(x.Key, y.Key));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (string.Equals(sorted[i - 1].Key, sorted[i].Key, StringComparison.Ordinal))
            {
                map = null;
                return false;
            }
        }

        map = new DagMap(System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(sorted));
        return true;
    }

    /// <summary>Takes entries in any order.</summary>
    /// <param name="entries">Entries with distinct keys.</param>
    public static DagMap Create(params ReadOnlySpan<(string Key, DagValue Value)> entries)
    {
        var pairs = new KeyValuePair<string, DagValue>[entries.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(entries[i].Key, entries[i].Value);
        }

        return TryCreate(pairs, out var map) ? map : throw new ArgumentException("A key occurs twice.", nameof(entries));
    }

    internal static DagMap FromSorted(KeyValuePair<string, DagValue>[] sorted) =>
        sorted.Length == 0 ? Empty : new(System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(sorted));

    /// <summary>Shorter UTF-8 first, then bytewise. UTF-16 order differs from UTF-8's where surrogates meet the last BMP characters, hence the runes.</summary>
    internal static int CompareKeys(string left, string right)
    {
        var byLength = Encoding.UTF8.GetByteCount(left).CompareTo(Encoding.UTF8.GetByteCount(right));
        if (byLength != 0)
        {
            return byLength;
        }

        var x = left.EnumerateRunes();
        var y = right.EnumerateRunes();
        while (x.MoveNext())
        {
            if (!y.MoveNext())
            {
                return 1;
            }

            var order = x.Current.CompareTo(y.Current);
            if (order != 0)
            {
                return order;
            }
        }

        return y.MoveNext() ? -1 : 0;
    }
}
