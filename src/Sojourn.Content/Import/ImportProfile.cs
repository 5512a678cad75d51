namespace Sojourn.Content.Import;

/// <summary>How the leaves of a file become a tree.</summary>
public enum FileLayout
{
    /// <summary>All leaves at the same depth, nodes filled from the left.</summary>
    Balanced,

    /// <summary>Leaves near the root first, for reading from the start: sub-trees of growing depth.</summary>
    Trickle,
}

/// <summary>How the size of a directory is estimated when it is decided whether to shard it.</summary>
public enum DirectorySizing
{
    /// <summary>Σ (name + CID) over its links, in bytes: what Kubo did from 2015 on.</summary>
    LinkBytes,

    /// <summary>The exact size of the block that the plain directory would take.</summary>
    BlockBytes,
}

/// <summary>Every parameter that decides the CID of the same bytes.</summary>
/// <remarks>IPIP-499, "CID Profiles for UnixFS".</remarks>
public sealed record ImportProfile
{
    /// <summary>The default: 1 MiB chunks, raw leaves, 1,024 links, CIDv1, shards past 256 KiB of block.</summary>
    public static ImportProfile UnixFsV1Of2025 { get; } = new() { Name = "unixfs-v1-2025" };

    /// <summary>What was usual from 2015 on: 256 KiB chunks in dag-pb leaves, 174 links, CIDv0, shards past 256 KiB of links.</summary>
    public static ImportProfile UnixFsV0Of2015 { get; } = new()
    {
        Name = "unixfs-v0-2015",
        ChunkBytes = 256 << 10,
        LinksMax = 174,
        RawLeaves = false,
        CidVersion = 0,
        DirectorySizing = DirectorySizing.LinkBytes,
    };

    /// <summary>The profiles that have a name.</summary>
    public static IReadOnlyList<ImportProfile> Named { get; } = [UnixFsV1Of2025, UnixFsV0Of2015];

    /// <summary>What the profile is called; <c>custom</c> where parameters were chosen freely.</summary>
    public string Name { get; init; } = "custom";

    /// <summary>The size of a chunk, in bytes.</summary>
    /// <value>1 MiB; 1 to 1,048,576 (a leaf must stay a block that everyone accepts).</value>
    public int ChunkBytes { get; init; } = 1 << 20;

    /// <summary>The most links of a file node.</summary>
    /// <value>1,024; 2 to 8,192.</value>
    public int LinksMax { get; init; } = 1024;

    /// <summary>Whether leaves are raw blocks rather than dag-pb nodes.</summary>
    /// <value>true; CIDv0 needs false, but for files above one chunk it may be true.</value>
    public bool RawLeaves { get; init; } = true;

    /// <summary>0 or 1.</summary>
    /// <value>1.</value>
    public int CidVersion { get; init; } = 1;

    /// <summary>The shape of file trees.</summary>
    /// <value><see cref="FileLayout.Balanced"/>.</value>
    public FileLayout Layout { get; init; } = FileLayout.Balanced;

    /// <summary>How many sub-trees of each depth a trickle node gets.</summary>
    /// <value>4.</value>
    public int TrickleRepeat { get; init; } = 4;

    /// <summary>How directories are measured.</summary>
    /// <value><see cref="DirectorySizing.BlockBytes"/>.</value>
    public DirectorySizing DirectorySizing { get; init; } = DirectorySizing.BlockBytes;

    /// <summary>A directory that measures more than this many bytes is sharded.</summary>
    /// <value>262,144; 0 shards every directory that has an entry.</value>
    public int ShardThresholdBytes { get; init; } = 256 << 10;

    /// <summary>The width of shards: a power of two.</summary>
    /// <value>256; 8 to 1,024.</value>
    public int ShardFanout { get; init; } = 256;

    /// <summary>The profile of a name, or null.</summary>
    /// <param name="name">Such as <c>unixfs-v1-2025</c>.</param>
    public static ImportProfile? Find(string name) => Named.FirstOrDefault(profile => string.Equals(profile.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Checks the parameters.</summary>
    /// <exception cref="ArgumentException">One is outside its range.</exception>
    public void Validate()
    {
        Check(ChunkBytes is >= 1 and <= 1 << 20, nameof(ChunkBytes), "1 to 1,048,576");
        Check(LinksMax is >= 2 and <= 8192, nameof(LinksMax), "2 to 8,192");
        Check(CidVersion is 0 or 1, nameof(CidVersion), "0 or 1");
        Check(TrickleRepeat is >= 1 and <= 64, nameof(TrickleRepeat), "1 to 64");
        Check(ShardThresholdBytes is >= 0 and <= 1 << 20, nameof(ShardThresholdBytes), "0 to 1,048,576");
        Check(ShardFanout is >= 8 and <= 1024 && int.IsPow2(ShardFanout), nameof(ShardFanout), "a power of two from 8 to 1,024");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} must be {range}.", name);
        }
    }
}
