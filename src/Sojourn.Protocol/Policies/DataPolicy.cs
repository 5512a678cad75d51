using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>A data owner's policy.</summary>
public sealed record DataPolicy : OwnerPolicy
{
    /// <summary>Code that may see the data: programs, and libraries that are linked with them.</summary>
    public ImmutableArray<Cid> Code { get; init; } = [];

    /// <summary>Owners whose code may see the data: the sealed modules that their signed policies list, also later ones.</summary>
    public ImmutableArray<Address> AppOwners { get; init; } = [];

    /// <summary>What may come out.</summary>
    public OutputRule Output { get; init; } = new();

    /// <summary>The many owners of one data set; null for a single owner.</summary>
    public PoolRule? Pool { get; init; }

    /// <inheritdoc/>
    public override string? Fault() => base.Fault() ?? Output.Fault() ?? Pool?.Fault()
        ?? (Pool is not null && !Price.Shares.IsEmpty ? "in a pool each member is paid for its own records: leave Shares out" : null);

    /// <inheritdoc/>
    public bool Equals(DataPolicy? other) => other is not null && PolicyCodec.SameEncoding(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Title, Owner, Revision);
}

/// <summary>What may come out of a job.</summary>
public sealed record OutputRule
{
    /// <summary>Most bytes of output.</summary>
    /// <value>64 KiB: enough for statistics, too little for records.</value>
    public long BytesMax { get; init; } = 64 << 10;

    /// <summary>Public keys (P-256, uncompressed) that the output may be sealed to.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Recipients { get; init; } = [];

    /// <summary>Whether the requester chooses who may read the output.</summary>
    public bool AnyRecipient { get; init; }

    /// <summary>Whether the output may be public.</summary>
    public bool Public { get; init; }

    /// <summary>Modules that look at the output inside the enclave and may refuse it or strike ranges out. All must run.</summary>
    public ImmutableArray<Cid> Guards { get; init; } = [];

    internal string? Fault() =>
        BytesMax is < 0 or > 1L << 40 ? "the output's size is out of bounds"
        : Recipients.Any(key => key.Length != 65) ? "a recipient's key is 65 bytes (P-256, uncompressed)"
        : !AnyRecipient && !Public && Recipients.IsEmpty ? "nobody may read the output: name recipients, or let the requester choose, or make it public"
        : null;

    /// <inheritdoc/>
    public bool Equals(OutputRule? other) => other is not null && PolicyCodec.SameEncoding(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(BytesMax, Recipients.Length, AnyRecipient, Public, Guards.Length);
}

/// <summary>Many single owners of one data set. Each seals its own records under its own key, consents by signature, is paid, and may withdraw: its keeper then drops the key, and the records are gone for everyone.</summary>
public sealed record PoolRule
{
    /// <summary>The owners.</summary>
    public ImmutableArray<Address> Members { get; init; } = [];

    /// <summary>The least number of members whose consent stands: below it the pool says too much about each.</summary>
    public int MembersMin { get; init; } = 1;

    internal string? Fault() =>
        Members.IsEmpty ? "a pool has members"
        : Members.Distinct().Count() != Members.Length ? "a member is named twice"
        : MembersMin < 1 || MembersMin > Members.Length ? "the least number of members is between 1 and their number"
        : null;

    /// <inheritdoc/>
    public bool Equals(PoolRule? other) => other is not null && MembersMin == other.MembersMin && Members.SequenceEqual(other.Members);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MembersMin, Members.Length);
}
