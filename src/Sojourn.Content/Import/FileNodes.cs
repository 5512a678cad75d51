using System.Security.Cryptography;
using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>Makes the blocks of files.</summary>
internal static class FileNodes
{
    /// <summary>A file without metadata.</summary>
    public static UnixFsData Plain { get; } = new() { Type = UnixFsType.File };

    /// <summary>The most bytes that a dag-pb leaf takes beyond its chunk.</summary>
    public const int LeafOverheadMax = 64;

    /// <summary>Names a dag-pb block as the profile says.</summary>
    public static Block ToBlock(byte[] bytes, ImportProfile profile)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(bytes, digest);
        return new Block(Identify(digest, profile), bytes);
    }

    public static Cid Identify(ReadOnlySpan<byte> digest, ImportProfile profile) =>
        profile.CidVersion == 0 ? Cid.FromSha256Version0(digest) : Cid.FromSha256(Multicodec.DagPb, digest);

    /// <summary>Writes a leaf as a dag-pb node, without an intermediate copy of the chunk.</summary>
    /// <returns>How many bytes the block has.</returns>
    public static int EncodeLeaf(ReadOnlySpan<byte> chunk, ImportProfile profile, Span<byte> destination)
    {
        var at = EncodeLeafStart(chunk.Length, profile, destination);
        chunk.CopyTo(destination[at..]);
        at += chunk.Length;
        return at + EncodeLeafEnd(chunk.Length, destination[at..]);
    }

    /// <summary>What a dag-pb leaf has before its chunk.</summary>
    public static int EncodeLeafStart(int chunkBytes, ImportProfile profile, Span<byte> destination)
    {
        var size = ProtobufWriter.LengthOfVarint((ulong)chunkBytes);
        var data = chunkBytes == 0 ? 0 : ProtobufWriter.LengthOfBytes(chunkBytes);
        var writer = new ProtobufWriter(destination);
        writer.WriteByte(0x0a);
        writer.WriteVarint((ulong)(2 + data + 1 + size));
        writer.WriteByte(0x08);
        writer.WriteByte((byte)(profile.Layout == FileLayout.Trickle ? UnixFsType.Raw : UnixFsType.File));
        if (chunkBytes > 0)
        {
            writer.WriteByte(0x12);
            writer.WriteVarint((ulong)chunkBytes);
        }

        return writer.Position;
    }

    /// <summary>What a dag-pb leaf has after its chunk.</summary>
    public static int EncodeLeafEnd(int chunkBytes, Span<byte> destination)
    {
        var writer = new ProtobufWriter(destination);
        writer.WriteByte(0x18);
        writer.WriteVarint((ulong)chunkBytes);
        return writer.Position;
    }
}
