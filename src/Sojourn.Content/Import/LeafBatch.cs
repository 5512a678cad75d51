using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>A few chunks that are hashed together on one core.</summary>
internal sealed class LeafBatch(ImportProfile profile, int capacity)
{
    private byte[]? _leaf;
    private int _lent;

    /// <summary>The content; whole chunks but for the file's last. It lies at a page, so that the store can hand it to the disk without a copy.</summary>
    public Memory<byte> Buffer { get; } = PageMemory.Allocate(capacity);

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

    /// <summary>Hashes every chunk and lends it to the sink, which writes it while others are hashed.</summary>
    /// <param name="sink">Takes blocks at any time.</param>
    /// <param name="leaves">Gets the leaves: this batch may be in use again before the caller reads them.</param>
    /// <param name="done">Called once nobody reads the buffer any more; also after a failure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask HashAndLendAsync(IBlockSink sink, List<FilePart> leaves, Action done, CancellationToken cancellationToken)
    {
        if (!profile.RawLeaves)
        {
            // Leaves are framed in one scratch buffer, which cannot be lent.
            await HashAsync(sink, cancellationToken).ConfigureAwait(false);
            leaves.AddRange(Leaves);
            done();
            return;
        }

        // One for each block that is lent, and one for this method.
        _lent = 1;
        void Release()
        {
            if (Interlocked.Decrement(ref _lent) == 0)
            {
                done();
            }
        }

        try
        {
            for (var at = 0; at < Length; at += profile.ChunkBytes)
            {
                var block = BlockAt(at);
                var part = Identify(block.Span, block.Length);
                leaves.Add(part);
                Interlocked.Increment(ref _lent);
                await sink.LendAsync(new Block(part.Cid, block), Release, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Release();
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
        var chunk = Buffer.Slice(at, Math.Min(profile.ChunkBytes, Length - at));
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
