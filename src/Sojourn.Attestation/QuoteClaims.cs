using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>A measured value with a name, such as <c>mrtd</c> or <c>pcr/sha256/7</c>.</summary>
/// <param name="Name">Lower case; the name that reference values use.</param>
/// <param name="Value">The digest.</param>
public sealed record Measurement(string Name, ReadOnlyMemory<byte> Value)
{
    /// <summary>Hexadecimal, lower case.</summary>
    public string Hex => Convert.ToHexStringLower(Value.Span);
}

/// <summary>One statement of the evidence for a person to read.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Value">What is said.</param>
public sealed record ClaimText(string Name, string Value);

/// <summary>What a piece of evidence says; each kind has a record of its own.</summary>
public abstract record QuoteClaims
{
    /// <summary>The bytes that the evidence carries to bind it: report data, nonce or qualifying data.</summary>
    public required ReadOnlyMemory<byte> BoundData { get; init; }

    /// <summary>What was measured.</summary>
    public required ImmutableArray<Measurement> Measurements { get; init; }

    /// <summary>The claims in words, in the order a person would ask for them.</summary>
    public abstract IEnumerable<ClaimText> Describe();

    /// <summary>Whether the evidence carries this report data.</summary>
    /// <param name="expected">What it should carry.</param>
    public virtual bool Carries(ReportData expected) =>
        expected.Bytes.Length <= ReportData.Length && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(BoundData.Span, expected.Padded());

    /// <summary>Whether a launch-time debug facility leaves the memory open.</summary>
    public virtual bool Debug => false;

    /// <summary>When the evidence says it was made; null where it says nothing.</summary>
    public virtual DateTimeOffset? MadeAt => null;

    internal static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    internal static bool IsZero(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;
}
