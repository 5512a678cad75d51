using System.Runtime.CompilerServices;
using Sojourn.Content.Dag;
using Sojourn.Content.UnixFs;

namespace Sojourn.Content.Export;

/// <summary>Walks a file's tree in order and gives its bytes, fetching ahead, with memory for the nodes from root to leaf.</summary>
internal static class FileReader
{
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(IBlockSource source, FileNode root, ByteRange range, ExportOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(range.Offset);
        var (start, end) = range.Within(root.Size);
        var path = new Stack<Step>();
        path.Push(new Step(root, 0));
        if (Cut(root.Data, 0, start, end) is { Length: > 0 } own)
        {
            yield return own;
        }

        try
        {
            while (path.Count > 0)
            {
                var step = path.Peek();
                var fetched = step.Next(source, start, end, options.ReadAhead, cancellationToken);
                if (fetched is null)
                {
                    path.Pop();
                    continue;
                }

                var (task, offset, size) = fetched.Value;
                var block = await task.ConfigureAwait(false);
                var node = FileNode.Parse(block).RequireSize(size);
                if (Cut(node.Data, offset, start, end) is { Length: > 0 } part)
                {
                    yield return part;
                }

                // A block that was fetched ahead may be the same one.
                if (options is { Recycle: true, ReadAhead: 0 } && node.Links.Count == 0)
                {
                    source.Release(block);
                }

                if (node.Links.Count > 0)
                {
                    if (path.Count >= options.DepthMax)
                    {
                        throw new ContentException(ContentFault.DepthExceeded, $"The tree of the file {root.Cid} is deeper than {options.DepthMax}.", root.Cid);
                    }

                    path.Push(new Step(node, offset));
                }
            }
        }
        finally
        {
            foreach (var step in path)
            {
                step.Abandon();
            }
        }
    }

    private static ReadOnlyMemory<byte> Cut(ReadOnlyMemory<byte> data, long offset, long start, long end)
    {
        var from = Math.Max(start - offset, 0);
        var to = Math.Min(end - offset, data.Length);
        return from < to ? data[(int)from..(int)to] : default;
    }

    /// <summary>A node whose children are being read.</summary>
    private sealed class Step(FileNode node, long offset)
    {
        private readonly Queue<(Task<Block> Task, long Offset, ulong Size)> _ahead = new();
        private int _next;
        private long _offset = offset + node.Data.Length;

        /// <summary>The next child that overlaps the range, being fetched; null after the last.</summary>
        public (Task<Block> Task, long Offset, ulong Size)? Next(IBlockSource source, long start, long end, int readAhead, CancellationToken cancellationToken)
        {
            while (_ahead.Count <= readAhead && _next < node.Links.Count && _offset < end)
            {
                var size = node.Sizes[_next];

                // Children without bytes are not fetched: a DAG could hide endless work in them.
                if (size > 0 && _offset + (long)size > start)
                {
                    _ahead.Enqueue((source.GetRequiredAsync(node.Links[_next].Cid, cancellationToken).AsTask(), _offset, size));
                }

                _offset += (long)size;
                _next++;
            }

            return _ahead.TryDequeue(out var first) ? first : null;
        }

        /// <summary>Looks at fetches that nobody waits for any more, so that their failures are not unobserved.</summary>
        public void Abandon()
        {
            while (_ahead.TryDequeue(out var fetch))
            {
                _ = fetch.Task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }
}
