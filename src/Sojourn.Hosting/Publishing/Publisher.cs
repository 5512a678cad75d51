using Sojourn.Content;
using Sojourn.Content.Import;
using Sojourn.Cryptography.Custody;
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
        var body = await BodyAsync(sealer, content, cancel).ConfigureAwait(false);
        var root = await BlockAsync(Multicodec.DagCbor, sealer.Finish(body).Encode(), cancel).ConfigureAwait(false);
        return new PublishedContent(root, body, policy.Cid);
    }

    /// <summary>Seals a module under a policy that lists it: the body first, then the policy over it, then the header that names the policy.</summary>
    /// <param name="module">The module.</param>
    /// <param name="sign">Signs the policy that answers for the body.</param>
    /// <param name="recipients">The keeper, as a rule, and the owner.</param>
    /// <param name="name">A name for people, sealed with the content.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<PublishedContent> SealAppAsync(Stream module, Func<Cid, SignedPolicy> sign, IReadOnlyCollection<HpkePublicKey> recipients, string? name, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sign);
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [], Name = name });
        var body = await BodyAsync(sealer, module, cancel).ConfigureAwait(false);
        var policy = sign(body);
        using var key = sealer.ExportContentKey();
        var fault = sealer.Finish(body).TryRewrap(key, recipients, policy.Cid, hideRecipients: false, out var header);
        if (fault != SealedFault.None)
        {
            throw new InvalidOperationException($"A header that was just made is not taken: {fault}.");
        }

        await sink.PutAsync(new Block(policy.Cid, policy.Block), cancel).ConfigureAwait(false);
        var root = await BlockAsync(Multicodec.DagCbor, header!.Encode(), cancel).ConfigureAwait(false);
        return new PublishedContent(root, body, policy.Cid);
    }

    /// <summary>Seals a file under a policy to nobody: its key is shared among custodians.</summary>
    /// <param name="content">The plaintext.</param>
    /// <param name="policy">The signed policy; it is published too.</param>
    /// <param name="threshold">How many custodians must release their shares.</param>
    /// <param name="custodians">Names and keys.</param>
    /// <param name="owner">Also sealed to these; empty for nobody.</param>
    /// <param name="name">A name for people, sealed with the content.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<(PublishedContent Content, ShareSet Shares)> SealSharedAsync(
        Stream content, SignedPolicy policy, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, IReadOnlyCollection<HpkePublicKey> owner, string? name, CancellationToken cancel)
    {
        await sink.PutAsync(new Block(policy.Cid, policy.Block), cancel).ConfigureAwait(false);
        using var sealer = new ContentSealer(new SealingOptions { Recipients = owner, Policy = policy.Cid, Name = name });
        var body = await BodyAsync(sealer, content, cancel).ConfigureAwait(false);
        using var key = sealer.ExportContentKey();
        var shares = ShareSet.Split(key, threshold, custodians, policy.Cid);
        var root = await BlockAsync(Multicodec.DagCbor, sealer.Finish(body).Encode(), cancel).ConfigureAwait(false);
        return (new PublishedContent(root, body, policy.Cid), shares);
    }

    private async Task<Cid> BodyAsync(ContentSealer sealer, Stream content, CancellationToken cancel)
    {
        var stream = sealer.SealFile(content);
        await using (stream.ConfigureAwait(false))
        {
            return (await UnixFsImporter.ImportAsync(stream, sink, null, cancel).ConfigureAwait(false)).Root;
        }
    }
}
