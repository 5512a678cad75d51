using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>How a file is imported.</summary>
public sealed record ImportOptions
{
    /// <summary>The default profile, no metadata, all cores.</summary>
    public static ImportOptions Default { get; } = new();

    /// <summary>What decides the CID.</summary>
    /// <value><see cref="ImportProfile.UnixFsV1Of2025"/>.</value>
    public ImportProfile Profile { get; init; } = ImportProfile.UnixFsV1Of2025;

    /// <summary>Permission bits to record, or null for none. They change the CID.</summary>
    public uint? Mode { get; init; }

    /// <summary>A modification time to record, or null for none. It changes the CID.</summary>
    public UnixTime? ModifiedAt { get; init; }

    /// <summary>How many pieces are hashed at once; 0 for the number of cores.</summary>
    /// <value>0. Memory grows by about 2 MiB for each.</value>
    public int Degree { get; init; }

    /// <summary>Told the bytes done so far, about once a MiB, from one thread at a time; null for nobody.</summary>
    public Action<long>? Progress { get; init; }
}

/// <summary>What an import gave.</summary>
/// <param name="Root">The file's or directory's identifier.</param>
/// <param name="FileBytes">The bytes of content.</param>
/// <param name="DagBytes">The bytes of all blocks, repetitions counted: the Tsize of a link to the root.</param>
/// <param name="Blocks">How many blocks were made, repetitions counted.</param>
public sealed record ImportResult(Cid Root, ulong FileBytes, ulong DagBytes, long Blocks);
