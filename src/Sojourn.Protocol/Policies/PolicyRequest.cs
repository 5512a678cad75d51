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

    /// <summary>The job. A grant is for this one.</summary>
    public Digest? Job { get; init; }

    /// <summary>The admission of the enclave that is to have the key.</summary>
    public Digest? Admission { get; init; }

    /// <summary>The enclave's key, as the evidence binds it: a key is wrapped to no other.</summary>
    public ReadOnlyMemory<byte> EnclaveKey { get; init; }

    /// <summary>The content whose key is asked for.</summary>
    public Cid? Content { get; init; }

    /// <summary>What the job would do with it.</summary>
    public ContentRoles Role { get; init; }

    /// <summary>The code of the job.</summary>
    public required Cid Code { get; init; }

    /// <summary>Who answers for that code, where a signed app policy lists it (<see cref="AppPolicy.OwnerOf"/>).</summary>
    public Address? CodeOwner { get; init; }

    /// <summary>Modules that are linked with the code: they can see what it sees.</summary>
    public ImmutableArray<LinkedModule> Libraries { get; init; } = [];

    /// <summary>What the evidence proved; null before there is any.</summary>
    public ProofFacts? Proof { get; init; }

    /// <summary>How many verifiers' accepting votes admitted the executor.</summary>
    public int Verifiers { get; init; }

    /// <summary>The executor's regions, as its operator states them; null where they are not known.</summary>
    public ImmutableArray<string>? Regions { get; init; }

    /// <summary>Uses so far: the larger of the keeper's and the ledger's count; null where nobody counted.</summary>
    public long? Uses { get; init; }

    /// <summary>Draws so far, at an offer without this one; null where nobody counted.</summary>
    public long? Draws { get; init; }

    /// <summary>Uses in the policy's period that ends now; null where nobody counted.</summary>
    public long? PeriodUses { get; init; }

    /// <summary>Bytes of output that the uses of that period could make; null where nobody counted.</summary>
    public long? PeriodOutputBytes { get; init; }

    /// <summary>The job's output limit; null where it is not known.</summary>
    public long? OutputBytesMax { get; init; }

    /// <summary>Keys the output is to be sealed to; empty means public.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> OutputRecipients { get; init; } = [];

    /// <summary>Guards that will run over the output.</summary>
    public ImmutableArray<Cid> Guards { get; init; } = [];

    /// <summary>What the job pays for the content, to whom; null where it is not known.</summary>
    public ImmutableDictionary<Address, Amount>? Paid { get; init; }

    /// <summary>Whether the owner has revoked the policy on the ledger or at the keeper, or replaced it; null where nobody looked.</summary>
    public bool? Revoked { get; init; }

    /// <summary>Contents that the job uses, this one among them.</summary>
    public ImmutableArray<Cid> JobContents { get; init; } = [];

    /// <summary>Pool members whose consent stands, each with its records; null where nobody looked.</summary>
    public IReadOnlyDictionary<Address, Cid>? Consents { get; init; }
}

/// <summary>What a job does with a content.</summary>
[Flags]
public enum ContentRoles
{
    /// <summary>Nothing that is known.</summary>
    None = 0,

    /// <summary>Runs it.</summary>
    Program = 1,

    /// <summary>Links it with the program.</summary>
    Library = 2,

    /// <summary>Hands it to the program as data.</summary>
    Input = 4,
}

/// <summary>A module that is linked with a job's code.</summary>
/// <param name="Code">The module.</param>
/// <param name="Owner">Who answers for it (<see cref="AppPolicy.OwnerOf"/>); null where nobody does.</param>
public sealed record LinkedModule(Cid Code, Address? Owner);

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
