using System.Collections.Concurrent;
using Sojourn.Content;
using Sojourn.Primitives;

namespace Sojourn.Benchmarks.Content;

/// <summary>Blocks one after another in a file, with offsets in memory: a store whose own cost is small.</summary>
internal sealed class PackFile(string path) : IBlockSource, IBlockSink, IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
    private readonly ConcurrentDictionary<Cid, (long Offset, int Length)> _index = new();
    private long _end;

    public bool IsSequential => true;

    public int Count => _index.Count;

    public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        if (_index.TryAdd(block.Cid, (_end, block.Data.Length)))
        {
            _file.Write(block.Data.Span);
            _end += block.Data.Length;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (!_index.TryGetValue(cid, out var place))
        {
            return ValueTask.FromResult<Block?>(null);
        }

        _file.Flush();
        var bytes = GC.AllocateUninitializedArray<byte>(place.Length);
        RandomAccess.Read(_file.SafeFileHandle, bytes, place.Offset);
        return ValueTask.FromResult<Block?>(new Block(cid, bytes));
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>How far the process's resident memory rises above where it stood, sampled every few milliseconds.</summary>
internal sealed class PeakMemory : IDisposable
{
    private readonly long _before;
    private readonly Timer _timer;
    private long _peak;

    public PeakMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _before = Environment.WorkingSet;
        _timer = new Timer(_ => Sample(), null, 0, 5);
    }

    public long Stop()
    {
        Sample();
        return Math.Max(0, Interlocked.Read(ref _peak) - _before);
    }

    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        var now = Environment.WorkingSet;
        for (var seen = Interlocked.Read(ref _peak); now > seen; seen = Interlocked.Read(ref _peak))
        {
            if (Interlocked.CompareExchange(ref _peak, now, seen) == seen)
            {
                break;
            }
        }
    }
}
