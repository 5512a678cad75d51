using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>The answer to "is it acceptable?" (RFC 9334, Attestation Result). Only <see cref="Appraiser"/> makes one.</summary>
public sealed class AttestationResult
{
    internal AttestationResult()
    {
    }

    /// <summary>Whether the policy accepts the evidence.</summary>
    public bool Accepted { get; internal init; }

    /// <summary>Whether the evidence was genuine; false makes everything below it unverified.</summary>
    public bool Genuine { get; internal init; }

    /// <summary>What made the evidence.</summary>
    public EvidenceKind Kind { get; internal init; }

    /// <summary>What it proves at most.</summary>
    public TrustLevel Level { get; internal init; }

    /// <summary>The silicon's name.</summary>
    public ChipIdentity Chip { get; internal init; } = ChipIdentity.None;

    /// <summary>In whose hands the hardware is.</summary>
    public CustodyClass Custody { get; internal init; }

    /// <summary>Who says so.</summary>
    public string CustodyEndorser { get; internal init; } = "";

    /// <summary>Who stands at the end of the chain.</summary>
    public AnchorClass Anchor { get; internal init; }

    /// <summary>That root's name.</summary>
    public string AnchorName { get; internal init; } = "";

    /// <summary>The vendor's status of the platform.</summary>
    public TcbStatus Tcb { get; internal init; }

    /// <summary>The vendor's advisories that apply.</summary>
    public ImmutableArray<string> Advisories { get; internal init; } = [];

    /// <summary>Every reason against; empty where accepted.</summary>
    public ImmutableArray<Reason> Reasons { get; internal init; } = [];

    /// <summary>The trustworthiness vector.</summary>
    public TrustVector Vector { get; internal init; } = new();

    /// <summary>The reference set that matched; empty where none did.</summary>
    public string Reference { get; internal init; } = "";

    /// <summary>What the evidence says.</summary>
    public QuoteClaims? Claims { get; internal init; }

    /// <summary>The policy's name.</summary>
    public string PolicyName { get; internal init; } = "";

    /// <summary>SHA-256 of the policy's canonical text.</summary>
    public ReadOnlyMemory<byte> PolicyDigest { get; internal init; }

    /// <summary>SHA-256 of the evidence's encoding.</summary>
    public ReadOnlyMemory<byte> EvidenceDigest { get; internal init; }

    /// <summary>SHA-256 of the collateral.</summary>
    public ReadOnlyMemory<byte> CollateralDigest { get; internal init; }

    /// <summary>The time the appraisal was made for.</summary>
    public DateTimeOffset AppraisedAt { get; internal init; }

    /// <summary>Until when certificates and collateral hold.</summary>
    public DateTimeOffset ValidUntil { get; internal init; }

    /// <summary>Whether a reason of this code is among the reasons.</summary>
    /// <param name="code">The code.</param>
    public bool Has(ReasonCode code) => Reasons.Any(reason => reason.Code == code);

    /// <summary>Whether a verifier's fault is among the reasons.</summary>
    /// <param name="fault">The fault.</param>
    public bool Has(QuoteFault fault) => Reasons.Any(reason => reason.Fault == fault);
}
