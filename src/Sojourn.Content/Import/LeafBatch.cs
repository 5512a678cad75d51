using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>A few chunks that are hashed together on one core.</summary>
internal sealed class LeafBatch(ImportProfile profile, int capacity)
{
    private byte[]? _leaf;

    /// <summary>The content; whole chunks but for the file's last.</summary>
    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(capacity, pinned: false);

    /// <summary>How much of the buffer is content.</summary>
    public int Length { get; set; }

    /// <summary>Where the content lies in the file.</summary>
    public long Offset { get; set; }

    /// <summary>The leaves, once hashed.</summary>
    public List<FilePart> Leaves { get; } = [];

    /// <summary>Hashes every chunk and, where the sink takes blocks at any time, hands it on.</summary>
    public async ValueTask HashAsync(IBlockSink? sink, CancellationToken cancellationToken)
    {
        Leaves.Clear();

        // An empty file has one empty leaf.
        for (var at = 0; at < Length || at == 0; at += profile.ChunkBytes)
        {
            var block = BlockAt(at);
            var part = Identify(block.Span, Math.Min(profile.ChunkBytes, Length - at));
            Leaves.Add(part);
            if (sink is { IsSequential: false })
            {
                await sink.PutAsync(new Block(part.Cid, block), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Hands the leaves on, one after another.</summary>
    public async ValueTask PutAsync(IBlockSink sink, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Leaves.Count; i++)
        {
            await sink.PutAsync(new Block(Leaves[i].Cid, BlockAt(i * profile.ChunkBytes)), cancellationToken).ConfigureAwait(false);
        }
    }

    private ReadOnlyMemory<byte> BlockAt(int at)
    {
        var chunk = Buffer.AsMemory(at, Math.Min(profile.ChunkBytes, Length - at));
        if (profile.RawLeaves)
        {
            return chunk;
        }

        _leaf ??= GC.AllocateUninitializedArray<byte>(Math.Min(profile.ChunkBytes, Buffer.Length) + FileNodes.LeafOverheadMax);
        return _leaf.AsMemory(0, FileNodes.EncodeLeaf(chunk.Span, profile, _leaf));
    }

    private FilePart Identify(ReadOnlySpan<byte> block, int chunkBytes)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(block, digest);
        var cid = profile.RawLeaves ? Cid.FromSha256(Multicodec.Raw, digest) : FileNodes.Identify(digest, profile);
        return new FilePart(cid, (ulong)chunkBytes, (ulong)block.Length);
    }
}
