using Sojourn.Primitives;

namespace Sojourn.Content;

/// <summary>Why content was refused or could not be had. Closed: every refusal of untrusted content is one of these.</summary>
public enum ContentFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>No source has a block that is needed.</summary>
    MissingBlock,

    /// <summary>A block's bytes do not have the digest that its identifier names.</summary>
    HashMismatch,

    /// <summary>A block is larger than <see cref="BlockVerifier.BlockBytesMax"/>.</summary>
    BlockTooLarge,

    /// <summary>A hash function that is not accepted.</summary>
    UnsupportedHash,

    /// <summary>A digest that is cut too short, or an identity identifier that holds too much.</summary>
    BadDigestLength,

    /// <summary>A codec that cannot be read here.</summary>
    UnsupportedCodec,

    /// <summary>A block's bytes are not of its codec.</summary>
    MalformedNode,

    /// <summary>A dag-pb block whose data is no valid UnixFS.</summary>
    MalformedUnixFs,

    /// <summary>A UnixFS node whose sizes disagree with what its children hold.</summary>
    SizeMismatch,

    /// <summary>A directory shard that breaks the rules of HAMT directories.</summary>
    MalformedShard,

    /// <summary>Nested deeper than is allowed.</summary>
    DepthExceeded,

    /// <summary>A directory entry whose name is empty, <c>.</c>, <c>..</c>, or holds a slash or a zero byte.</summary>
    UnsafeName,

    /// <summary>A directory with the same name twice.</summary>
    DuplicateName,

    /// <summary>A file is needed, and this is something else.</summary>
    NotAFile,

    /// <summary>A directory is needed, and this is something else.</summary>
    NotADirectory,

    /// <summary>A path whose segment does not exist.</summary>
    PathNotFound,

    /// <summary>A text that is no content path.</summary>
    BadPath,

    /// <summary>A byte range that lies outside the file.</summary>
    BadRange,

    /// <summary>A CAR whose header is malformed.</summary>
    CarHeader,

    /// <summary>A CAR of a version other than 1 and 2.</summary>
    CarVersion,

    /// <summary>A CAR section whose length or identifier is malformed.</summary>
    CarSection,

    /// <summary>A CAR section longer than is allowed.</summary>
    CarSectionTooLong,

    /// <summary>A CAR that ends inside its header or a section.</summary>
    CarTruncated,

    /// <summary>A CAR index that is malformed.</summary>
    CarIndex,

    /// <summary>A stream that went on for too long with blocks that nobody asked for.</summary>
    UnrequestedBlocks,

    /// <summary>More blocks, bytes or entries than the caller allows.</summary>
    LimitExceeded,
}

/// <summary>Thrown where content is refused or cannot be had.</summary>
public sealed class ContentException : Exception
{
    /// <summary>Says what is wrong and with which block.</summary>
    /// <param name="fault">The closed reason.</param>
    /// <param name="message">One sentence: what, in which input, what was expected.</param>
    /// <param name="cid">The block that it is about, where there is one.</param>
    /// <param name="inner">What caused it.</param>
    public ContentException(ContentFault fault, string message, Cid? cid = null, Exception? inner = null)
        : base(message, inner)
    {
        Fault = fault;
        Cid = cid;
    }

    /// <summary>The closed reason.</summary>
    public ContentFault Fault { get; }

    /// <summary>The block that it is about, where there is one.</summary>
    public Cid? Cid { get; }

    internal static ContentException Missing(Cid cid) => new(ContentFault.MissingBlock, $"Block {cid} was not found.", cid);

    internal static ContentException Refused(Cid cid, BlockFault fault) => fault switch
    {
        BlockFault.TooLarge => new(ContentFault.BlockTooLarge, $"Block {cid} is larger than {BlockVerifier.BlockBytesMax} bytes.", cid),
        BlockFault.HashMismatch => new(ContentFault.HashMismatch, $"The bytes received for block {cid} do not have its digest.", cid),
        BlockFault.UnsupportedHash => new(ContentFault.UnsupportedHash, $"Block {cid} is named by the hash function {Multihash.NameOf(cid.HashFunction)}; sha2-256, sha2-512 and identity are accepted.", cid),
        _ => new(ContentFault.BadDigestLength, $"The digest of {cid} has a length that is not accepted ({fault}).", cid),
    };
}
