using System.Buffers.Binary;
using Sojourn.Content.Codecs;
using Sojourn.Primitives;

namespace Sojourn.Content.Directories;

/// <summary>Sorts directory entries by the hash of their names in bounded memory: compact runs, spilled to scratch streams, merged at the end.</summary>
internal sealed class EntrySorter(Func<Stream>? scratch) : IDisposable
{
    private const int RunBytes = 16 << 20;
    private const int HeadBytes = 8 + 8 + 2 + 2;

    private readonly List<IRun> _runs = [];
    private byte[] _arena = new byte[1024];
    private int _used;
    private List<(ulong Hash, int At)> _keys = [];

    public long Count { get; private set; }

    public void Add(ulong hash, in PbLink link)
    {
        var cid = link.Cid.Bytes;
        var name = link.NameUtf8.Span;
        var length = HeadBytes + cid.Length + name.Length;
        if (_used + length > RunBytes)
        {
            CloseRun();
        }

        if (_used + length > _arena.Length)
        {
            Array.Resize(ref _arena, Math.Min(RunBytes, Math.Max(_arena.Length * 2, _used + length)));
        }

        var record = _arena.AsSpan(_used, length);
        BinaryPrimitives.WriteUInt64LittleEndian(record, hash);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], link.TotalSize.GetValueOrDefault());
        BinaryPrimitives.WriteUInt16LittleEndian(record[16..], (ushort)cid.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[18..], (ushort)name.Length);
        cid.CopyTo(record[HeadBytes..]);
        name.CopyTo(record[(HeadBytes + cid.Length)..]);
        _keys.Add((hash, _used));
        _used += length;
        Count++;
    }

    /// <summary>All entries in order of hash, then name. May be read once.</summary>
    public IEnumerable<(ulong Hash, PbLink Link)> Sorted()
    {
        var last = SortRun();
        if (_runs.Count == 0)
        {
            foreach (var at in last)
            {
                yield return Decode(_arena, at);
            }

            yield break;
        }

        _runs.Add(new MemoryRun(_arena, last));
        var heads = new PriorityQueue<IRun, (ulong Hash, byte[] Name)>(Comparer<(ulong Hash, byte[] Name)>.Create(static (x, y) =>
            x.Hash != y.Hash ? x.Hash.CompareTo(y.Hash) : x.Name.AsSpan().SequenceCompareTo(y.Name)));
        foreach (var run in _runs)
        {
            Advance(run, heads);
        }

        while (heads.TryDequeue(out var run, out _))
        {
            yield return run.Current;
            Advance(run, heads);
        }
    }

    public void Dispose()
    {
        foreach (var run in _runs)
        {
            run.Dispose();
        }
    }

    private static void Advance(IRun run, PriorityQueue<IRun, (ulong Hash, byte[] Name)> heads)
    {
        if (run.MoveNext())
        {
            heads.Enqueue(run, (run.Current.Hash, run.Current.Link.NameUtf8.ToArray()));
        }
    }

    private void CloseRun()
    {
        var order = SortRun();
        if (scratch is null)
        {
            _runs.Add(new MemoryRun(_arena, order));
            _arena = new byte[RunBytes];
        }
        else
        {
            _runs.Add(StreamRun.Write(scratch(), _arena, order));
        }

        _used = 0;
        _keys = [];
    }

    private int[] SortRun()
    {
        var arena = _arena;
        _keys.Sort((x, y) => x.Hash != y.Hash
            ? x.Hash.CompareTo(y.Hash)
            : Decode(arena, x.At).Link.NameUtf8.Span.SequenceCompareTo(Decode(arena, y.At).Link.NameUtf8.Span));
        return _keys.Select(key => key.At).ToArray();
    }

    private static int LengthAt(ReadOnlySpan<byte> head) =>
        HeadBytes + BinaryPrimitives.ReadUInt16LittleEndian(head[16..]) + BinaryPrimitives.ReadUInt16LittleEndian(head[18..]);

    private static (ulong Hash, PbLink Link) Decode(byte[] bytes, int at)
    {
        var record = bytes.AsSpan(at);
        var cidLength = BinaryPrimitives.ReadUInt16LittleEndian(record[16..]);
        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(record[18..]);
        var cid = Cid.Decode(record.Slice(HeadBytes, cidLength));
        return (BinaryPrimitives.ReadUInt64LittleEndian(record), new PbLink(cid, bytes.AsMemory(at + HeadBytes + cidLength, nameLength), BinaryPrimitives.ReadUInt64LittleEndian(record[8..])));
    }

    private interface IRun : IDisposable
    {
        (ulong Hash, PbLink Link) Current { get; }

        bool MoveNext();
    }

    private sealed class MemoryRun(byte[] arena, int[] order) : IRun
    {
        private int _next;

        public (ulong Hash, PbLink Link) Current { get; private set; }

        public bool MoveNext()
        {
            if (_next == order.Length)
            {
                return false;
            }

            Current = Decode(arena, order[_next++]);
            return true;
        }

        public void Dispose()
        {
        }
    }

    private sealed class StreamRun : IRun
    {
        private readonly Stream _owned;
        private readonly BufferedStream _reader;
        private readonly byte[] _head = new byte[HeadBytes];
        private int _left;

        private StreamRun(Stream owned, int count)
        {
            _owned = owned;
            _left = count;
            owned.Position = 0;
            _reader = new BufferedStream(owned, 64 << 10);
        }

        public (ulong Hash, PbLink Link) Current { get; private set; }

        public static StreamRun Write(Stream stream, byte[] arena, int[] order)
        {
            using (var writer = new BufferedStream(new KeepOpen(stream), 256 << 10))
            {
                foreach (var at in order)
                {
                    writer.Write(arena, at, LengthAt(arena.AsSpan(at)));
                }
            }

            return new StreamRun(stream, order.Length);
        }

        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            _reader.ReadExactly(_head);
            var record = new byte[LengthAt(_head)];
            _head.CopyTo(record, 0);
            _reader.ReadExactly(record.AsSpan(HeadBytes));
            Current = Decode(record, 0);
            return true;
        }

        public void Dispose()
        {
            _reader.Dispose();
            _owned.Dispose();
        }
    }

    /// <summary>Lets a buffer be flushed and dropped without closing what lies below.</summary>
    private sealed class KeepOpen(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);
    }
}
