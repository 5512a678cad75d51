using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sojourn.Primitives;

namespace Sojourn.Protocol.State;

/// <summary>Closed jobs by id: records in chunks that never move, found by an open-addressed index of 32-bit positions.</summary>
/// <remarks>About 170 bytes a job, and no object for the collector to visit. Only additions: a closed job stays closed.</remarks>
public sealed class ClosedJobTable
{
    private const int ChunkRecords = 1 << 14;
    private readonly List<ClosedJob[]> _chunks = [];
    private int[] _index = new int[1024];
    private int _count;

    /// <summary>How many.</summary>
    public int Count => _count;

    /// <summary>The record at a position, in the order of closing.</summary>
    /// <param name="position">From 0.</param>
    public ref readonly ClosedJob this[int position] => ref _chunks[position / ChunkRecords][position % ChunkRecords];

    /// <summary>Whether a job is closed.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="job">Its record.</param>
    public bool TryGet(in Digest id, out ClosedJob job)
    {
        var position = PositionOf(id);
        job = position < 0 ? default : this[position];
        return position >= 0;
    }

    /// <summary>Where a job stands in the order of closing.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>From 0; -1 where it is not closed.</returns>
    public int PositionOf(in Digest id)
    {
        var mask = _index.Length - 1;
        for (var at = Slot(id) & mask; _index[at] != 0; at = (at + 1) & mask)
        {
            if (this[_index[at] - 1].Id == id)
            {
                return _index[at] - 1;
            }
        }

        return -1;
    }

    internal void Add(in ClosedJob job)
    {
        if (_count % ChunkRecords == 0)
        {
            _chunks.Add(new ClosedJob[ChunkRecords]);
        }

        _chunks[^1][_count % ChunkRecords] = job;
        _count++;
        if (_count * 10L > _index.Length * 7L)
        {
            Grow();
        }
        else
        {
            Insert(job.Id, _count);
        }
    }

    /// <summary>All records as raw memory, chunk by chunk, for snapshots.</summary>
    internal IEnumerable<ReadOnlyMemory<ClosedJob>> Chunks()
    {
        for (var i = 0; i < _chunks.Count; i++)
        {
            yield return _chunks[i].AsMemory(0, Math.Min(ChunkRecords, _count - (i * ChunkRecords)));
        }
    }

    /// <summary>Fills an empty table from raw records.</summary>
    /// <param name="count">How many.</param>
    /// <param name="read">Fills one chunk.</param>
    internal void Load(int count, Action<Memory<ClosedJob>> read)
    {
        _count = count;
        for (var done = 0; done < count; done += ChunkRecords)
        {
            var chunk = new ClosedJob[ChunkRecords];
            _chunks.Add(chunk);
            read(chunk.AsMemory(0, Math.Min(ChunkRecords, count - done)));
        }

        var size = 1024;
        while (count * 10L > size * 7L)
        {
            size *= 2;
        }

        Rebuild(size);
    }

    internal ClosedJobTable Copy()
    {
        var copy = new ClosedJobTable { _index = [.. _index], _count = _count };
        foreach (var chunk in _chunks)
        {
            copy._chunks.Add([.. chunk]);
        }

        return copy;
    }

    private void Grow() => Rebuild(_index.Length * 2);

    private void Rebuild(int size)
    {
        _index = new int[size];
        for (var i = 0; i < _count; i++)
        {
            Insert(this[i].Id, i + 1);
        }
    }

    private void Insert(in Digest id, int value)
    {
        var mask = _index.Length - 1;
        var at = Slot(id) & mask;
        while (_index[at] != 0)
        {
            at = (at + 1) & mask;
        }

        _index[at] = value;
    }

    // An id is a digest of data its poster can vary, so a poster could aim at one slot; folding all four words makes that cost a search for each collision, and probing stays linear.
    private static int Slot(in Digest id)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(id.AsSpan());
        var mixed = (words[0] ^ words[2]) * 0x9E3779B97F4A7C15 ^ words[1] + words[3];
        return (int)(mixed >> 20);
    }
}
