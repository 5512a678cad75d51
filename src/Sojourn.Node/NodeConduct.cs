using Sojourn.Node.Executing;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Node;

/// <summary>How a node acts where it could cheat. There is one conduct outside tests; tests derive others to see that each is found out.</summary>
internal class NodeConduct
{
    /// <summary>The conduct of every real node.</summary>
    public static NodeConduct Honest { get; } = new();

    /// <summary>Starts what speaks as the enclave.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cancel">Stops waiting.</param>
    public virtual async Task<IEnclaveRun> StartEnclaveAsync(NodeContext node, CancellationToken cancel) =>
        new EnclaveRun(await node.Enclaves.TakeAsync(cancel).ConfigureAwait(false), node.Content, node.Store);

    /// <summary>The proof of possession that is claimed.</summary>
    /// <param name="proved">What the node can prove; null where it does not hold the inputs.</param>
    public virtual Digest? Possession(Digest? proved) => proved;

    /// <summary>The commitment that is sent.</summary>
    /// <param name="job">The job.</param>
    /// <param name="commitment">What the node's own result commits to.</param>
    public virtual Digest Commitment(in Digest job, in Digest commitment) => commitment;

    /// <summary>Whether the node says on the ledger that it cannot run a job.</summary>
    public virtual bool Admits => true;

    /// <summary>Whether a committed result is revealed.</summary>
    public virtual bool Reveals => true;

    /// <summary>Called after a commitment was applied.</summary>
    /// <param name="node">The node.</param>
    /// <param name="sent">The commitment.</param>
    /// <param name="cancel">Stops waiting.</param>
    public virtual Task CommittedAsync(NodeContext node, ResultCommit sent, CancellationToken cancel) => Task.CompletedTask;

    /// <summary>The verdict that is voted.</summary>
    /// <param name="found">What the node's check found.</param>
    public virtual VoteVerdict Verdict(VoteVerdict found) => found;

    /// <summary>The judgement that is sent of a result.</summary>
    /// <param name="found">What the checker said.</param>
    public virtual bool Judgement(bool found) => found;
}
