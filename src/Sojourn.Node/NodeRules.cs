using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Node;

/// <summary>What the operator allows. The node draws no ticket for a job that breaks one of these.</summary>
public sealed record NodeRules
{
    /// <summary>Whether the node draws tickets at all.</summary>
    /// <value>Default true; <c>drain</c> and <c>pause</c> clear it.</value>
    public bool TakesJobs { get; init; } = true;

    /// <summary>How many jobs may run here at once.</summary>
    /// <value>Default 2.</value>
    public int JobsMax { get; init; } = 2;

    /// <summary>The most memory that one job may ask for, in MiB.</summary>
    /// <value>Default 4,096.</value>
    public uint MemoryMebibytesMax { get; init; } = 4096;

    /// <summary>The most fuel that one job may ask for.</summary>
    /// <value>Default: no bound but the job's own.</value>
    public ulong FuelMax { get; init; } = ulong.MaxValue;

    /// <summary>Requesters whose jobs are taken; empty for any.</summary>
    public ImmutableHashSet<Address> Requesters { get; init; } = [];

    /// <summary>Requesters whose jobs are not taken.</summary>
    public ImmutableHashSet<Address> Refused { get; init; } = [];

    /// <summary>The least pay for which a job is run.</summary>
    public Amount PayMin { get; init; }

    /// <summary>Hours of the day (UTC) in which jobs are taken; empty for all.</summary>
    public ImmutableHashSet<int> Hours { get; init; } = [];
}
