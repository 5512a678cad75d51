using System.Collections.Immutable;

namespace Sojourn.Attestation.Results;

/// <summary>One reason as a signed result carries it.</summary>
/// <param name="Name">The closed name of the reason or fault.</param>
/// <param name="Words">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ResultReason(string Name, string Words, string Remedy);

/// <summary>
/// The claims of a signed attestation result: an EAT Attestation Result (RFC 9711 and draft-ietf-rats-ear) with one submodule, and digests of what the verdict is about.
/// </summary>
public sealed record ResultClaims
{
    /// <summary>The profile that names this set of claims.</summary>
    public const string Profile = "tag:github.com,2023:veraison/ear";

    /// <summary>The submodule that the verdict is about.</summary>
    public const string Submodule = "machine";

    /// <summary>Who appraised.</summary>
    public required string Issuer { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>Until when the result may be relied on: never longer than certificates and collateral hold.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The challenge or report data that the evidence had to carry.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>Whether the policy accepts.</summary>
    public required bool Accepted { get; init; }

    /// <summary>What made the evidence.</summary>
    public required string Kind { get; init; }

    /// <summary>What it proves at most.</summary>
    public required string Level { get; init; }

    /// <summary>The silicon's name.</summary>
    public required string Chip { get; init; }

    /// <summary>In whose hands it is.</summary>
    public required string Custody { get; init; }

    /// <summary>Who stands at the end of the chain.</summary>
    public required string Anchor { get; init; }

    /// <summary>The vendor's status of the platform.</summary>
    public required string Tcb { get; init; }

    /// <summary>The vendor's advisories.</summary>
    public required ImmutableArray<string> Advisories { get; init; }

    /// <summary>The trustworthiness vector.</summary>
    public required TrustVector Vector { get; init; }

    /// <summary>The reference set that matched.</summary>
    public required string Reference { get; init; }

    /// <summary>Every reason against.</summary>
    public required ImmutableArray<ResultReason> Reasons { get; init; }

    /// <summary>The policy's name.</summary>
    public required string PolicyName { get; init; }

    /// <summary>SHA-256 of the policy.</summary>
    public required ReadOnlyMemory<byte> PolicyDigest { get; init; }

    /// <summary>SHA-256 of the evidence.</summary>
    public required ReadOnlyMemory<byte> EvidenceDigest { get; init; }

    /// <summary>SHA-256 of the collateral.</summary>
    public required ReadOnlyMemory<byte> CollateralDigest { get; init; }

    /// <summary>EAR's status: a refusal is contraindicated whatever the single claims say.</summary>
    public string Status => Accepted ? TrustVector.TierName(Vector.Status) : "contraindicated";

    /// <summary>Takes the claims out of a result.</summary>
    /// <param name="result">The result.</param>
    /// <param name="issuer">Who appraised.</param>
    /// <param name="expected">What the evidence had to carry.</param>
    /// <param name="life">For how long the result may be relied on at most.</param>
    public static ResultClaims From(AttestationResult result, string issuer, ReportData expected, TimeSpan life)
    {
        var until = result.AppraisedAt + life;
        return new ResultClaims
        {
            Issuer = issuer,
            IssuedAt = result.AppraisedAt,
            Expires = result.Accepted && result.ValidUntil < until ? result.ValidUntil : until,
            Nonce = expected.Bytes.ToArray(),
            Accepted = result.Accepted,
            Kind = result.Kind.ToString(),
            Level = result.Level.Name(),
            Chip = result.Chip.ToString(),
            Custody = result.Custody.ToString(),
            Anchor = $"{result.Anchor}: {result.AnchorName}",
            Tcb = result.Tcb.ToString(),
            Advisories = result.Advisories,
            Vector = result.Vector,
            Reference = result.Reference,
            Reasons = [.. result.Reasons.Select(reason => new ResultReason(reason.Name, reason.Words, reason.Remedy))],
            PolicyName = result.PolicyName,
            PolicyDigest = result.PolicyDigest,
            EvidenceDigest = result.EvidenceDigest,
            CollateralDigest = result.CollateralDigest,
        };
    }
}
