using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>Evidence that is genuine. Only <see cref="Verifier"/> makes one, so holding it is the proof that the check was done.</summary>
public sealed class VerifiedQuote
{
    internal VerifiedQuote(EvidenceKind kind, QuoteClaims claims)
    {
        Kind = kind;
        Claims = claims;
    }

    /// <summary>What made the evidence.</summary>
    public EvidenceKind Kind { get; }

    /// <summary>What it says.</summary>
    public QuoteClaims Claims { get; }

    /// <summary>What it can prove at most.</summary>
    public TrustLevel Level { get; internal init; }

    /// <summary>The silicon's name.</summary>
    public ChipIdentity Chip { get; internal init; } = ChipIdentity.None;

    /// <summary>Other names of the same silicon that the signed evidence shows; it is revoked by any of them, and never recognised by them.</summary>
    public ImmutableArray<ChipIdentity> Aliases { get; internal init; } = [];

    /// <summary>In whose hands the hardware is.</summary>
    public CustodyClass Custody { get; internal init; }

    /// <summary>Who says so; empty where nobody does.</summary>
    public string CustodyEndorser { get; internal init; } = "";

    /// <summary>Who stands at the end of the chain.</summary>
    public AnchorClass Anchor { get; internal init; }

    /// <summary>That root's name.</summary>
    public string AnchorName { get; internal init; } = "";

    /// <summary>How current the platform is, by the vendor's own list.</summary>
    public TcbStatus Tcb { get; internal init; }

    /// <summary>The vendor's advisories that apply.</summary>
    public ImmutableArray<string> Advisories { get; internal init; } = [];

    /// <summary>Whether a current revocation list was checked for every certificate below the root.</summary>
    public bool RevocationChecked { get; internal init; }

    /// <summary>Until when certificates and collateral hold.</summary>
    public DateTimeOffset ValidUntil { get; internal init; } = DateTimeOffset.MaxValue;

    /// <summary>When the verifier looked.</summary>
    public DateTimeOffset VerifiedAt { get; internal init; }

    /// <summary>SHA-256 of the evidence's encoding.</summary>
    public ReadOnlyMemory<byte> EvidenceDigest { get; internal init; }

    /// <summary>SHA-256 over the collateral that was used.</summary>
    public ReadOnlyMemory<byte> CollateralDigest { get; internal init; }

    /// <summary>What the evidence says it is bound to, where it says so; its digest is not yet compared.</summary>
    public JobBinding? Binding { get; internal init; }
}
