using System.Buffers.Binary;

namespace Sojourn.Attestation.References;

/// <summary>
/// The register state in which a monitor starts a virtual processor of an SEV-SNP guest, as the page that is measured (AMD Architecture Programmer's Manual, volume 2, table B-4;
/// the values are those of a processor after reset, with what KVM and the monitor add).
/// </summary>
public static class SnpSaveArea
{
    /// <summary>Where the first processor starts.</summary>
    public const uint FirstAddress = 0xFFFFFFF0;

    private const ushort Data = 0x93;

    /// <summary>The page as QEMU makes it.</summary>
    /// <param name="address">Where the processor starts.</param>
    /// <param name="signature">CPUID 1 EAX of the processor's model, which reset leaves in RDX.</param>
    /// <param name="features">SEV_FEATURES; 1 is SNP alone.</param>
    public static byte[] Qemu(uint address, uint signature, ulong features = 1)
    {
        var page = new byte[4096];
        foreach (var at in (ReadOnlySpan<int>)[0x00, 0x20, 0x30, 0x40, 0x50])
        {
            Segment(page, at, 0, Data, 0);
        }

        Segment(page, 0x10, 0xF000, 0x9B, address & 0xFFFF0000);
        Segment(page, 0x60, 0, 0, 0);
        Segment(page, 0x70, 0, 0x82, 0);
        Segment(page, 0x80, 0, 0, 0);
        Segment(page, 0x90, 0, 0x8B, 0);
        Word(page, 0x0D0, 0x1000);
        Word(page, 0x148, 0x40);
        Word(page, 0x158, 0x10);
        Word(page, 0x160, 0x400);
        Word(page, 0x168, 0xFFFF0FF0);
        Word(page, 0x170, 2);
        Word(page, 0x178, address & 0xFFFF);
        Word(page, 0x268, 0x0007040600070406);
        Word(page, 0x310, signature);
        Word(page, 0x3B0, features);
        Word(page, 0x3E8, 1);
        return page;
    }

    /// <summary>CPUID 1 EAX of a processor (AMD publication 25481, Fn0000_0001_EAX).</summary>
    /// <param name="family">The family, extended part added in.</param>
    /// <param name="model">The model, extended part included.</param>
    /// <param name="stepping">The stepping.</param>
    public static uint Signature(int family, int model, int stepping)
    {
        var (low, high) = family > 0xF ? (0xF, family - 0xF) : (family, 0);
        return (uint)((high << 20) | ((model >> 4) << 16) | (low << 8) | ((model & 0xF) << 4) | (stepping & 0xF));
    }

    private static void Segment(Span<byte> page, int at, ushort selector, ushort attributes, ulong address)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(page[at..], selector);
        BinaryPrimitives.WriteUInt16LittleEndian(page[(at + 2)..], attributes);
        BinaryPrimitives.WriteUInt32LittleEndian(page[(at + 4)..], 0xFFFF);
        Word(page, at + 8, address);
    }

    private static void Word(Span<byte> page, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(page[at..], value);
}
