namespace Sojourn.Content.Ipfs.Store;

/// <summary>Options of <see cref="FileBlockStore"/>.</summary>
public sealed class FileBlockStoreOptions
{
    /// <summary>The default of <see cref="MaxBlockBytes"/>: 2 MiB, the most that trustless gateways and Bitswap pass on.</summary>
    public const int DefaultMaxBlockBytes = 2 << 20;

    /// <summary>The default of <see cref="Writers"/>.</summary>
    public const int DefaultWriters = 8;

    /// <summary>The largest block taken or read, in bytes.</summary>
    /// <value>Default <see cref="DefaultMaxBlockBytes"/>.</value>
    public int MaxBlockBytes { get; init; } = DefaultMaxBlockBytes;

    /// <summary>How many files one <see cref="BlockWriter"/> writes at once: fsync waits on the disk, so several wait together.</summary>
    /// <value>Default <see cref="DefaultWriters"/>; 1 to 64.</value>
    public int Writers { get; init; } = DefaultWriters;

    /// <summary>Whether every block read is hashed again, so that a decayed disk cannot serve wrong bytes.</summary>
    /// <value>Default true. False only where each reader verifies for itself.</value>
    public bool VerifyReads { get; init; } = true;
}
