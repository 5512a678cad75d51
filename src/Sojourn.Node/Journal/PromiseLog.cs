using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Node.Journal;

/// <summary>
/// What a node must remember across a crash, in one file that only grows: a promise is on the disk when <see cref="KeepAsync"/> returns, and several that are made at once share one flush. A file each
/// would cost two flushes each, the file's and its folder's, and flushes are what a short job spends most of its time on.
/// </summary>
/// <remarks>A record: its length (4 bytes, little-endian), the first 8 bytes of its SHA-256, and the record itself: a CBOR array of kind, job, round and value; an empty job's record forgets.</remarks>
internal sealed class PromiseLog : IDisposable
{
    private const int HeadLength = 12;
    private const int RecordMax = 8 << 20;
    private const long RewriteAbove = 4 << 20;

    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly Dictionary<(PromiseKind Kind, Digest Job, byte Round), byte[]> _kept = [];
    private List<Waiting> _waiting = [];
    private FileStream _file;
    private long _length;
    private bool _flushing;
    private bool _closed;

    // What is forgotten has nobody who waits for it.
    private sealed record Waiting(PromiseKind Kind, Digest Job, byte Round, byte[] Value, byte[] Record, TaskCompletionSource? Kept);

    private PromiseLog(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Opens or begins a log.</summary>
    /// <param name="stateFolder">The node's state.</param>
    /// <exception cref="InvalidDataException">A record in its middle is damaged: what it promised is not known.</exception>
    public static PromiseLog Open(string stateFolder)
    {
        var path = Path.Combine(stateFolder, "promises", "log");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var log = new PromiseLog(path, OpenFile(path));
        try
        {
            log.Load();
            DurableFile.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            log._file.Dispose();
            throw;
        }

        return log;
    }

    /// <summary>What was promised; null where nothing was.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    public ReadOnlyMemory<byte>? Find(PromiseKind kind, in Digest job, byte round)
    {
        lock (_gate)
        {
            // Not a conditional: there "null" would become an empty memory.
            if (_kept.TryGetValue((kind, job, round), out var value))
            {
                return value;
            }

            return null;
        }
    }

    /// <summary>Keeps a promise, in place of an earlier one of the same kind, job and round.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="value">What must be known again after a crash.</param>
    /// <returns>Done when it survives a power cut.</returns>
    /// <exception cref="IOException">The disk is full or broken: nothing may be said that rests on it. It may be tried again.</exception>
    public async Task KeepAsync(PromiseKind kind, Digest job, byte round, ReadOnlyMemory<byte> value)
    {
        var kept = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(new Waiting(kind, job, round, value.ToArray(), Encode(kind, job, round, value.Span), kept));
        await kept.Task.ConfigureAwait(false);
    }

    /// <summary>Forgets a job: its ledger is the record now. Nothing waits for the disk; what comes back after a power cut is forgotten again.</summary>
    /// <param name="job">The job.</param>
    public void Forget(in Digest job)
    {
        var id = job;
        lock (_gate)
        {
            if (_kept.Keys.Where(key => key.Job == id).ToList() is not { Count: > 0 } keys)
            {
                return;
            }

            keys.ForEach(key => _kept.Remove(key));
        }

        Enqueue(new Waiting(PromiseKind.None, id, 0, [], Encode(PromiseKind.None, id, 0, []), null));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (true)
        {
            lock (_gate)
            {
                _closed = true;
                if (!_flushing)
                {
                    _file.Dispose();
                    return;
                }
            }

            Thread.Sleep(1);
        }
    }

    private static FileStream OpenFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private void Enqueue(Waiting waiting)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed && waiting.Kept is not null, this);
            _waiting.Add(waiting);
            if (_flushing || waiting.Kept is null || _closed)
            {
                return; // Taken along by who flushes, or by the next one.
            }

