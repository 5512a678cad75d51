using Sojourn.Cryptography.Sealing;
using Sojourn.Enclave.Fetching;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Jobs;

/// <summary>The job as the enclave itself derived it: from the signed post, by hashes, not from what the node says.</summary>
/// <param name="Assignment">What the node sent.</param>
/// <param name="Id">The job's id, recomputed.</param>
/// <param name="Requester">Who signed the post.</param>
/// <param name="Terms">The terms.</param>
/// <param name="Spec">The specification that the terms name.</param>
/// <param name="Code">The code.</param>
/// <param name="Inputs">The inputs, in the specification's order.</param>
/// <param name="Libraries">The libraries, in the specification's order.</param>
internal sealed record AssignedJob(
    Assignment Assignment, Digest Id, Address Requester, JobTerms Terms, JobSpec Spec, AssignedContent Code,
    IReadOnlyList<AssignedContent> Inputs, IReadOnlyList<AssignedContent> Libraries)
{
    /// <summary>Everything that is read: code, libraries, inputs.</summary>
    public IEnumerable<AssignedContent> Contents => [Code, .. Libraries, .. Inputs];

    /// <summary>Derives the job.</summary>
    /// <param name="assignment">What the node sent.</param>
    /// <param name="blocks">Where blocks come from.</param>
    /// <exception cref="EnclaveException">The post, the specification or a header is not what it should be.</exception>
    public static AssignedJob Derive(Assignment assignment, ChannelBlocks blocks)
    {
        if (SignedTransaction.TryDecode(assignment.Post.Span, out var signed) != Protocol.Reasons.Refusal.None || signed!.Body is not JobPost post)
        {
            throw new EnclaveException(FailReason.Enclave, "the node's assignment holds no job post");
        }

        var id = Identifiers.Job(assignment.Genesis, signed.Sender, signed.Nonce, signed.BodyDigest);
        if (!JobSpec.TryDecode(blocks.Get(post.Terms.Spec).Data.Span, out var spec, out var fault))
        {
            throw new EnclaveException(FailReason.PolicyRefused, fault);
        }

        if (!spec!.Inputs.Select(input => input.Content).SequenceEqual(post.Terms.Inputs))
        {
            throw new EnclaveException(FailReason.PolicyRefused, "the specification's inputs are not those of the job's terms");
        }

        return new AssignedJob(
            assignment, id, signed.Sender, post.Terms, spec,
            AssignedContent.Read(post.Terms.Code, blocks),
            [.. spec.Inputs.Select(input => AssignedContent.Read(input.Content, blocks))],
            [.. spec.Libraries.Select(library => AssignedContent.Read(library.Content, blocks))]);
    }
}

/// <summary>One content of the job: plain, or sealed with its header.</summary>
/// <param name="Content">Its root.</param>
/// <param name="Header">The sealed header; null for plain content. Not authenticated before its key is there.</param>
internal sealed record AssignedContent(Cid Content, SealedHeader? Header)
{
    /// <summary>Looks at a root: a dag-cbor block that is a sealed header makes the content sealed.</summary>
    /// <param name="root">The root.</param>
    /// <param name="blocks">Where blocks come from.</param>
    public static AssignedContent Read(Cid root, ChannelBlocks blocks)
    {
        if (root.Codec != Multicodec.DagCbor)
        {
            return new AssignedContent(root, null);
        }

        var fault = SealedHeader.TryDecode(blocks.Get(root).Data.Span, out var header);
        if (fault != SealedFault.None)
        {
            throw new EnclaveException(FailReason.ContentBroken, $"{root} is dag-cbor but no sealed header ({fault})");
        }

        return header!.Policy is null
            ? throw new EnclaveException(FailReason.PolicyRefused, $"{root} is sealed without a policy, so nothing allows its use")
            : new AssignedContent(root, header);
    }
}
