namespace Sojourn.Attestation.SevSnp;

/// <summary>What an SEV-SNP report says.</summary>
public sealed record SnpClaims : QuoteClaims
{
    /// <summary>The report's version.</summary>
    public required int Version { get; init; }

    /// <summary>The generation, by the chip's certificate; unknown where there is none.</summary>
    public required SnpProduct Product { get; init; }

    /// <summary>The guest's policy bits.</summary>
    public required ulong Policy { get; init; }

    /// <summary>The privilege level that asked.</summary>
    public required int Vmpl { get; init; }

    /// <summary>The guest's own version number.</summary>
    public required uint GuestSvn { get; init; }

    /// <summary>Whether the key is a VLEK (loaded by a cloud) rather than the chip's own VCEK.</summary>
    public required bool IsVlek { get; init; }

    /// <summary>The cloud that loaded the VLEK; empty with a VCEK.</summary>
    public required string Csp { get; init; }

    /// <summary>The versions the signing key stands for.</summary>
    public required SnpTcb ReportedTcb { get; init; }

    /// <summary>The versions that run.</summary>
    public required SnpTcb CurrentTcb { get; init; }

    /// <summary>The versions when the guest was launched.</summary>
    public required SnpTcb LaunchTcb { get; init; }

    /// <summary>The chip's number as the report states it; zero where it is hidden.</summary>
    public required ReadOnlyMemory<byte> ChipId { get; init; }

    /// <summary>The host's data at launch.</summary>
    public required ReadOnlyMemory<byte> HostData { get; init; }

    /// <summary>PLATFORM_INFO; see <see cref="SnpPlatformFeature"/> for its bits.</summary>
    public required ulong PlatformInfo { get; init; }

    /// <inheritdoc/>
    public override bool Debug => (Policy & (1UL << 19)) != 0;

    /// <summary>Whether a migration agent may be bound.</summary>
    public bool MigrationAgent => (Policy & (1UL << 18)) != 0;

    /// <summary>Whether the platform says that a feature is on.</summary>
    /// <param name="feature">Which.</param>
    public bool Has(SnpPlatformFeature feature) => (PlatformInfo & (1UL << (int)feature)) != 0;

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", $"AMD SEV-SNP report version {Version}, {(Product == SnpProduct.Unknown ? "generation unknown" : Product.ToString())}");
        yield return new("chip", IsZero(ChipId.Span) ? "hidden" : Hex(ChipId));
        yield return new("signed by", IsVlek ? $"VLEK loaded by {Csp}" : "VCEK of the chip");
        yield return new("firmware", ReportedTcb.ToString());
        yield return new("firmware now", CurrentTcb.ToString());
        yield return new("launch measurement", Measurements[0].Hex);
        yield return new("policy", $"0x{Policy:x}: debug {(Debug ? "ON" : "off")}, migration agent {(MigrationAgent ? "allowed" : "no")}, SMT {((Policy & (1UL << 16)) != 0 ? "allowed" : "no")}");
        yield return new("platform", $"0x{PlatformInfo:x}: {string.Join(", ", Enum.GetValues<SnpPlatformFeature>().Where(Has)) switch { "" => "nothing on", var on => on }}");
        yield return new("privilege level", $"VMPL {Vmpl}");
        yield return new("guest version", GuestSvn.ToString());
        yield return new("host data", Hex(HostData));
        yield return new("report data", Hex(BoundData));
    }
}
