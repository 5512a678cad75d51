using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>When a policy is asked.</summary>
public enum PolicyStage
{
    /// <summary>A job is being posted or ticketed for: no evidence exists yet.</summary>
    Offer,

    /// <summary>A key would be released: everything must hold.</summary>
    Release,
}

/// <summary>The facts a policy is held against. All of them are arguments: the evaluator knows no clock and no ledger.</summary>
public sealed record PolicyRequest
{
    /// <summary>When it is asked.</summary>
    public required PolicyStage Stage { get; init; }

    /// <summary>The instant.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Who asks.</summary>
    public required Address Requester { get; init; }

    /// <summary>The code of the job.</summary>
    public required Cid Code { get; init; }

    /// <summary>Who owns that code, where a signed app policy says so.</summary>
    public Address? CodeOwner { get; init; }

    /// <summary>What the evidence proved; null before there is any.</summary>
    public ProofFacts? Proof { get; init; }

    /// <summary>How many verifiers' accepting votes admitted the executor.</summary>
    public int Verifiers { get; init; }

    /// <summary>The executor's region, as its operator states it.</summary>
    public string? Region { get; init; }

    /// <summary>Uses so far: the larger of the keeper's and the ledger's count.</summary>
    public long Uses { get; init; }

    /// <summary>Draws so far, this one not counted.</summary>
    public long Draws { get; init; }

    /// <summary>Uses in the running period.</summary>
    public long PeriodUses { get; init; }

    /// <summary>Bytes of output in the running period.</summary>
    public long PeriodOutputBytes { get; init; }

    /// <summary>The job's output limit.</summary>
    public long OutputBytesMax { get; init; }

    /// <summary>Keys the output is to be sealed to; empty means public.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> OutputRecipients { get; init; } = [];

    /// <summary>Guards that will run over the output.</summary>
    public ImmutableArray<Cid> Guards { get; init; } = [];

    /// <summary>What the job pays this owner for the use.</summary>
    public Amount Offered { get; init; }

    /// <summary>Whether the owner has revoked the policy on the ledger, or replaced it.</summary>
    public bool Revoked { get; init; }

    /// <summary>Pool members whose consent stands.</summary>
    public ImmutableHashSet<Address> Consenting { get; init; } = [];
}

/// <summary>What a keeper's own appraisal of the evidence found.</summary>
public sealed record ProofFacts
{
    internal ProofFacts()
    {
    }

    /// <summary>Whether the appraisal policy made from the requirement accepted the evidence as a whole.</summary>
    public bool Accepted { get; internal init; }

    /// <summary>What the evidence proves at most.</summary>
    public TrustLevel Level { get; internal init; }

    /// <summary>What made it.</summary>
    public EvidenceKind Kind { get; internal init; }

    /// <summary>In whose hands the hardware is.</summary>
    public CustodyClass Custody { get; internal init; }

    /// <summary>The vendor's status.</summary>
    public TcbStatus Tcb { get; internal init; }

    /// <summary>The reference set that matched; empty where none did.</summary>
    public string Reference { get; internal init; } = "";

    /// <summary>Whether the chip is known by name.</summary>
    public bool HasChip { get; internal init; }

    /// <summary>The first reason against, in words; empty where accepted.</summary>
    public string Against { get; internal init; } = "";

    /// <summary>Takes over an appraisal that was made under <see cref="ProofRequirement.ToAppraisalPolicy"/>.</summary>
    /// <param name="result">The appraiser's result.</param>
    public static ProofFacts From(AttestationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ProofFacts
        {
            Accepted = result.Accepted && result.Genuine,
            Level = result.Level,
            Kind = result.Kind,
            Custody = result.Custody,
            Tcb = result.Tcb,
            Reference = result.Reference,
            HasChip = result.Chip != ChipIdentity.None,
            Against = result.Reasons.IsEmpty ? "" : result.Reasons[0].Words,
        };
    }
}
