using System.Collections.Concurrent;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Operating;

/// <summary>How far the jobs are that run at a node, as their enclaves tell: a stage and, while a guest runs that no guard watches, hundredths of its fuel. Anybody may know it.</summary>
public sealed class JobProgress
{
    private readonly ConcurrentDictionary<Digest, EnclaveProgress> _jobs = new();

    /// <summary>How far a job is here; null where it does not run.</summary>
    /// <param name="job">The job.</param>
    public EnclaveProgress? Of(in Digest job) => _jobs.TryGetValue(job, out var progress) ? progress : null;

    internal void Set(in Digest job, EnclaveProgress progress) => _jobs[job] = progress;

    internal void Remove(in Digest job) => _jobs.TryRemove(job, out _);
}
