using System.Buffers.Binary;
using System.Text;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>Calls WASI functions as a guest does, from a memory of its own.</summary>
internal sealed class WasiGuest : IDisposable
{
    public const uint Root = 3;
    public const ulong AllRights = (1ul << 30) - 1;
    public const ulong Inheritable = (ulong)(Rights.Directory | Rights.RegularFile);
    private const uint PathAt = 1024;
    private const uint SecondPathAt = 8192;
    private const uint VectorsAt = 16384;
    private const uint DataAt = 32768;
    private const uint ResultAt = 16;

    private readonly byte[] _memory = new byte[1 << 20];

    public WasiGuest(WasiOptions options) => Wasi = new WasiPreview1(options);

    public WasiPreview1 Wasi { get; }

    public GuestMemory Memory => new(_memory);

    public byte[] Bytes => _memory;

    public uint Result => BinaryPrimitives.ReadUInt32LittleEndian(_memory.AsSpan((int)ResultAt));

    public ulong Result64 => BinaryPrimitives.ReadUInt64LittleEndian(_memory.AsSpan((int)ResultAt));

    public void Dispose() => Wasi.Dispose();

    public Errno TryOpen(
        string path, out uint fd, OpenFlags flags = OpenFlags.None, Rights rights = Rights.None, ulong inheriting = 0,
        FdFlags fdFlags = FdFlags.None, bool follow = false, uint at = Root)
    {
        var (pointer, length) = Path(path);
        var errno = Wasi.PathOpen(
            Memory, at, follow ? 1u : 0, pointer, length, (uint)flags, (ulong)rights, inheriting, (uint)fdFlags, ResultAt);
        fd = Result;
        return errno;
    }

    public Errno OpenErrno(string path, OpenFlags flags = OpenFlags.None, Rights rights = Rights.None, bool follow = false, uint at = Root)
    {
        var errno = TryOpen(path, out var fd, flags, rights, follow: follow, at: at);
        if (errno == Errno.Success)
        {
            Close(fd);
        }

        return errno;
    }

    public uint Open(
        string path, OpenFlags flags = OpenFlags.None, Rights rights = Rights.None, ulong inheriting = 0,
        FdFlags fdFlags = FdFlags.None, bool follow = false, uint at = Root)
    {
        Assert.Equal(Errno.Success, TryOpen(path, out var fd, flags, rights, inheriting, fdFlags, follow, at));
        return fd;
    }

    public uint OpenFile(string path, OpenFlags flags = OpenFlags.Create, FdFlags fdFlags = FdFlags.None) =>
        Open(path, flags, Rights.RegularFile, 0, fdFlags);

    public uint OpenDirectory(string path, uint at = Root) => Open(path, OpenFlags.Directory, Rights.Directory, Inheritable, at: at);

    public void Create(string path, string content = "")
    {
        var fd = OpenFile(path, OpenFlags.Create | OpenFlags.Truncate);
        Assert.Equal(content.Length, Write(fd, content));
        Close(fd);
    }

    public void Close(uint fd) => Assert.Equal(Errno.Success, Wasi.FdClose(fd));

    public int Write(uint fd, string text)
    {
        Assert.Equal(Errno.Success, TryWrite(fd, text));
        return (int)Result;
    }

    public Errno TryWrite(uint fd, string text) => Wasi.FdWrite(Memory, fd, Data(Encoding.UTF8.GetBytes(text)), 1, ResultAt);

    public Errno TryPwrite(uint fd, string text, ulong offset) =>
        Wasi.FdPwrite(Memory, fd, Data(Encoding.UTF8.GetBytes(text)), 1, offset, ResultAt);

    public Errno TryRead(uint fd, int count, out string text)
    {
        var errno = Wasi.FdRead(Memory, fd, Data(new byte[count]), 1, ResultAt);
        text = errno == Errno.Success ? Encoding.UTF8.GetString(_memory, (int)DataAt, (int)Result) : "";
        return errno;
    }

    public string Read(uint fd, int count = 4096)
    {
        Assert.Equal(Errno.Success, TryRead(fd, count, out var text));
        return text;
    }

    public Errno TryPread(uint fd, int count, ulong offset, out string text)
    {
        var errno = Wasi.FdPread(Memory, fd, Data(new byte[count]), 1, offset, ResultAt);
        text = errno == Errno.Success ? Encoding.UTF8.GetString(_memory, (int)DataAt, (int)Result) : "";
        return errno;
    }

    public string ReadFile(string path)
    {
        var fd = Open(path, OpenFlags.None, Rights.RegularFile & ~(Rights.FdWrite | Rights.FdAllocate | Rights.FdFilestatSetSize), follow: true);
        var text = Read(fd);
        Close(fd);
        return text;
    }

    public Errno Seek(uint fd, long offset, Whence whence) => Wasi.FdSeek(Memory, fd, offset, (uint)whence, ResultAt);

    public Errno CreateDirectory(string path, uint at = Root)
    {
        var (pointer, length) = Path(path);
        return Wasi.PathCreateDirectory(Memory, at, pointer, length);
    }

    public Errno RemoveDirectory(string path, uint at = Root)
    {
        var (pointer, length) = Path(path);
        return Wasi.PathRemoveDirectory(Memory, at, pointer, length);
    }

