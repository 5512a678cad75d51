using System.Collections.Immutable;
using Sojourn.Attestation.SevSnp;

namespace Sojourn.Attestation;

/// <summary>What a relying party accepts. Every default is the strict one: what is not said is not allowed.</summary>
public sealed partial record AppraisalPolicy
{
    /// <summary>A name for results and logs.</summary>
    public string Name { get; init; } = "default";

    /// <summary>The least level; <see cref="TrustLevel.Tee"/> where a policy names none.</summary>
    public TrustLevel MinimumLevel { get; init; } = TrustLevel.Tee;

    /// <summary>The kinds that will do; empty means every kind of real hardware. Simulated evidence must be named.</summary>
    public ImmutableSortedSet<EvidenceKind> Kinds { get; init; } = [];

    /// <summary>Whether the ledger's genesis says <c>development</c>: only then do simulated evidence and development roots count. The caller takes it from the ledger, never from the attester.</summary>
    public bool DevelopmentLedger { get; init; }

    /// <summary>Acceptable states; one of them must hold.</summary>
    public ImmutableArray<ReferenceSet> ReferenceValues { get; init; } = [];

    /// <summary>Whether any measurement will do. Off: without <see cref="ReferenceValues"/> everything is refused.</summary>
    public bool AnyMeasurement { get; init; }

    /// <summary>The vendor's statuses that will do (TDX and SGX).</summary>
    public ImmutableSortedSet<TcbStatus> TcbStatuses { get; init; } = [TcbStatus.UpToDate, TcbStatus.SWHardeningNeeded];

    /// <summary>The least evaluation data number of Intel's TCB info; 0 for any.</summary>
    public int TcbEvaluationMinimum { get; init; }

    /// <summary>The least SEV-SNP versions, by product name (<c>Milan</c>, <c>Genoa</c>, <c>Turin</c>).</summary>
    public ImmutableSortedDictionary<string, SnpTcbFloor> SnpMinimum { get; init; } = ImmutableSortedDictionary<string, SnpTcbFloor>.Empty;

    /// <summary>
    /// What an SEV-SNP platform must say of itself. By default that it has looked for aliased memory: without, a memory module that lies about its size breaks every guest, whatever the
    /// versions are. Firmware from before 2025 does not say so.
    /// </summary>
    public ImmutableSortedSet<SnpPlatformFeature> SnpPlatformRequired { get; init; } = [SnpPlatformFeature.AliasCheckComplete];

    /// <summary>What an SEV-SNP platform must not have on, such as simultaneous multithreading.</summary>
    public ImmutableSortedSet<SnpPlatformFeature> SnpPlatformForbidden { get; init; } = [];

    /// <summary>The highest SNP privilege level that may ask for the report; 0 is the most privileged.</summary>
    public int VmplMaximum { get; init; }

    /// <summary>Whether a migration agent may be bound to the guest.</summary>
    public bool AllowMigrationAgent { get; init; }

    /// <summary>Whether debug mode may be on. Nothing is confidential then.</summary>
    public bool AllowDebug { get; init; }

    /// <summary>Whether a TD may run without SEPT_VE_DISABLE.</summary>
    public bool AllowSeptVe { get; init; }

    /// <summary>Whether a current revocation list must have been checked.</summary>
    public bool RequireRevocation { get; init; } = true;

    /// <summary>The least custody class.</summary>
    public CustodyClass MinimumCustody { get; init; }

    /// <summary>Whether the platform must show which chip it is.</summary>
    public bool RequireChip { get; init; }

    /// <summary>The chips that will do; empty for any.</summary>
    public ImmutableHashSet<ChipIdentity> Chips { get; init; } = [];

    /// <summary>The PCRs that a TPM quote must cover (any bank that is strong enough).</summary>
    public ImmutableSortedSet<int> RequiredPcrs { get; init; } = [];

    /// <summary>Whether SHA-1 PCR banks will do.</summary>
    public bool AllowSha1Pcrs { get; init; }

    /// <summary>Whether a TPM-level quote must come with an IMA list in which every entry is known.</summary>
    public bool RequireIma { get; init; } = true;

    /// <summary>File digests (lower-case hexadecimal) that an IMA list may hold.</summary>
    public ImmutableHashSet<string> KnownFiles { get; init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Whether a TPM-level quote must come with the firmware's event log.</summary>
    public bool RequireEventLog { get; init; }

    /// <summary>Whether that log must show secure boot.</summary>
    public bool RequireSecureBoot { get; init; }

    /// <summary>Whether the enclave's keys must be wrapped to a TPM key that is sealed to the quoted PCRs.</summary>
    public bool RequireWrapKey { get; init; }

    /// <summary>How old a time stated inside the evidence may be.</summary>
    public TimeSpan AgeMaximum { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A policy for a development ledger: simulated evidence and development roots count, and any measurement will do.</summary>
    public static AppraisalPolicy Development { get; } = new()
    {
        Name = "development",
        MinimumLevel = TrustLevel.Simulated,
        Kinds = [EvidenceKind.Simulated, EvidenceKind.Tpm, EvidenceKind.SevSnp, EvidenceKind.Tdx, EvidenceKind.Sgx, EvidenceKind.Nitro, EvidenceKind.AzureSnp, EvidenceKind.AzureTdx],
        DevelopmentLedger = true,
        AnyMeasurement = true,
        RequireRevocation = false,
        RequireIma = false,
        SnpPlatformRequired = [],
    };
}

/// <summary>The least versions of an SEV-SNP platform's parts (AMD publication 56860, TCB_VERSION).</summary>
/// <param name="BootLoader">The secure processor's boot loader.</param>
/// <param name="Tee">Its operating system.</param>
/// <param name="Snp">The SNP firmware.</param>
/// <param name="Microcode">The microcode.</param>
/// <param name="Fmc">The first mutable code (Turin on).</param>
public sealed record SnpTcbFloor(int BootLoader, int Tee, int Snp, int Microcode, int Fmc = 0);
