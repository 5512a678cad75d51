using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;

namespace Sojourn.Node.Journal;

/// <summary>
/// What a node must remember across a crash, in one file that only grows: a promise is on the disk when <see cref="KeepAsync"/> returns, and several that are made at once share one flush. A file each
/// would cost two flushes each, the file's and its folder's, and flushes are what a short job spends most of its time on.
/// </summary>
/// <remarks>
/// What one flush wrote is one group: a mark (8 bytes), its length (4 bytes, little-endian), SHA-256 of its place in the file (8 bytes, little-endian), length and records, and the records: each its length (4 bytes,
/// little-endian) and a CBOR array of kind, job, round and value; a record of the kind "none" forgets a job. A group is there whole or not at all. One that is whole behind a bad one was flushed after it,
/// so the bad one had been whole; and since a group's digest covers its place, what lies inside a record is never taken for one.
/// </remarks>
internal sealed class PromiseLog : IDisposable
{
    private const int HeadLength = 44;
    private const int RecordMax = 8 << 20;
    private const int GroupMax = 64 << 20;
    private const long RewriteAbove = 4 << 20;
    private static readonly byte[] Mark = "SJPROM02"u8.ToArray();

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
    /// <exception cref="ArgumentException">The value is longer than 8 MiB.</exception>
    /// <exception cref="IOException">The disk is full or broken: nothing may be said that rests on it. It may be tried again.</exception>
    public async Task KeepAsync(PromiseKind kind, Digest job, byte round, ReadOnlyMemory<byte> value)
    {
        if (value.Length > RecordMax)
        {
            throw new ArgumentException($"a promise of {value.Length} bytes is longer than {RecordMax}", nameof(value));
        }

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

    /// <summary>Forgets the jobs that were closed while nobody watched them.</summary>
    /// <param name="ledger">Says which.</param>
    /// <param name="cancel">Stops asking.</param>
    public async Task ForgetClosedAsync(ILedger ledger, CancellationToken cancel)
    {
        List<Digest> jobs;
        lock (_gate)
        {
            jobs = [.. _kept.Keys.Select(key => key.Job).Distinct()];
        }

        foreach (var job in jobs)
        {
            if (await ledger.JobAsync(job, cancel).ConfigureAwait(false) is { Phase: JobPhase.Closed })
            {
                Forget(job);
            }
        }
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

                // As many as one group holds.
                var (taken, size) = (0, 0L);
                while (taken < _waiting.Count && (size += _waiting[taken].Record.Length) <= GroupMax)
                {
                    taken++;
                }

                group = _waiting[..taken];
                _waiting = _waiting[taken..];
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

        var bytes = Frame(group.Select(waiting => waiting.Record), _length);

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
        List<byte[]> rest;
        lock (_gate)
        {
            rest = [.. _kept.Select(kept => Encode(kept.Key.Kind, kept.Key.Job, kept.Key.Round, kept.Value))];
        }

        if (rest.Sum(record => (long)record.Length) > _length / 2)
        {
            return;
        }

        using var file = new MemoryStream();
        foreach (var records in rest.Chunk(4))
        {
            file.Write(Frame(records, file.Length));
        }

        DurableFile.WriteSecret(_path, file.GetBuffer().AsSpan(0, (int)file.Length));
        _file.Dispose();
        _file = OpenFile(_path);
        _length = file.Length;
    }

    private static byte[] Frame(IEnumerable<byte[]> records, long place)
    {
        var all = records.ToList();
        var bytes = new byte[HeadLength + all.Sum(record => record.Length)];
        var at = HeadLength;
        foreach (var record in all)
        {
            record.CopyTo(bytes, at);
            at += record.Length;
        }

        Mark.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), bytes.Length - HeadLength);
        DigestOf(bytes, place).CopyTo(bytes, 12);
        return bytes;
    }

    private static byte[] DigestOf(ReadOnlySpan<byte> group, long place)
    {
        Span<byte> where = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(where, place);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(where);
        hash.AppendData(group.Slice(8, 4));
        hash.AppendData(group[HeadLength..]);
        return hash.GetHashAndReset();
    }

    private static byte[] Encode(PromiseKind kind, in Digest job, byte round, ReadOnlySpan<byte> value)
    {
        var body = new CborWriter().BeginArray().WriteUnsigned((ulong)kind).WriteBytes(job.AsSpan()).WriteUnsigned(round).WriteBytes(value).EndArray().ToArray();
        var record = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(record, body.Length);
        body.CopyTo(record, 4);
        return record;
    }

    private void Load()
    {
        if (_file.Length > Array.MaxLength)
        {
            throw new InvalidDataException($"{_path}: {_file.Length} bytes are more than this node ever writes. Restore the file, or move it away once no job of this node is open.");
        }

        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var at = 0;
        while (TryTake(bytes, at, out var length))
        {
            ApplyGroup(bytes.AsSpan(at + HeadLength, length - HeadLength));
            at += length;
        }

        // A log of before groups begins with a record's length, which the mark read as a number is above.
        if (at == 0 && bytes.Length >= 12 && BinaryPrimitives.ReadInt32LittleEndian(bytes) is > 0 and <= RecordMax)
        {
            throw new InvalidDataException($"{_path}: an earlier version wrote this log. Move it away once no job of this node is open.");
        }

        // A torn end was never followed by what rests on it. Whatever is bad before a whole group is no torn end, wherever its length says that it ends.
        for (var later = at + 1; later <= bytes.Length - HeadLength; later++)
        {
            var next = bytes.AsSpan(later).IndexOf(Mark);
            if (next < 0)
            {
                break;
            }

            later += next;
            if (TryTake(bytes, later, out _))
            {
                throw new InvalidDataException(string.Create(
                    CultureInfo.InvariantCulture, $"{_path}: what lies at byte {at} is damaged, and with it what this node promised. Restore the file, or move it away once no job of this node is open."));
            }
        }

        // What was read may have been written by a process that was ended before its flush: it is said again, so it must last.
        _length = at;
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
    }

    private static bool TryTake(ReadOnlySpan<byte> file, int at, out int length)
    {
        length = 0;
        var bytes = file[at..];
        if (bytes.Length < HeadLength || !bytes.StartsWith(Mark) || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) is not (> 0 and <= GroupMax and var size) || bytes.Length - HeadLength < size)
        {
            return false;
        }

        length = HeadLength + size;
        return DigestOf(bytes[..length], at).AsSpan().SequenceEqual(bytes.Slice(12, 32));
    }

    private void ApplyGroup(ReadOnlySpan<byte> records)
    {
        while (records.Length > 0)
        {
            if (records.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(records) is not (> 0 and <= RecordMax + 128 and var size) || records.Length - 4 < size)
            {
                throw new InvalidDataException($"{_path}: a whole group of records is not one that a node writes. Restore the file, or move it away once no job of this node is open.");
            }

            Apply(records.Slice(4, size));
            records = records[(4 + size)..];
        }
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
