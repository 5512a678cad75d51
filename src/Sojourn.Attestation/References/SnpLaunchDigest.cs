using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Attestation.References;

/// <summary>
/// Computes the launch measurement of an SEV-SNP guest page by page (AMD publication 56860, SNP_LAUNCH_UPDATE: LD' = SHA-384(PAGE_INFO)). The caller adds pages in the order
/// in which its virtual machine monitor does.
/// </summary>
public sealed class SnpLaunchDigest
{
    private const int PageLength = 4096;

    /// <summary>The guest-physical address that VMSA pages are measured at.</summary>
    public const ulong VmsaAddress = 0xFFFF_FFFF_F000;

    private readonly byte[] digest;

    /// <summary>Starts before the first page.</summary>
    public SnpLaunchDigest()
        : this(new byte[48])
    {
    }

    private SnpLaunchDigest(byte[] digest) => this.digest = digest;

    /// <summary>The measurement so far: 48 bytes.</summary>
    public ReadOnlySpan<byte> Value => digest;

    /// <summary>Goes on from a measurement that was taken before, such as that of the firmware's image.</summary>
    /// <param name="soFar">48 bytes.</param>
    public static SnpLaunchDigest ContinueFrom(ReadOnlySpan<byte> soFar) =>
        soFar.Length == 48 ? new SnpLaunchDigest(soFar.ToArray()) : throw new ArgumentException("A measurement is 48 bytes.", nameof(soFar));

    /// <summary>Adds pages with content (firmware, kernel hashes).</summary>
    /// <param name="address">Guest-physical address of the first.</param>
    /// <param name="content">Whole pages.</param>
    public SnpLaunchDigest AddNormal(ulong address, ReadOnlySpan<byte> content)
    {
        if (content.Length % PageLength != 0)
        {
            throw new ArgumentException("Whole pages are measured.", nameof(content));
        }

        for (var at = 0; at < content.Length; at += PageLength)
        {
            Update(1, address + (ulong)at, SHA384.HashData(content.Slice(at, PageLength)));
        }

        return this;
    }

    /// <summary>Adds pages that are zero at launch.</summary>
    /// <param name="address">Guest-physical address of the first.</param>
    /// <param name="length">Bytes, whole pages.</param>
    public SnpLaunchDigest AddZero(ulong address, int length)
    {
        for (var at = 0; at < length; at += PageLength)
        {
            Update(3, address + (ulong)at, new byte[48]);
        }

        return this;
    }

    /// <summary>Adds the secrets page.</summary>
    /// <param name="address">Guest-physical address.</param>
    public SnpLaunchDigest AddSecrets(ulong address) => Update(5, address, new byte[48]);

    /// <summary>Adds the CPUID page.</summary>
    /// <param name="address">Guest-physical address.</param>
    public SnpLaunchDigest AddCpuid(ulong address) => Update(6, address, new byte[48]);

    /// <summary>Adds a virtual processor's save area.</summary>
    /// <param name="page">4,096 bytes.</param>
    public SnpLaunchDigest AddVmsa(ReadOnlySpan<byte> page) => page.Length == PageLength ? Update(2, VmsaAddress, SHA384.HashData(page)) : throw new ArgumentException("A save area is one page.", nameof(page));

    /// <summary>
    /// The page with the digests of command line, initial file system and kernel that QEMU puts beside the firmware for measured direct boot (QEMU, target/i386/sev.c:
    /// a GUIDed table of GUIDed SHA-256 entries).
    /// </summary>
    /// <param name="kernel">The kernel's bytes.</param>
    /// <param name="initialFileSystem">The initrd's bytes; empty where there is none.</param>
    /// <param name="commandLine">The kernel's command line; its terminating zero byte is measured too.</param>
    /// <param name="offset">Where in the page the firmware keeps the table.</param>
    public static byte[] KernelHashesPage(ReadOnlySpan<byte> kernel, ReadOnlySpan<byte> initialFileSystem, string commandLine, int offset)
    {
        const int EntryLength = 16 + 2 + 32;
        const int TableLength = 16 + 2 + (3 * EntryLength);
        const int Padded = (TableLength + 15) / 16 * 16;
        if (offset < 0 || offset + Padded > PageLength)
        {
            throw new ArgumentOutOfRangeException(nameof(offset));
        }

        var page = new byte[PageLength];
        var at = page.AsSpan(offset);
        Write(ref at, "9438d606-4f22-4cc9-b479-a793d411fd21", TableLength, []);
        Write(ref at, "97d02dd8-bd20-4c94-aa78-e7714d36ab2a", EntryLength, SHA256.HashData(Encoding.UTF8.GetBytes(commandLine + "\0")));
        Write(ref at, "44baf731-3a2f-4bd7-9af1-41e29169781d", EntryLength, SHA256.HashData(initialFileSystem));
        Write(ref at, "4de79437-abd2-427f-b835-d5b172d2045b", EntryLength, SHA256.HashData(kernel));
        return page;
    }

    private static void Write(ref Span<byte> at, string guid, int length, ReadOnlySpan<byte> content)
    {
        new Guid(guid).TryWriteBytes(at);
        BinaryPrimitives.WriteUInt16LittleEndian(at[16..], (ushort)length);
        content.CopyTo(at[18..]);
        at = at[(18 + content.Length)..];
    }

    private SnpLaunchDigest Update(byte type, ulong address, ReadOnlySpan<byte> contents)
    {
        // DIGEST_CUR 48, CONTENTS 48, LENGTH 2, PAGE_TYPE 1, IMI_PAGE 1, permissions of VMPL 3 to 1, reserved 1, GPA 8
        Span<byte> info = stackalloc byte[112];
        info.Clear();
        digest.CopyTo(info);
        contents.CopyTo(info[48..]);
        BinaryPrimitives.WriteUInt16LittleEndian(info[96..], 112);
        info[98] = type;
        BinaryPrimitives.WriteUInt64LittleEndian(info[104..], address);
        SHA384.HashData(info, digest);
        return this;
    }
}
