using Sojourn.Primitives;
using Sojourn.Protocol.Sortition;
using Sojourn.Protocol.Views;

namespace Sojourn.Node;

/// <summary>This node's proof that it holds a job's inputs; see <see cref="PossessionProof"/>.</summary>
internal static class Possession
{
    /// <summary>Computes the proof.</summary>
    /// <param name="node">The node; blocks come from its own store.</param>
    /// <param name="job">The job; its round's beacon must be known.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The proof, or null where a chosen leaf is not held.</returns>
    public static async Task<Digest?> ProveAsync(NodeContext node, JobView job, CancellationToken cancel) =>
        job.Round.Beacon is { } beacon ? await PossessionProof.ComputeAsync(node.Content, node.Signer.Address, beacon, job.Terms.Inputs, cancel).ConfigureAwait(false) : null;
}
