namespace Sojourn.Attestation.Devices.ConfigFs;

/// <summary>Makes SEV-SNP or TDX evidence through the kernel's report interface; which of them, the kernel says.</summary>
public sealed class TsmAttester : IAttester
{
    private readonly TsmReportReader reader;
    private readonly int? privilegeLevel;

    /// <summary>Makes an attester.</summary>
    /// <param name="kind"><see cref="EvidenceKind.SevSnp"/> or <see cref="EvidenceKind.Tdx"/>.</param>
    /// <param name="files">The kernel's interface, or a stand-in.</param>
    /// <param name="root">Where it is.</param>
    /// <param name="privilegeLevel">The VMPL to ask for (SNP); null leaves the kernel's.</param>
    public TsmAttester(EvidenceKind kind, ITsmFileSystem? files = null, string root = TsmReportReader.DefaultRoot, int? privilegeLevel = null)
    {
        if (kind is not (EvidenceKind.SevSnp or EvidenceKind.Tdx))
        {
            throw new ArgumentException("The kernel's report interface makes SEV-SNP and TDX evidence.", nameof(kind));
        }

        Kind = kind;
        reader = new TsmReportReader(files ?? new KernelTsmFileSystem(), root);
        this.privilegeLevel = privilegeLevel;
    }

    /// <inheritdoc/>
    public EvidenceKind Kind { get; }

    /// <summary>Whether this machine has the interface.</summary>
    /// <param name="root">Where it would be.</param>
    public static bool IsPresent(string root = TsmReportReader.DefaultRoot) => Directory.Exists(root);

    /// <inheritdoc/>
    /// <exception cref="AttestationDeviceException">The kernel gave no report.</exception>
    public ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var report = reader.Read(reportData.Padded(), privilegeLevel);
        var kind = report.Provider switch
        {
            "sev_guest" => EvidenceKind.SevSnp,
            "tdx_guest" => EvidenceKind.Tdx,
            _ => throw new AttestationDeviceException($"The kernel's report interface is of the platform \"{report.Provider}\"; sev_guest and tdx_guest are known."),
        };
        if (kind != Kind)
        {
            throw new AttestationDeviceException($"This guest makes {kind} evidence, and {Kind} was asked for.");
        }

        var evidence = new Evidence(kind, report.Report);
        if (kind == EvidenceKind.SevSnp && SnpCertificateTable.Certificates(report.Auxiliary) is { Length: > 0 } certificates)
        {
            evidence = evidence.With(EvidencePart.Certificates, certificates);
        }

        return ValueTask.FromResult(evidence.WithBindingOf(reportData));
    }
}
