using System.Collections.Immutable;
using Sojourn.Attestation;

namespace Sojourn.Protocol.Policies;

/// <summary>What an executor's machine must prove before a key is released to it. Defaults are strict: what is not said is not allowed.</summary>
public sealed record ProofRequirement
{
    /// <summary>The least level.</summary>
    /// <value><see cref="TrustLevel.Tee"/>: a policy that names no level means that.</value>
    public TrustLevel Level { get; init; } = TrustLevel.Tee;

    /// <summary>Kinds of evidence that will do; empty means every kind of real hardware. Simulated evidence must be named.</summary>
    public ImmutableArray<EvidenceKind> Kinds { get; init; } = [];

    /// <summary>The least custody class.</summary>
    public CustodyClass Custody { get; init; }

    /// <summary>Vendor statuses that will do, where the technology has them.</summary>
    public ImmutableArray<TcbStatus> TcbStatuses { get; init; } = [TcbStatus.UpToDate, TcbStatus.SWHardeningNeeded];

    /// <summary>The least evaluation data number (Intel); 0 for any.</summary>
    public int TcbEvaluationMin { get; init; }

    /// <summary>Measured states that will do; one of them must hold.</summary>
    public ImmutableArray<ReferenceSet> Measurements { get; init; } = [];

    /// <summary>Whether any measured state will do: then nothing says that the enclave is Sojourn's.</summary>
    public bool AnyMeasurement { get; init; }

    /// <summary>Whether the platform must show which chip it is.</summary>
    public bool RequireChip { get; init; }

    /// <summary>Whether revocation lists must have been checked.</summary>
    public bool RequireRevocation { get; init; } = true;

    /// <summary>Regions that will do, as operators state them; empty for any. A region is the operator's word.</summary>
    public ImmutableArray<string> Regions { get; init; } = [];

    /// <summary>The least number of verifiers whose accepting votes admitted the executor.</summary>
    public int VerifiersMin { get; init; } = 1;

    /// <summary>How old a time stated inside the evidence may be.</summary>
    /// <value>One hour.</value>
    public TimeSpan AgeMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The appraisal policy that a keeper applies to the evidence itself.</summary>
    /// <param name="name">A name for results.</param>
    /// <param name="developmentLedger">Whether the ledger's genesis says development; from the ledger, never from the attester.</param>
    public AppraisalPolicy ToAppraisalPolicy(string name, bool developmentLedger) => new()
    {
        Name = name,
        MinimumLevel = Level,
        Kinds = [.. Kinds],
        DevelopmentLedger = developmentLedger,
        ReferenceValues = [.. Measurements.Select(set => set with { Values = set.Values.Remove(ReferenceSet.KnownFiles) })],
        KnownFiles = [.. Measurements.SelectMany(set => set.Values.GetValueOrDefault(ReferenceSet.KnownFiles) ?? [])],
        AnyMeasurement = AnyMeasurement,
        TcbStatuses = [.. TcbStatuses],
        TcbEvaluationMinimum = TcbEvaluationMin,
        RequireRevocation = RequireRevocation,
        MinimumCustody = Custody,
        RequireChip = RequireChip,
        // A TPM's evidence brings the key that works in the quoted state alone: what is released is wrapped to it besides.
        RequireWrapKey = Level == TrustLevel.Tpm,
        AgeMaximum = AgeMax,
    };

    /// <summary>The name of a kind, as policies write it.</summary>
    /// <param name="kind">The kind.</param>
    public static string NameOf(EvidenceKind kind) => kind switch
    {
        EvidenceKind.Simulated => "simulated",
        EvidenceKind.Tpm => "tpm",
        EvidenceKind.SevSnp => "sev-snp",
        EvidenceKind.Tdx => "tdx",
        EvidenceKind.Sgx => "sgx",
        EvidenceKind.Nitro => "nitro",
        EvidenceKind.AzureSnp => "azure-snp",
        EvidenceKind.AzureTdx => "azure-tdx",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The name of a custody class, as policies write it.</summary>
    /// <param name="custody">The class.</param>
    public static string NameOf(CustodyClass custody) => custody switch
    {
        CustodyClass.Unknown => "unknown",
        CustodyClass.KnownOperator => "known-operator",
        CustodyClass.EndorsedDataCentre => "endorsed-data-centre",
        _ => throw new ArgumentOutOfRangeException(nameof(custody)),
    };

    /// <inheritdoc/>
    public bool Equals(ProofRequirement? other) => other is not null && PolicyCodec.SameEncoding(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Level, Kinds.Length, Custody, Measurements.Length);
}
