namespace Sojourn.Wasm.Wasi;

/// <summary>A regular file in pages of 64 KiB; a page that was never written takes no memory. Guarded by the lock of its file system.</summary>
internal sealed class MemoryFile(ulong inode, ulong now) : MemoryNode(inode, now)
{
    private const int PageBits = 16;
    private const int PageBytes = 1 << PageBits;

    private byte[]?[] _pages = [];
    private FileContent? _content;
    private ulong _size;

    public override FileType Type => FileType.RegularFile;

    public override ulong Size => _size;

    /// <summary>Makes the file show content that lies elsewhere; the first change copies it.</summary>
    public void Attach(FileContent content)
    {
        _pages = [];
        _content = content;
        _size = (ulong)content.Length;
    }

    public int Read(ulong offset, Span<byte> buffer)
    {
        if (offset >= _size)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min((ulong)buffer.Length, _size - offset)];
        if (_content is not null)
        {
            _content.Read((long)offset, buffer);
            return buffer.Length;
        }

        var done = 0;
        while (done < buffer.Length)
        {
            var at = offset + (ulong)done;
            var inPage = (int)(at & (PageBytes - 1));
            var count = Math.Min(PageBytes - inPage, buffer.Length - done);
            var target = buffer.Slice(done, count);
            var index = at >> PageBits;
            if (index < (ulong)_pages.Length && _pages[index] is { } page)
            {
                page.AsSpan(inPage, count).CopyTo(target);
            }
            else
            {
                target.Clear();
            }

            done += count;
        }

        return done;
    }

    /// <summary>Writes; the volume has granted the growth beforehand.</summary>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        CopyContent();
        Resize(Math.Max(_size, offset + (ulong)data.Length));
        var done = 0;
        while (done < data.Length)
        {
            var at = offset + (ulong)done;
            var inPage = (int)(at & (PageBytes - 1));
            var count = Math.Min(PageBytes - inPage, data.Length - done);
            var index = at >> PageBits;
            var page = _pages[index] ??= new byte[PageBytes];
            data.Slice(done, count).CopyTo(page.AsSpan(inPage));
            done += count;
        }
    }

    /// <summary>Sets the size; the volume has granted any growth beforehand.</summary>
    public void SetSize(ulong size)
    {
        if (size == 0)
        {
            _content = null;
        }

        CopyContent();
        Resize(size);
    }

    private void CopyContent()
    {
        if (_content is not { } content)
        {
            return;
        }

        // Read all of it before anything changes: a failing read must leave the file as it was.
        var pages = new byte[]?[(_size + PageBytes - 1) >> PageBits];
        for (var i = 0; i < pages.Length; i++)
        {
            var page = new byte[PageBytes];
            var start = (ulong)i << PageBits;
            content.Read((long)start, page.AsSpan(0, (int)Math.Min(PageBytes, _size - start)));
            pages[i] = page;
        }

        _content = null;
        _pages = pages;
    }

    private void Resize(ulong size)
    {
        var count = (int)((size + PageBytes - 1) >> PageBits);
        if (size < _size)
        {
            // What lies past the end must read as zeros if the file grows again.
            if ((size & (PageBytes - 1)) != 0 && count <= _pages.Length && _pages[count - 1] is { } last)
            {
                last.AsSpan((int)(size & (PageBytes - 1))).Clear();
            }

            if (count < _pages.Length)
            {
                Array.Clear(_pages, count, _pages.Length - count);
                if (count < _pages.Length / 4)
                {
                    Array.Resize(ref _pages, count);
                }
            }
        }
        else if (count > _pages.Length)
        {
            Array.Resize(ref _pages, Math.Max(count, Math.Min(_pages.Length * 2, _pages.Length + 4096)));
        }

        _size = size;
    }
}
