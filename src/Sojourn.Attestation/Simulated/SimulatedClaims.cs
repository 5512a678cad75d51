namespace Sojourn.Attestation.Simulated;

/// <summary>What a simulated statement says.</summary>
public sealed record SimulatedClaims : QuoteClaims
{
    /// <summary>When it was made, by its own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The name it gives itself.</summary>
    public required ReadOnlyMemory<byte> Chip { get; init; }

    /// <inheritdoc/>
    public override DateTimeOffset? MadeAt => IssuedAt;

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", "simulated: a program signed this; it proves nothing about hardware");
        yield return new("issued at", IssuedAt.ToString("u"));
        yield return new("measurement", Measurements[0].Hex);
        yield return new("chip", Hex(Chip));
        yield return new("report data", Hex(BoundData));
    }
}