            _flushing = true;
        }

        _ = Task.Run(Flush);
    }

    // Writes all that waits, again and again, until nothing that somebody waits for does.
    private void Flush()
    {
        while (true)
        {
            List<Waiting> group;
            lock (_gate)
            {
                if (!_waiting.Exists(waiting => waiting.Kept is not null))
                {
                    _flushing = false;
                    return;
                }

                group = _waiting;
                _waiting = [];
            }

            try
            {
                Append(group);
            }
#pragma warning disable CA1031 // Whoever waits gets it, whatever it is; the log goes on behind the last whole group.
            catch (Exception e)
#pragma warning restore CA1031
            {
                group.ForEach(waiting => waiting.Kept?.SetException(e));
                continue;
            }

            group.ForEach(waiting => waiting.Kept?.SetResult());
        }
    }

    private void Append(List<Waiting> group)
    {
        if (_length > RewriteAbove)
        {
            Rewrite();
        }

        var bytes = new byte[group.Sum(waiting => waiting.Record.Length)];
        var at = 0;
        foreach (var waiting in group)
        {
            waiting.Record.CopyTo(bytes, at);
            at += waiting.Record.Length;
        }

        // What a failed write left behind is written over: the length is that of the last group which is whole.
        RandomAccess.Write(_file.SafeFileHandle, bytes, _length);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        _length += bytes.Length;
        lock (_gate)
        {
            foreach (var waiting in group.Where(waiting => waiting.Kept is not null))
            {
                _kept[(waiting.Kind, waiting.Job, waiting.Round)] = waiting.Value;
            }
        }
    }

    // What is forgotten takes no room: the rest is written anew beside the old file, and takes its place.
    private void Rewrite()
    {
        using var rest = new MemoryStream();
        lock (_gate)
        {
            foreach (var ((kind, job, round), value) in _kept)
            {
                rest.Write(Encode(kind, job, round, value));
            }
        }

        if (rest.Length > RewriteAbove / 2)
        {
            return;
        }

        DurableFile.Write(_path, rest.GetBuffer().AsSpan(0, (int)rest.Length));
        _file.Dispose();
        _file = OpenFile(_path);
        _length = rest.Length;
    }

    private static byte[] Encode(PromiseKind kind, in Digest job, byte round, ReadOnlySpan<byte> value)
    {
        var body = new CborWriter().BeginArray().WriteUnsigned((ulong)kind).WriteBytes(job.AsSpan()).WriteUnsigned(round).WriteBytes(value).EndArray().ToArray();
        var record = new byte[HeadLength + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(record, body.Length);
        SHA256.HashData(body).AsSpan(0, 8).CopyTo(record.AsSpan(4));
        body.CopyTo(record, HeadLength);
        return record;
    }

    private void Load()
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var at = 0;
        while (TryTake(bytes.AsSpan(at), out var length, out var body))
        {
            Apply(body);
            at += length;
        }

        // A torn end was never followed by what rests on it. But a record that is whole behind a bad one was flushed after it, so the bad one had been whole too.
        if (at + HeadLength <= bytes.Length && BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at)) is > 0 and <= RecordMax and var skipped
            && at + HeadLength + skipped < bytes.Length && TryTake(bytes.AsSpan(at + HeadLength + skipped), out _, out _))
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"{_path}: the record at byte {at} is damaged, and with it what this node promised. Restore the file, or move it away once no job of this node is open."));
        }

        _length = at;
    }

    private static bool TryTake(ReadOnlySpan<byte> bytes, out int length, out ReadOnlySpan<byte> body)
    {
        length = 0;
        body = default;
        if (bytes.Length < HeadLength || BinaryPrimitives.ReadInt32LittleEndian(bytes) is not (> 0 and <= RecordMax and var size) || bytes.Length < HeadLength + size)
        {
            return false;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes.Slice(HeadLength, size), digest);
        body = bytes.Slice(HeadLength, size);
        length = HeadLength + size;
        return digest[..8].SequenceEqual(bytes.Slice(4, 8));
    }

    private void Apply(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new CborReader(body);
            reader.ReadArrayHeaderExactly(4);
            var kind = (PromiseKind)reader.ReadUInt64();
            var job = new Digest(reader.ReadBytesExactly(Digest.Length));
            var round = checked((byte)reader.ReadUInt64());
            var value = reader.ReadBytes(RecordMax).ToArray();
            reader.ReadEnd();
            if (kind == PromiseKind.None)
            {
                foreach (var key in _kept.Keys.Where(key => key.Job == job).ToList())
                {
                    _kept.Remove(key);
                }
            }
            else
            {
                _kept[(kind, job, round)] = value;
            }
        }
        catch (Exception e) when (e is CborException or OverflowException)
        {
            throw new InvalidDataException($"{_path}: a whole record is not one that a node writes ({e.Message}). Restore the file, or move it away once no job of this node is open.", e);
        }
    }
}