    public Errno Unlink(string path, uint at = Root)
    {
        var (pointer, length) = Path(path);
        return Wasi.PathUnlinkFile(Memory, at, pointer, length);
    }

    public Errno Symlink(string target, string path, uint at = Root)
    {
        var (pointer, length) = Path(target);
        var (second, secondLength) = Path(path, SecondPathAt);
        return Wasi.PathSymlink(Memory, pointer, length, at, second, secondLength);
    }

    public Errno Link(string from, string to, bool follow = false, uint fromAt = Root, uint toAt = Root)
    {
        var (pointer, length) = Path(from);
        var (second, secondLength) = Path(to, SecondPathAt);
        return Wasi.PathLink(Memory, fromAt, follow ? 1u : 0, pointer, length, toAt, second, secondLength);
    }

    public Errno Rename(string from, string to, uint fromAt = Root, uint toAt = Root)
    {
        var (pointer, length) = Path(from);
        var (second, secondLength) = Path(to, SecondPathAt);
        return Wasi.PathRename(Memory, fromAt, pointer, length, toAt, second, secondLength);
    }

    public Errno ReadLink(string path, int size, out string target)
    {
        var (pointer, length) = Path(path);
        var errno = Wasi.PathReadlink(Memory, Root, pointer, length, DataAt, (uint)size, ResultAt);
        target = errno == Errno.Success ? Encoding.UTF8.GetString(_memory, (int)DataAt, (int)Result) : "";
        return errno;
    }

    public Errno TryStat(string path, out Filestat stat, bool follow = false, uint at = Root)
    {
        var (pointer, length) = Path(path);
        var errno = Wasi.PathFilestatGet(Memory, at, follow ? 1u : 0, pointer, length, DataAt);
        stat = errno == Errno.Success ? StatAt(DataAt) : default;
        return errno;
    }

    public Filestat Stat(string path, bool follow = false)
    {
        Assert.Equal(Errno.Success, TryStat(path, out var stat, follow));
        return stat;
    }

    public Filestat Stat(uint fd)
    {
        Assert.Equal(Errno.Success, Wasi.FdFilestatGet(Memory, fd, DataAt));
        return StatAt(DataAt);
    }

    public Errno SetTimes(string path, ulong access, ulong modify, TimeFlags flags, bool follow = false)
    {
        var (pointer, length) = Path(path);
        return Wasi.PathFilestatSetTimes(Memory, Root, follow ? 1u : 0, pointer, length, access, modify, (uint)flags);
    }

    public (FileType Type, FdFlags Flags, Rights Base, Rights Inheriting) Fdstat(uint fd)
    {
        Assert.Equal(Errno.Success, Wasi.FdFdstatGet(Memory, fd, DataAt));
        var record = _memory.AsSpan((int)DataAt);
        return (
            (FileType)record[0],
            (FdFlags)BinaryPrimitives.ReadUInt16LittleEndian(record[2..]),
            (Rights)BinaryPrimitives.ReadUInt64LittleEndian(record[8..]),
            (Rights)BinaryPrimitives.ReadUInt64LittleEndian(record[16..]));
    }

    /// <summary>Lists a directory through a buffer of the given size.</summary>
    public List<(string Name, FileType Type, ulong Inode, ulong Next)> List(uint fd, int bufferSize = 256)
    {
        var found = new List<(string, FileType, ulong, ulong)>();
        var cookie = 0ul;
        while (true)
        {
            Assert.Equal(Errno.Success, Wasi.FdReaddir(Memory, fd, DataAt, (uint)bufferSize, cookie, ResultAt));
            var used = (int)Result;
            Assert.InRange(used, 0, bufferSize);
            var rest = _memory.AsSpan((int)DataAt, used);
            var any = false;
            while (rest.Length >= 24)
            {
                var next = BinaryPrimitives.ReadUInt64LittleEndian(rest);
                var inode = BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]);
                var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest[16..]);
                if (rest.Length < 24 + length)
                {
                    break;
                }

                found.Add((Encoding.UTF8.GetString(rest.Slice(24, length)), (FileType)rest[20], inode, next));
                cookie = next;
                any = true;
                rest = rest[(24 + length)..];
            }

            if (used < bufferSize)
            {
                return found;
            }

            Assert.True(any, "The buffer holds not even one entry.");
        }
    }

    public (uint Pointer, uint Length) Path(string path, uint at = PathAt)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        bytes.CopyTo(_memory, at);
        return (at, (uint)bytes.Length);
    }

    /// <summary>Puts bytes into memory and a vector that names them.</summary>
    public uint Data(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_memory.AsSpan((int)DataAt));
        BinaryPrimitives.WriteUInt32LittleEndian(_memory.AsSpan((int)VectorsAt), DataAt);
        BinaryPrimitives.WriteUInt32LittleEndian(_memory.AsSpan((int)VectorsAt + 4), (uint)bytes.Length);
        return VectorsAt;
    }

    private Filestat StatAt(uint at)
    {
        var record = _memory.AsSpan((int)at);
        ulong Field(Span<byte> from, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(from[offset..]);
        return new Filestat(
            Field(record, 0), Field(record, 8), (FileType)record[16], Field(record, 24), Field(record, 32), Field(record, 40),
            Field(record, 48), Field(record, 56));
    }
}
