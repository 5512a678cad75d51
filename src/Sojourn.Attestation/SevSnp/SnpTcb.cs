using System.Runtime.InteropServices;

namespace Sojourn.Attestation.SevSnp;

/// <summary>TCB_VERSION: security version numbers of a platform's parts. Turin moved them.</summary>
/// <param name="Fmc">First mutable code; 0 before Turin.</param>
/// <param name="BootLoader">The secure processor's boot loader.</param>
/// <param name="Tee">Its operating system.</param>
/// <param name="Snp">The SNP firmware.</param>
/// <param name="Microcode">The microcode.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SnpTcb(int Fmc, int BootLoader, int Tee, int Snp, int Microcode)
{
    internal static SnpTcb Read(ReadOnlySpan<byte> tcb, SnpProduct product) => product == SnpProduct.Turin
        ? new SnpTcb(tcb[0], tcb[1], tcb[2], tcb[3], tcb[7])
        : new SnpTcb(0, tcb[0], tcb[1], tcb[6], tcb[7]);

    internal bool AtLeast(SnpTcbFloor floor) =>
        Fmc >= floor.Fmc && BootLoader >= floor.BootLoader && Tee >= floor.Tee && Snp >= floor.Snp && Microcode >= floor.Microcode;

    /// <summary>The numbers with their names.</summary>
    public override string ToString() => $"boot loader {BootLoader}, TEE {Tee}, SNP {Snp}, microcode {Microcode}" + (Fmc > 0 ? $", FMC {Fmc}" : "");
}
