using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Names of files and folders of a store.</summary>
/// <remarks>
/// Blocks lie as in Kubo's flatfs with <c>next-to-last/2</c>: <c>blocks/XY/KEY.data</c>, where KEY is the multihash in upper-case
/// base32 without padding and XY its last letters but one. Hence one block under two codecs is stored once.
/// </remarks>
internal sealed class StoreLayout(string root)
{
    /// <summary>What <c>blocks/SHARDING</c> says.</summary>
    public const string Sharding = "/repo/flatfs/shard/v1/next-to-last/2\n";

    /// <summary>The extension of a block's file.</summary>
    public const string Extension = ".data";

    /// <summary>The store's folder.</summary>
    public string Root { get; } = root;

    /// <summary>The folder of the shards.</summary>
    public string Blocks { get; } = Path.Combine(root, "blocks");

    /// <summary>Tells the layout; written last when a store is made.</summary>
    public string ShardingFile { get; } = Path.Combine(root, "blocks", "SHARDING");

    /// <summary>Files being written; whatever is here while no writer lives is rubbish.</summary>
    public string Temporary { get; } = Path.Combine(root, "tmp");

    /// <summary>One file per pin.</summary>
    public string Pins { get; } = Path.Combine(root, "pins");

    /// <summary>Where damaged blocks are put aside.</summary>
    public string Damaged { get; } = Path.Combine(root, "damaged");

    /// <summary>Held shared by writers and exclusively by garbage collection.</summary>
    public string MainLock { get; } = Path.Combine(root, "lock");

    /// <summary>Taken before <see cref="MainLock"/>, so that a waiting collector is not passed by new writers for ever.</summary>
    public string GateLock { get; } = Path.Combine(root, "lock.gate");

    /// <summary>The key of a block: its multihash as flatfs spells it.</summary>
    public static string KeyOf(Cid cid) => Base32Upper.Encode(cid.Multihash.Bytes);

    /// <summary>The shard's folder name of a key.</summary>
    public static string ShardOf(string key) => key.Length < 3 ? "__" : key.Substring(key.Length - 3, 2);

    /// <summary>The shard's folder of a block.</summary>
    public string ShardFolder(string key) => Path.Combine(Blocks, ShardOf(key));

    /// <summary>The block's file.</summary>
    public string BlockFile(string key) => Path.Combine(Blocks, ShardOf(key), key + Extension);
}
