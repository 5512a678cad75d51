using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>Proofs that a node holds a job's inputs, as nodes make and check them.</summary>
internal static class Possession
{
    /// <summary>Computes this node's proof, from its own store alone: what had to be fetched is not held.</summary>
    /// <param name="node">The node.</param>
    /// <param name="job">The job; its round's beacon must be known.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The proof, or null where a chosen leaf is not held.</returns>
    public static async Task<Digest?> ProveAsync(NodeContext node, JobView job, CancellationToken cancel) =>
        job.Round.Beacon is { } beacon ? await PossessionProof.ComputeAsync(node.Held, node.Signer.Address, beacon, job.Terms.Inputs, cancel).ConfigureAwait(false) : null;

    /// <summary>
    /// Computes another node's proof again. A checker that holds the inputs does; one that does not fetches the chosen leaves only where all inputs are plain: of sealed
    /// inputs not a byte is to leave the nodes that store them, and those of the committee who hold them check.
    /// </summary>
    /// <param name="held">What the checker holds.</param>
    /// <param name="content">What it can fetch.</param>
    /// <param name="executor">Whose proof.</param>
    /// <param name="beacon">The round's beacon.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The proof, or null where this checker cannot say.</returns>
    public static async Task<Digest?> RecomputeAsync(IBlockSource? held, IBlockSource content, Address executor, Digest beacon, JobView job, CancellationToken cancel) =>
        (held is null ? null : await PossessionProof.ComputeAsync(held, executor, beacon, job.Terms.Inputs, cancel).ConfigureAwait(false))
        ?? (job.Terms.Inputs.Any(input => input.Codec == Multicodec.DagCbor) ? null : await PossessionProof.ComputeAsync(content, executor, beacon, job.Terms.Inputs, cancel).ConfigureAwait(false));
}
