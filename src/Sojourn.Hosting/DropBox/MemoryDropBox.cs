using System.Collections.Concurrent;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>A drop box in memory, within <see cref="DropBoxLimits"/>; a server's store, and a party's own where all share a process.</summary>
public sealed class MemoryDropBox : IDropBox
{
    private readonly ConcurrentDictionary<Digest, Box> _boxes = new();
    private readonly Queue<Digest> _order = new();
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        DropBoxRules.Check(name, content.Span);
        lock (_lock)
        {
            if (!_boxes.TryGetValue(job, out var box))
            {
                if (_order.Count >= DropBoxLimits.JobsMax)
                {
                    _boxes.TryRemove(_order.Dequeue(), out _);
                }

                box = new Box();
                _boxes[job] = box;
                _order.Enqueue(job);
            }

            if (box.Objects.ContainsKey(name))
            {
                return ValueTask.CompletedTask;
            }

            if (box.Objects.Count >= DropBoxLimits.JobObjectsMax || box.Bytes + content.Length > DropBoxLimits.JobBytesMax)
            {
                throw new DropBoxException(DropBoxFault.Full, $"the job's box is full ({box.Objects.Count} objects, {box.Bytes} bytes)");
            }

            box.Objects[name] = content.ToArray();
            box.Bytes += content.Length;
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

    private sealed class Box
    {
        public Dictionary<string, ReadOnlyMemory<byte>> Objects { get; } = new(StringComparer.Ordinal);

        public long Bytes { get; set; }
    }
}
