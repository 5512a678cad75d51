namespace Sojourn.Attestation.References;

/// <summary>What is booted directly: QEMU hands the kernel over, and the firmware checks it against the measured digests.</summary>
/// <param name="Kernel">The kernel's file.</param>
/// <param name="InitialFileSystem">The initrd's file; empty where there is none.</param>
/// <param name="CommandLine">The kernel's command line.</param>
public sealed record DirectBoot(ReadOnlyMemory<byte> Kernel, ReadOnlyMemory<byte> InitialFileSystem, string CommandLine);

/// <summary>The launch measurement of a whole SEV-SNP guest as QEMU starts it.</summary>
public static class SnpBoot
{
    private const int ProcessorsMax = 512;

    /// <summary>Computes the measurement.</summary>
    /// <param name="firmware">The firmware image.</param>
    /// <param name="boot">What is booted directly; null where the firmware boots from a disk, which the measurement then says nothing about.</param>
    /// <param name="processors">How many virtual processors.</param>
    /// <param name="signature">CPUID 1 EAX of their model.</param>
    /// <param name="features">SEV_FEATURES; 1 is SNP alone.</param>
    /// <returns>48 bytes, as <c>launch</c> in a report.</returns>
    /// <exception cref="ArgumentException">The firmware cannot measure what is asked.</exception>
    public static byte[] Measure(SnpFirmware firmware, DirectBoot? boot, int processors, uint signature, ulong features = 1)
    {
        ArgumentNullException.ThrowIfNull(firmware);
        var digest = new SnpLaunchDigest().AddNormal(firmware.Address, firmware.Image.Span);
        return AddLaunchState(digest, firmware.Sections, firmware.HashTableAddress, firmware.ResetAddress, boot, processors, signature, features).Value.ToArray();
    }

    internal static SnpLaunchDigest AddLaunchState(
        SnpLaunchDigest digest, IReadOnlyList<SnpSection> sections, uint? hashTable, uint? resetAddress, DirectBoot? boot, int processors, uint signature, ulong features)
    {
        if (boot is not null && (hashTable is null || !sections.Any(section => section.Kind == SnpSectionKind.KernelHashes)))
        {
            throw new ArgumentException("The firmware measures no kernel: it has no place for the kernel's digests (OVMF built for AmdSev has).", nameof(boot));
        }

        if (processors is < 1 or > ProcessorsMax || (processors > 1 && resetAddress is null))
        {
            throw new ArgumentException(processors is < 1 or > ProcessorsMax ? $"A guest has 1 to {ProcessorsMax} processors." : "The firmware does not say where further processors start.", nameof(processors));
        }

        foreach (var section in sections)
        {
            switch (section.Kind)
            {
                case SnpSectionKind.Secrets:
                    digest.AddSecrets(section.Address);
                    break;
                case SnpSectionKind.Cpuid:
                    digest.AddCpuid(section.Address);
                    break;
                case SnpSectionKind.KernelHashes when boot is not null:
                    digest.AddNormal(section.Address, SnpLaunchDigest.KernelHashesPage(boot.Kernel.Span, boot.InitialFileSystem.Span, boot.CommandLine, (int)(hashTable!.Value & 0xFFF)));
                    break;
                default:
                    digest.AddZero(section.Address, (int)section.Length);
                    break;
            }
        }

        for (var i = 0; i < processors; i++)
        {
            digest.AddVmsa(SnpSaveArea.Qemu(i == 0 ? SnpSaveArea.FirstAddress : resetAddress!.Value, signature, features));
        }

        return digest;
    }
}
