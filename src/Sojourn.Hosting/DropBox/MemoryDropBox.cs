using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>A drop box in memory, within <see cref="DropBoxLimits"/>; a server's store, and a party's own where all share a process.</summary>
public sealed class MemoryDropBox : IDropBoxStore
{
    private const long BytesMax = 1L << 30;

    private readonly Dictionary<Digest, Box> _boxes = [];
    private readonly List<Digest> _order = [];
    private readonly Lock _lock = new();
    private long _bytes;

    /// <inheritdoc/>
    public ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        DropBoxRules.Check(name, content.Span);
        lock (_lock)
        {
            var known = _boxes.TryGetValue(job, out var box);
            if (box?.Objects.ContainsKey(name) == true)
            {
                return ValueTask.CompletedTask;
            }

            DropBoxRules.CheckRoom(_boxes.Count, known, box?.Objects.Count ?? 0, box?.Bytes ?? 0, _bytes, content.Length, BytesMax);
            if (box is null)
            {
                _boxes[job] = box = new Box();
                _order.Add(job);
            }

            box.Objects[name] = content.ToArray();
            box.Bytes += content.Length;
            _bytes += content.Length;
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel)
    {
        lock (_lock)
        {
            // Without the cast, null becomes an empty object.
            return new(_boxes.TryGetValue(job, out var box) && box.Objects.TryGetValue(name, out var content) ? (ReadOnlyMemory<byte>?)content : null);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Digest> Jobs()
    {
        lock (_lock)
        {
            return [.. _order];
        }
    }

    /// <inheritdoc/>
    public void Remove(Digest job)
    {
        lock (_lock)
        {
            if (_boxes.Remove(job, out var box))
            {
                _order.Remove(job);
                _bytes -= box.Bytes;
            }
        }
    }

    private sealed class Box
    {
        public Dictionary<string, ReadOnlyMemory<byte>> Objects { get; } = new(StringComparer.Ordinal);

        public long Bytes { get; set; }
    }
}
