using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>What an owner allows. Nothing is allowed that the policy does not say.</summary>
public abstract record OwnerPolicy
{
    private protected OwnerPolicy()
    {
    }

    /// <summary>A line for people.</summary>
    public required string Title { get; init; }

    /// <summary>Who owns the content and signs the policy.</summary>
    public required Address Owner { get; init; }

    /// <summary>Counts up when the owner changes the policy.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>The policy that this one replaces.</summary>
    public Cid? Replaces { get; init; }

    /// <summary>In force from then on.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>In force until then.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Who may ask; nobody where it is empty and <see cref="AnyRequester"/> is off.</summary>
    public ImmutableArray<Address> Requesters { get; init; } = [];

    /// <summary>Whether anybody may ask.</summary>
    public bool AnyRequester { get; init; }

    /// <summary>What the executor must prove.</summary>
    public ProofRequirement Proof { get; init; } = new();

    /// <summary>How often the content may be used.</summary>
    public UseLimits Limits { get; init; } = new();

    /// <summary>What a use costs and who gets it.</summary>
    public PriceRule Price { get; init; } = new();

    /// <summary>What is wrong with the values, or null.</summary>
    public virtual string? Fault() =>
        Title.Length is 0 or > 200 ? "the title has 1 to 200 characters"
        : Owner.IsZero ? "the owner is missing"
        : Revision < 1 ? "the revision counts from 1"
        : NotAfter <= NotBefore ? "the policy ends before it begins"
        : Limits.Fault() ?? Price.Fault();
}

/// <summary>How often content may be used.</summary>
public sealed record UseLimits
{
    /// <summary>Most uses in all: keys released. Null for any number.</summary>
    public long? Uses { get; init; }

    /// <summary>Most draws in all: a poster who walks away once the beacon is known used one up. Null for any number.</summary>
    public long? Draws { get; init; }

    /// <summary>The length of a budget period; null for no budget.</summary>
    public TimeSpan? Period { get; init; }

    /// <summary>Most uses in a period.</summary>
    public long? PeriodUses { get; init; }

    /// <summary>Most bytes of output in a period, over all uses.</summary>
    public long? PeriodOutputBytes { get; init; }

    internal string? Fault() =>
        Uses is < 0 || Draws is < 0 || PeriodUses is < 0 || PeriodOutputBytes is < 0 ? "a limit is below zero"
        : Period is { } period && (period < TimeSpan.FromSeconds(1) || period > TimeSpan.FromDays(3660)) ? "a period is one second to ten years"
        : Period is null && (PeriodUses is not null || PeriodOutputBytes is not null) ? "a budget needs a period"
        : null;
}

/// <summary>What a use costs.</summary>
public sealed record PriceRule
{
    /// <summary>Price of one use, in the token's smallest units.</summary>
    public Amount PerUse { get; init; }

    /// <summary>Who gets how many parts of it; the owner gets all where it is empty.</summary>
    public ImmutableArray<PayShare> Shares { get; init; } = [];

    /// <summary>All parts together.</summary>
    public long PartsTotal => Shares.Sum(share => (long)share.Parts);

    internal string? Fault() =>
        Shares.Any(share => share.Parts < 1 || share.To.IsZero) ? "a share has an account and at least one part"
        : Shares.Select(share => share.To).Distinct().Count() != Shares.Length ? "an account has two shares"
        : Shares.Length > PolicyCodec.ListMax ? "too many shares"
        : null;

    /// <inheritdoc/>
    public bool Equals(PriceRule? other) => other is not null && PerUse == other.PerUse && Shares.SequenceEqual(other.Shares);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PerUse, Shares.Length);
}

/// <summary>One account's part of a price.</summary>
/// <param name="To">The account.</param>
/// <param name="Parts">Its parts.</param>
public sealed record PayShare(Address To, int Parts);
