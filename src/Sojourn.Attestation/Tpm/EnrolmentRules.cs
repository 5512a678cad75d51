using System.Collections.Immutable;

namespace Sojourn.Attestation.Tpm;

/// <summary>Whom an enrolment authority enrols.</summary>
public sealed record EnrolmentRules
{
    /// <summary>Whether an endorsement key without a vendor's chain (swtpm) may be enrolled; its certificate says so, and it counts on development ledgers only. Revoked ones never are.</summary>
    public bool AllowUnendorsed { get; init; }

    /// <summary>Whether a vendor's endorsement counts only where a current revocation list covers its whole chain.</summary>
    public bool RequireRevocation { get; init; }

    /// <summary>The TPMs (<c>tpm-ek:</c> digests) that may be enrolled; empty for any that the other rules admit.</summary>
    public ImmutableHashSet<ChipIdentity> Chips { get; init; } = [];
}
