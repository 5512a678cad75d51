using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Protocol.Sealing;

/// <summary>Sealed content as ordinary IPFS content: a dag-cbor header that links to a UnixFS file whose leaves are the sealed chunks.</summary>
public static class SealedDag
{
    /// <summary>Seals one file.</summary>
    /// <param name="plaintext">Read to its end; left open.</param>
    /// <param name="options">How to seal.</param>
    /// <param name="sink">Takes the blocks: leaves and nodes first, the header last.</param>
    /// <param name="policy">The signed policy, stored with the content; its CID must be the options'.</param>
    /// <param name="progress">Told how many sealed bytes were imported.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<SealedResult> SealFileAsync(Stream plaintext, SealingOptions options, IBlockSink sink, SignedPolicy? policy = null, Action<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var sealer = new ContentSealer(options);
        await using var body = sealer.SealFile(plaintext);
        return await FinishAsync(sealer, body, options, sink, policy, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Seals a directory: the public sees one body, without names, number, sizes or tree.</summary>
    /// <param name="entries">What it holds.</param>
    /// <param name="options">How to seal.</param>
    /// <param name="sink">Takes the blocks: leaves and nodes first, the header last.</param>
    /// <param name="policy">The signed policy, stored with the content; its CID must be the options'.</param>
    /// <param name="progress">Told how many sealed bytes were imported.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<SealedResult> SealDirectoryAsync(IReadOnlyList<SealedDirectorySource> entries, SealingOptions options, IBlockSink sink, SignedPolicy? policy = null, Action<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var sealer = new ContentSealer(options);
        await using var body = sealer.SealDirectory(entries);
        return await FinishAsync(sealer, body, options, sink, policy, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads the header of sealed content.</summary>
    /// <param name="source">Gives verified blocks.</param>
    /// <param name="content">The content's CID.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SealedContentException">It is no header.</exception>
    public static async ValueTask<SealedHeader> ReadHeaderAsync(IBlockSource source, Cid content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var block = await source.GetRequiredAsync(content, cancellationToken).ConfigureAwait(false);
        var fault = SealedHeader.TryDecode(block.Data.Span, out var header);
        return fault == SealedFault.None ? header! : throw new SealedContentException(fault);
    }

    /// <summary>Opens sealed content with a recipient's key.</summary>
    /// <param name="source">Gives verified blocks.</param>
    /// <param name="content">The content's CID.</param>
    /// <param name="recipient">A recipient's private key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SealedContentException">It does not open with this key.</exception>
    public static async ValueTask<OpenedContent> OpenAsync(IBlockSource source, Cid content, HpkePrivateKey recipient, CancellationToken cancellationToken = default)
    {
        var header = await ReadHeaderAsync(source, content, cancellationToken).ConfigureAwait(false);
        var fault = header.TryOpenKey(recipient, out var key);
        if (fault != SealedFault.None)
        {
            throw new SealedContentException(fault);
        }

        using (key)
        {
            fault = OpenedContent.TryCreate(header, key!, out var opened);
            return fault == SealedFault.None ? opened! : throw new SealedContentException(fault);
        }
    }

    /// <summary>Makes a header for other recipients, or under another policy; the body stays where it is.</summary>
    /// <remarks>Who held the key before still holds it. To take it away, seal anew.</remarks>
    /// <param name="source">Gives verified blocks; only the header's is read.</param>
    /// <param name="content">The content's CID.</param>
    /// <param name="recipient">The private key of one of today's recipients.</param>
    /// <param name="recipients">All recipients from now on.</param>
    /// <param name="policy">The signed policy from now on, or null for none.</param>
    /// <param name="hideRecipients">Leaves out key identifiers.</param>
    /// <param name="sink">Takes the policy's block and the new header's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SealedContentException">It does not open with this key.</exception>
    public static async ValueTask<(Cid Cid, SealedHeader Header)> RewrapAsync(IBlockSource source, Cid content, HpkePrivateKey recipient, IReadOnlyCollection<HpkePublicKey> recipients, SignedPolicy? policy, bool hideRecipients, IBlockSink sink, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sink);
        var header = await ReadHeaderAsync(source, content, cancellationToken).ConfigureAwait(false);
        var fault = header.TryOpenKey(recipient, out var key);
        SealedHeader? rewrapped = null;
        using (key)
        {
            if (fault == SealedFault.None)
            {
                fault = header.TryRewrap(key!, recipients, policy?.Cid, hideRecipients, out rewrapped);
            }
        }

        if (fault != SealedFault.None)
        {
            throw new SealedContentException(fault);
        }

        if (policy is not null)
        {
            await sink.PutAsync(new Block(policy.Cid, policy.Block), cancellationToken).ConfigureAwait(false);
        }

        var block = Block.Create(Multicodec.DagCbor, rewrapped!.Encode());
        await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        return (block.Cid, rewrapped);
    }

    /// <summary>The chunks of a content's body, read one leaf at a time.</summary>
    /// <param name="source">Gives verified blocks.</param>
    /// <param name="header">The content's header.</param>
    public static ISealedBody Body(IBlockSource source, SealedHeader header)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(header);
        return new DagBody(source, header);
    }

