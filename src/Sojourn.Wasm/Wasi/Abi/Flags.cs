namespace Sojourn.Wasm.Wasi;

/// <summary>Type <c>filetype</c>.</summary>
internal enum FileType : byte
{
    Unknown, BlockDevice, CharacterDevice, Directory, RegularFile, SocketDatagram, SocketStream, SymbolicLink,
}

/// <summary>Type <c>fdflags</c>.</summary>
[Flags]
internal enum FdFlags : ushort
{
    None = 0, Append = 1, DSync = 2, NonBlock = 4, RSync = 8, Sync = 16, All = 31,
}

/// <summary>Type <c>oflags</c>.</summary>
[Flags]
internal enum OpenFlags : ushort
{
    None = 0, Create = 1, Directory = 2, Exclusive = 4, Truncate = 8, All = 15,
}

/// <summary>Type <c>fstflags</c>.</summary>
[Flags]
internal enum TimeFlags : ushort
{
    None = 0, Access = 1, AccessNow = 2, Modify = 4, ModifyNow = 8, All = 15,
}

/// <summary>Type <c>whence</c>.</summary>
internal enum Whence : byte
{
    Set, Current, End,
}

/// <summary>Type <c>eventtype</c>.</summary>
internal enum EventType : byte
{
    Clock, Read, Write,
}

/// <summary>Type <c>clockid</c>.</summary>
internal enum ClockId : uint
{
    Realtime, Monotonic, ProcessCpuTime, ThreadCpuTime,
}
