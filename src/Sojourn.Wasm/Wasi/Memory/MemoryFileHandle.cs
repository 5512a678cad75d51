namespace Sojourn.Wasm.Wasi;

/// <summary>An open file in memory.</summary>
internal sealed class MemoryFileHandle : WasiHandle
{
    private readonly MemoryVolume _volume;
    private readonly MemoryFile _file;
    private readonly WasiClock? _clock;
    private bool _closed;

    /// <summary>Opens a file; called under the volume's lock.</summary>
    public MemoryFileHandle(MemoryVolume volume, MemoryFile file, WasiClock? clock)
    {
        _volume = volume;
        _file = file;
        _clock = clock;
        file.Opened++;
    }

    public override FileType Type => FileType.RegularFile;

    public override Rights ApplicableRights => Rights.RegularFile;

    public override bool IsSeekable => true;

    public override Errno Stat(out Filestat stat)
    {
        lock (_volume.Gate)
        {
            stat = _file.Stat();
            return Errno.Success;
        }
    }

    public override Errno SetTimes(TimesUpdate times)
    {
        lock (_volume.Gate)
        {
            MemoryDirectoryHandle.Apply(_file, times, Now());
            return Errno.Success;
        }
    }

    public override Errno SetSize(ulong size)
    {
        lock (_volume.Gate)
        {
            return Resize(size);
        }
    }

    public override Errno Allocate(ulong offset, ulong length)
    {
        lock (_volume.Gate)
        {
            return offset + length > _file.Size ? Resize(offset + length) : Errno.Success;
        }
    }

    public override Errno ReadAt(ulong offset, Span<byte> buffer, out int count)
    {
        count = 0;
        lock (_volume.Gate)
        {
            try
            {
                count = _file.Read(offset, buffer);
                return Errno.Success;
            }
            catch (IOException)
            {
                return Errno.Io;
            }
        }
    }

    public override Errno WriteAt(ulong offset, ReadOnlySpan<byte> data, out int count)
    {
        lock (_volume.Gate)
        {
            return Write(offset, data, out count);
        }
    }

    public override Errno Append(ReadOnlySpan<byte> data, out int count, out ulong end)
    {
        lock (_volume.Gate)
        {
            var errno = Write(_file.Size, data, out count);
            end = _file.Size;
            return errno;
        }
    }

    public override void Dispose()
    {
        lock (_volume.Gate)
        {
            if (!_closed)
            {
                _closed = true;
                _volume.Close(_file);
            }
        }
    }

    private Errno Write(ulong offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (data.IsEmpty)
        {
            return Errno.Success;
        }

        var size = _file.Size;
        var end = offset + (ulong)data.Length;
        if (end > size && !_volume.TryResize(size, end))
        {
            return Errno.NoSpc;
        }

        try
        {
            _file.Write(offset, data);
        }
        catch (IOException)
        {
            _volume.TryResize(Math.Max(end, size), size);
            return Errno.Io;
        }

        count = data.Length;
        _file.Modify = _file.Change = Now();
        return Errno.Success;
    }

    private Errno Resize(ulong size)
    {
        var before = _file.Size;
        if (!_volume.TryResize(before, size))
        {
            return Errno.NoSpc;
        }

        try
        {
            _file.SetSize(size);
        }
        catch (IOException)
        {
            _volume.TryResize(size, before);
            return Errno.Io;
        }

        _file.Modify = _file.Change = Now();
        return Errno.Success;
    }

    private ulong Now() => _clock?.PeekRealtime() ?? 0;
}
