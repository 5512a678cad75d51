using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Why the block store could not do what it was asked.</summary>
public enum StoreFault
{
    /// <summary>No space, no inodes or no quota left.</summary>
    DiskFull,

    /// <summary>The file system is mounted read-only.</summary>
    ReadOnlyDisk,

    /// <summary>The disk reported an error, or took fewer bytes than it was given.</summary>
    InputOutput,

    /// <summary>The operating system's permissions forbid it.</summary>
    AccessDenied,

    /// <summary>A stored block's bytes do not match its hash.</summary>
    DamagedBlock,

    /// <summary>A block that a pin needs is not held.</summary>
    MissingBlock,

    /// <summary>The folder holds something else, or a store of another layout.</summary>
    NotAStore,

    /// <summary>A block is larger than the store takes.</summary>
    BlockTooLarge,

    /// <summary>A block's bytes do not match the CID under which it was to be stored.</summary>
    WrongBlock,
}

/// <summary>The block store failed. What was reported as stored before is still stored.</summary>
public sealed class StoreException : IpfsException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="fault">The reason.</param>
    /// <param name="path">The file or folder concerned.</param>
    /// <param name="message">What happened.</param>
    /// <param name="cid">The block concerned, or null.</param>
    /// <param name="inner">The cause, or null.</param>
    public StoreException(StoreFault fault, string path, string message, Cid? cid = null, Exception? inner = null)
        : base(message, inner)
    {
        Fault = fault;
        Path = path;
        Cid = cid;
    }

    /// <summary>The reason.</summary>
    public StoreFault Fault { get; }

    /// <summary>The file or folder concerned.</summary>
    public string Path { get; }

    /// <summary>The block concerned, or null.</summary>
    public Cid? Cid { get; }

    // errno values, the same on every Linux architecture; macOS differs in quota and stale handles only.
    internal static StoreException From(Exception cause, string path) => cause switch
    {
        StoreException already => already,
        UnauthorizedAccessException => new(StoreFault.AccessDenied, path, $"not allowed to use {path}", null, cause),
        IOException { HResult: 28 or 122 or 69 } => new(StoreFault.DiskFull, path, $"the disk is full: cannot write {path}", null, cause),
        IOException { HResult: 30 } => new(StoreFault.ReadOnlyDisk, path, $"the disk is read-only: cannot write {path}", null, cause),
        _ => new(StoreFault.InputOutput, path, $"the disk failed at {path}: {cause.Message}", null, cause),
    };
}
