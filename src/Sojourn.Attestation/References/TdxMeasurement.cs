using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Attestation.References;

/// <summary>One section of a TD's firmware (TDVF design guide, "TDVF metadata").</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="MemoryLength">Bytes of memory, whole pages.</param>
/// <param name="Content">The section's bytes in the firmware file; shorter than the memory, or empty.</param>
/// <param name="Measured">Whether its content is extended into MRTD (attribute MR.EXTEND).</param>
/// <param name="Added">Whether its pages are added at build time (not attribute PAGE.AUG).</param>
public sealed record TdxSection(ulong Address, ulong MemoryLength, ReadOnlyMemory<byte> Content, bool Measured, bool Added);

/// <summary>In which order a virtual machine monitor adds and extends pages: MRTD depends on it.</summary>
public enum TdxMeasureOrder
{
    /// <summary>Each page is added and extended before the next (KVM as merged in Linux).</summary>
    PerPage = 0,

    /// <summary>All pages of a section are added, then extended.</summary>
    PerSection,
}

/// <summary>Computes MRTD and runtime registers (Intel TDX Module base specification, "Measurement and Attestation": TDH.MEM.PAGE.ADD and TDH.MR.EXTEND).</summary>
public static class TdxMeasurement
{
    private const int PageLength = 4096;
    private const int ChunkLength = 256;
    private const ulong MemoryMax = 1UL << 32;

    /// <summary>MRTD of a TD that is built from these sections.</summary>
    /// <param name="sections">In the firmware's order.</param>
    /// <param name="order">How the monitor works.</param>
    public static byte[] Mrtd(IEnumerable<TdxSection> sections, TdxMeasureOrder order)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        foreach (var section in sections.Where(section => section.Added))
        {
            if (section.MemoryLength > MemoryMax || section.MemoryLength % PageLength != 0)
            {
                throw new ArgumentException("A section has whole pages, at most 4 GiB.", nameof(sections));
            }

            for (ulong at = 0; at < section.MemoryLength; at += PageLength)
            {
                Operation(hash, "MEM.PAGE.ADD"u8, section.Address + at);
                if (section.Measured && order == TdxMeasureOrder.PerPage)
                {
                    Extend(hash, section, at);
                }
            }

            for (ulong at = 0; section.Measured && order == TdxMeasureOrder.PerSection && at < section.MemoryLength; at += PageLength)
            {
                Extend(hash, section, at);
            }
        }

        return hash.GetHashAndReset();
    }

    /// <summary>A runtime register after its extensions.</summary>
    /// <param name="digests">SHA-384 digests in order.</param>
    public static byte[] Rtmr(IEnumerable<ReadOnlyMemory<byte>> digests)
    {
        var register = new byte[48];
        foreach (var digest in digests)
        {
            register = SHA384.HashData([.. register, .. digest.Span]);
        }

        return register;
    }

    /// <summary>The four runtime registers that a guest's event log leads to (TDX: RTMR n is register n + 1 of the log); null where it is no log with SHA-384 digests.</summary>
    /// <param name="eventLog">The log, in the TCG's form (CCEL).</param>
    public static IReadOnlyList<byte[]>? Registers(ReadOnlyMemory<byte> eventLog)
    {
        if (Tpm.EventLog.TryParse(eventLog) is not { } log || !log.Banks.Contains(Tpm.TpmAlg.Sha384))
        {
            return null;
        }

        var registers = log.Replay(Tpm.TpmAlg.Sha384);
        return [.. Enumerable.Range(1, 4).Select(index => registers.GetValueOrDefault(index) ?? new byte[48])];
    }

    /// <summary>Reads the sections out of a firmware file by its metadata; null where the file has none.</summary>
    /// <param name="firmware">The whole file, as it lies below 4 GiB.</param>
    public static IReadOnlyList<TdxSection>? ReadSections(ReadOnlyMemory<byte> firmware)
    {
        return FirmwareTable.TryRead(firmware)?.Find("e47a6535-984a-4798-865e-4685a7bf8ec2") is { Length: >= 4 } pointer
            ? ReadDescriptor(firmware, firmware.Length - (long)BinaryPrimitives.ReadUInt32LittleEndian(pointer.Span)) : null;
    }

    private static List<TdxSection>? ReadDescriptor(ReadOnlyMemory<byte> firmware, long at)
    {
        var span = firmware.Span;
        if (at < 0 || at > span.Length - 16 || !span[(int)at..].StartsWith("TDVF"u8))
        {
            return null;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(span[((int)at + 12)..]);
        if (count > 64 || at + 16 + (32 * count) > span.Length)
        {
            return null;
        }

        var sections = new List<TdxSection>();
        for (var i = 0; i < count; i++)
        {
            var entry = span.Slice((int)at + 16 + (32 * i), 32);
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]);
            var attributes = BinaryPrimitives.ReadUInt32LittleEndian(entry[28..]);
            if (offset > span.Length || length > span.Length - offset)
            {
                return null;
            }

            sections.Add(new TdxSection(
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), firmware.Slice((int)offset, (int)length), (attributes & 1) != 0, (attributes & 2) == 0));
        }

        return sections;
    }

    private static void Extend(IncrementalHash hash, TdxSection section, ulong page)
    {
        Span<byte> chunk = stackalloc byte[ChunkLength];
        for (ulong at = page; at < page + PageLength; at += ChunkLength)
        {
            Operation(hash, "MR.EXTEND"u8, section.Address + at);
            chunk.Clear();
            if (at < (ulong)section.Content.Length)
            {
                var rest = section.Content.Span[(int)at..];
                rest[..Math.Min(ChunkLength, rest.Length)].CopyTo(chunk);
            }

            hash.AppendData(chunk);
        }
    }

    /// <summary>128 bytes: the operation's name, the address at 16, zeroes.</summary>
    private static void Operation(IncrementalHash hash, ReadOnlySpan<byte> name, ulong address)
    {
        Span<byte> buffer = stackalloc byte[128];
        buffer.Clear();
        name.CopyTo(buffer);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer[16..], address);
        hash.AppendData(buffer);
    }
}
