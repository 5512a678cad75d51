using System.Globalization;
using Sojourn.Primitives;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Operating;

/// <summary>Why the node draws no ticket to execute a job: the first of the operator's rules that speaks against it.</summary>
internal static class NodeObjections
{
    /// <summary>The objection in words; null where there is none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="job">The job.</param>
    /// <param name="running">How many jobs run here.</param>
    public static string? Find(NodeContext node, JobView job, int running)
    {
        var (rules, terms, usage) = (node.Rules, job.Terms, node.Usage);
        return !rules.Executes ? "the operator has set that this node does not execute"
            : running >= rules.JobsMax ? Text($"{running} jobs run here already, at most {rules.JobsMax} may")
            : terms.MemoryMebibytes > rules.MemoryMebibytesMax ? Text($"it asks for {terms.MemoryMebibytes} MiB, at most {rules.MemoryMebibytesMax} are given")
            : terms.FuelMax > rules.FuelMax ? Text($"it asks for {terms.FuelMax} fuel, at most {rules.FuelMax} is given")
            : terms.ExecutorPay < rules.PayMin ? $"it pays {terms.ExecutorPay}, at least {rules.PayMin} is asked"
            : !rules.Requesters.IsEmpty && !rules.Requesters.Contains(job.Requester) ? $"its requester {job.Requester} is not among those whose jobs are taken"
            : rules.Refused.Contains(job.Requester) ? $"jobs of its requester {job.Requester} are not taken"
            : !rules.Programs.IsEmpty && !rules.Programs.Contains(terms.Code) ? $"its program {terms.Code} is not among those that are run"
            : Refused(node, job) is { } content ? $"the operator refuses {content}"
            : !rules.Hours.IsEmpty && !rules.Hours.Contains(node.Clock.GetUtcNow().Hour) ? "it came outside the operator's hours"
            : usage.DiskBytes > rules.DiskBytesMax ? Text($"the node uses {usage.DiskBytes} bytes of disk, at most {rules.DiskBytesMax} are given")
            : usage.DiskFree < rules.DiskFreeMin ? Text($"only {usage.DiskFree} bytes are free on the disk, {rules.DiskFreeMin} must stay free")
            : usage.FetchedToday > rules.FetchedBytesPerDay ? Text($"{usage.FetchedToday} bytes were fetched today, at most {rules.FetchedBytesPerDay} may be")
            : null;
    }

    private static Cid? Refused(NodeContext node, JobView job) => job.Terms.Inputs.Prepend(job.Terms.Code).FirstOrDefault(node.Rules.RefusedContents.Contains);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
