namespace Sojourn.Wasm.Wasi;

/// <summary>The guest's descriptors: the lowest free number is given out first, as POSIX demands.</summary>
internal sealed class DescriptorTable(int descriptorsMax) : IDisposable
{
    private readonly List<Descriptor?> _entries = [];

    public Descriptor? this[uint fd] => fd < (uint)_entries.Count ? _entries[(int)fd] : null;

    /// <summary>Puts a descriptor at the lowest free number, or refuses when the table is full.</summary>
    public bool TryAdd(Descriptor descriptor, out uint fd)
    {
        var index = _entries.IndexOf(null);
        if (index < 0)
        {
            if (_entries.Count >= descriptorsMax)
            {
                fd = 0;
                return false;
            }

            index = _entries.Count;
            _entries.Add(null);
        }

        _entries[index] = descriptor;
        fd = (uint)index;
        return true;
    }

    /// <summary>Whether another descriptor fits.</summary>
    public bool HasRoom => _entries.Count < descriptorsMax || _entries.Contains(null);

    public Descriptor? Remove(uint fd)
    {
        var descriptor = this[fd];
        if (descriptor is not null)
        {
            _entries[(int)fd] = null;
        }

        return descriptor;
    }

    /// <summary>Moves <paramref name="from"/> over <paramref name="to"/>; both are open.</summary>
    public void Renumber(uint from, uint to)
    {
        var replaced = _entries[(int)to];
        _entries[(int)to] = _entries[(int)from];
        _entries[(int)from] = null;
        replaced?.Dispose();
    }

    public void Dispose()
    {
        foreach (var descriptor in _entries)
        {
            descriptor?.Dispose();
        }

        _entries.Clear();
    }
}
