namespace Sojourn.Wasm.Wasi;

/// <summary>What may be done with a descriptor (type <c>rights</c>): one bit per operation.</summary>
[Flags]
internal enum Rights : ulong
{
    None = 0,
    FdDatasync = 1ul << 0,
    FdRead = 1ul << 1,
    FdSeek = 1ul << 2,
    FdFdstatSetFlags = 1ul << 3,
    FdSync = 1ul << 4,
    FdTell = 1ul << 5,
    FdWrite = 1ul << 6,
    FdAdvise = 1ul << 7,
    FdAllocate = 1ul << 8,
    PathCreateDirectory = 1ul << 9,
    PathCreateFile = 1ul << 10,
    PathLinkSource = 1ul << 11,
    PathLinkTarget = 1ul << 12,
    PathOpen = 1ul << 13,
    FdReaddir = 1ul << 14,
    PathReadlink = 1ul << 15,
    PathRenameSource = 1ul << 16,
    PathRenameTarget = 1ul << 17,
    PathFilestatGet = 1ul << 18,
    PathFilestatSetSize = 1ul << 19,
    PathFilestatSetTimes = 1ul << 20,
    FdFilestatGet = 1ul << 21,
    FdFilestatSetSize = 1ul << 22,
    FdFilestatSetTimes = 1ul << 23,
    PathSymlink = 1ul << 24,
    PathRemoveDirectory = 1ul << 25,
    PathUnlinkFile = 1ul << 26,
    PollFdReadwrite = 1ul << 27,
    SockShutdown = 1ul << 28,
    SockAccept = 1ul << 29,

    /// <summary>Every right of preview 1.</summary>
    All = (1ul << 30) - 1,

    /// <summary>Rights that mean something on a regular file.</summary>
    RegularFile = FdDatasync | FdRead | FdSeek | FdFdstatSetFlags | FdSync | FdTell | FdWrite | FdAdvise | FdAllocate
        | FdFilestatGet | FdFilestatSetSize | FdFilestatSetTimes | PollFdReadwrite,

    /// <summary>Rights that mean something on a directory.</summary>
    Directory = FdFdstatSetFlags | FdSync | FdDatasync | PathCreateDirectory | PathCreateFile | PathLinkSource | PathLinkTarget | PathOpen
        | FdReaddir | PathReadlink | PathRenameSource | PathRenameTarget | PathFilestatGet | PathFilestatSetSize
        | PathFilestatSetTimes | FdFilestatGet | FdFilestatSetTimes | PathSymlink | PathRemoveDirectory | PathUnlinkFile
        | PollFdReadwrite,

    /// <summary>Rights that mean something on a stream that cannot seek: a terminal, a pipe, a device.</summary>
    Stream = FdRead | FdWrite | FdFdstatSetFlags | FdFilestatGet | PollFdReadwrite,

    /// <summary>Rights of a connected socket.</summary>
    Socket = Stream | SockShutdown,

    /// <summary>Rights of a listening socket.</summary>
    Listener = FdRead | FdFdstatSetFlags | FdFilestatGet | PollFdReadwrite | SockAccept,
}
