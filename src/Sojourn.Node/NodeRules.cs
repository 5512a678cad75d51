using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Node;

/// <summary>What the operator allows. The node draws no ticket for a job that breaks one of these.</summary>
public sealed record NodeRules
{
    /// <summary>Whether the node executes jobs at all; it may verify others' evidence without.</summary>
    /// <value>Default true.</value>
    public bool Executes { get; init; } = true;

    /// <summary>Whether the node verifies others' evidence.</summary>
    /// <value>Default true.</value>
    public bool Verifies { get; init; } = true;

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

    /// <summary>Programs that are run; empty for any.</summary>
    public ImmutableHashSet<Cid> Programs { get; init; } = [];

    /// <summary>Programs and data that are never touched.</summary>
    public ImmutableHashSet<Cid> RefusedContents { get; init; } = [];

    /// <summary>The least pay for which a job is run.</summary>
    public Amount PayMin { get; init; }

    /// <summary>Hours of the day (UTC) in which jobs are taken; empty for all.</summary>
    public ImmutableHashSet<int> Hours { get; init; } = [];

    /// <summary>The most bytes that the node's store and results may take on disk; outputs of jobs count.</summary>
    /// <value>Default: no bound.</value>
    public long DiskBytesMax { get; init; } = long.MaxValue;

    /// <summary>How many bytes must stay free on the disk.</summary>
    /// <value>Default 256 MiB.</value>
    public long DiskFreeMin { get; init; } = 256 << 20;

    /// <summary>The most bytes fetched from others in one UTC day; a job that is running may go on above it.</summary>
    /// <value>Default: no bound.</value>
    public long FetchedBytesPerDay { get; init; } = long.MaxValue;
}
