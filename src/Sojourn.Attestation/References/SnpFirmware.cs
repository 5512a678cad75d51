using System.Buffers.Binary;

namespace Sojourn.Attestation.References;

/// <summary>What the pages of one section of an SEV-SNP firmware are at launch (OVMF, OvmfPkg/ResetVector, SEV metadata).</summary>
public enum SnpSectionKind
{
    /// <summary>Zero pages.</summary>
    Memory = 1,

    /// <summary>The secrets page.</summary>
    Secrets = 2,

    /// <summary>The CPUID page.</summary>
    Cpuid = 3,

    /// <summary>The calling area of a secure service module: zero pages where there is none.</summary>
    CallingArea = 4,

    /// <summary>The page with the digests of kernel, initial file system and command line; zero pages without direct boot.</summary>
    KernelHashes = 0x10,
}

/// <summary>One section.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Bytes, whole pages.</param>
/// <param name="Kind">What is there.</param>
public sealed record SnpSection(ulong Address, uint Length, SnpSectionKind Kind);

/// <summary>An OVMF image's own description of what a monitor measures beside it: the GUIDed table before the reset vector, and the metadata that it points to.</summary>
public sealed class SnpFirmware
{
    private const int SectionsMax = 64;
    private const ulong FourGigabytes = 1UL << 32;
    private const uint SectionLengthMax = 64 * 1024 * 1024;

    private SnpFirmware(ReadOnlyMemory<byte> image, IReadOnlyList<SnpSection> sections, uint? hashTable, uint? resetAddress)
    {
        Image = image;
        Sections = sections;
        HashTableAddress = hashTable;
        ResetAddress = resetAddress;
    }

    /// <summary>The whole file.</summary>
    public ReadOnlyMemory<byte> Image { get; }

    /// <summary>Where the file lies: it ends at 4 GiB.</summary>
    public ulong Address => FourGigabytes - (ulong)Image.Length;

    /// <summary>The sections, in the order in which they are measured.</summary>
    public IReadOnlyList<SnpSection> Sections { get; }

    /// <summary>Where the firmware expects the table of the kernel's digests; null where it measures no kernel.</summary>
    public uint? HashTableAddress { get; }

    /// <summary>Where the second and later processors start; null where the firmware does not say.</summary>
    public uint? ResetAddress { get; }

    /// <summary>Reads an image; null where it has no readable table or no SEV metadata.</summary>
    /// <param name="image">The firmware file, whole pages.</param>
    public static SnpFirmware? TryRead(ReadOnlyMemory<byte> image)
    {
        if (image.Length is 0 or > 256 * 1024 * 1024 || image.Length % 4096 != 0 || FirmwareTable.TryRead(image) is not { } table
            || table.Find("dc886566-984a-4798-a75e-5585a7bf67cc") is not { Length: >= 4 } pointer)
        {
            return null;
        }

        return Sectioned(image.Span, image.Length - (long)U32(pointer.Span)) is not { } sections ? null
            : new SnpFirmware(image, sections, Number(table, "7255371f-3a3b-4b04-927b-1da6efa8d454"), Number(table, "00f771de-1a7e-4fcb-890e-68c77e2fb44e"));
    }

    private static List<SnpSection>? Sectioned(ReadOnlySpan<byte> span, long at)
    {
        if (at < 0 || at > span.Length - 16 || !span[(int)at..].StartsWith("ASEV"u8))
        {
            return null;
        }

        var count = U32(span[((int)at + 12)..]);
        if (count > SectionsMax || at + 16 + (12 * (long)count) > span.Length)
        {
            return null;
        }

        var sections = new List<SnpSection>();
        for (var i = 0; i < count; i++)
        {
            var entry = span.Slice((int)at + 16 + (12 * i), 12);
            var (address, length, kind) = (U32(entry), U32(entry[4..]), (SnpSectionKind)U32(entry[8..]));
            if (!Enum.IsDefined(kind) || address % 4096 != 0 || length % 4096 != 0 || length > SectionLengthMax)
            {
                return null;
            }

            sections.Add(new SnpSection(address, length, kind));
        }

        return sections;
    }

    private static uint? Number(FirmwareTable table, string guid) => table.Find(guid) is { Length: >= 4 } bytes ? U32(bytes.Span) : null;

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