    private static async ValueTask<SealedResult> FinishAsync(ContentSealer sealer, Stream body, SealingOptions options, IBlockSink sink, SignedPolicy? policy, Action<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(sink);
        if (policy is not null && policy.Cid != options.Policy)
        {
            throw new ArgumentException("The options name another policy.", nameof(policy));
        }

        // One chunk is one leaf, whatever the chunk's size.
        var import = new ImportOptions { Profile = ImportProfile.UnixFsV1Of2025 with { ChunkBytes = options.ChunkSize }, Progress = progress };
        var root = (await UnixFsImporter.ImportAsync(body, sink, import, cancellationToken).ConfigureAwait(false)).Root;
        if (policy is not null)
        {
            await sink.PutAsync(new Block(policy.Cid, policy.Block), cancellationToken).ConfigureAwait(false);
        }

        var header = sealer.Finish(root);
        var block = Block.Create(Multicodec.DagCbor, header.Encode());
        await sink.PutAsync(block, cancellationToken).ConfigureAwait(false);
        return new SealedResult(block.Cid, header, sealer.ExportContentKey());
    }

    private sealed class DagBody(IBlockSource source, SealedHeader header) : ISealedBody
    {
        // The nodes above the leaves are asked for again with every chunk: the last few are kept.
        private readonly KeptNodes nodes = new(source);

        public async ValueTask<ReadOnlyMemory<byte>> ReadChunkAsync(long index, int length, CancellationToken cancellationToken)
        {
            // One byte more than the last chunk has, so that a body that is too long is noticed.
            var last = index == header.Chunks - 1;
            var range = new ByteRange(index * header.ChunkSize, last ? length + 1 : length);
            ReadOnlyMemory<byte> first = default;
            byte[]? joined = null;
            await foreach (var part in UnixFsExporter.ReadAsync(nodes, header.Body, range, cancellationToken: cancellationToken).ConfigureAwait(false))
            {
                if (first.IsEmpty && joined is null)
                {
                    first = part;
                }
                else
                {
                    joined = [.. joined ?? first.ToArray(), .. part.Span];
                }
            }

            return joined ?? first;
        }
    }

    private sealed class KeptNodes(IBlockSource source) : IBlockSource
    {
        private const int KeptMax = 8;
        private readonly LinkedList<Block> kept = [];

        public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        {
            if (cid.Codec == Multicodec.Raw)
            {
                return await source.GetAsync(cid, cancellationToken).ConfigureAwait(false);
            }

            lock (kept)
            {
                for (var at = kept.First; at is not null; at = at.Next)
                {
                    if (at.Value.Cid == cid)
                    {
                        kept.Remove(at);
                        kept.AddFirst(at);
                        return at.Value;
                    }
                }
            }

            var block = await source.GetAsync(cid, cancellationToken).ConfigureAwait(false);
            if (block is not null)
            {
                lock (kept)
                {
                    kept.AddFirst(block);
                    if (kept.Count > KeptMax)
                    {
                        kept.RemoveLast();
                    }
                }
            }

            return block;
        }
    }
}

/// <summary>What sealing made.</summary>
public sealed class SealedResult : IDisposable
{
    internal SealedResult(Cid cid, SealedHeader header, SecretKey contentKey)
    {
        Cid = cid;
        Header = header;
        ContentKey = contentKey;
    }

    /// <summary>The content's CID: its header's.</summary>
    public Cid Cid { get; }

    /// <summary>The header.</summary>
    public SealedHeader Header { get; }

    /// <summary>The content key, for a keeper or for custodians; wiped with this object.</summary>
    public SecretKey ContentKey { get; }

    /// <summary>Wipes the content key.</summary>
    public void Dispose() => ContentKey.Dispose();
}
