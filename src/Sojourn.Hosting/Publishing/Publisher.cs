using Sojourn.Content;
using Sojourn.Content.Import;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Hosting.Publishing;

/// <summary>What publishing sealed content gave.</summary>
/// <param name="Content">The sealed content: the CID of its header.</param>
/// <param name="Body">The root of its chunks.</param>
/// <param name="Policy">The policy that travels with it.</param>
public sealed record PublishedContent(Cid Content, Cid Body, Cid Policy);

/// <summary>Seals content and turns it into ordinary IPFS blocks.</summary>
/// <param name="sink">Where blocks go.</param>
public sealed class Publisher(IBlockSink sink)
{
    /// <summary>Publishes a block as it is.</summary>
    /// <param name="codec">What it is.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Cid> BlockAsync(Multicodec codec, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var block = Block.Create(codec, bytes);
        await sink.PutAsync(block, cancel).ConfigureAwait(false);
        return block.Cid;
    }

    /// <summary>Publishes a file without sealing it.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Cid> FileAsync(Stream content, CancellationToken cancel) =>
        (await UnixFsImporter.ImportAsync(content, sink, null, cancel).ConfigureAwait(false)).Root;

    /// <summary>Seals a file under a policy, to the keeper that may release its key.</summary>
    /// <param name="content">The plaintext.</param>
    /// <param name="policy">The signed policy; it is published too.</param>
    /// <param name="recipients">The keeper, as a rule, and the owner.</param>
    /// <param name="name">A name for people, sealed with the content.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<PublishedContent> SealAsync(Stream content, SignedPolicy policy, IReadOnlyCollection<HpkePublicKey> recipients, string? name, CancellationToken cancel)
    {
        await sink.PutAsync(new Block(policy.Cid, policy.Block), cancel).ConfigureAwait(false);
        using var sealer = new ContentSealer(new SealingOptions { Recipients = recipients, Policy = policy.Cid, Name = name });
        Cid body;
        var stream = sealer.SealFile(content);
        await using (stream.ConfigureAwait(false))
        {
            body = (await UnixFsImporter.ImportAsync(stream, sink, null, cancel).ConfigureAwait(false)).Root;
        }

        var root = await BlockAsync(Multicodec.DagCbor, sealer.Finish(body).Encode(), cancel).ConfigureAwait(false);
        return new PublishedContent(root, body, policy.Cid);
    }
}
