using System.Buffers.Binary;

namespace Sojourn.Attestation.References;

/// <summary>
/// The table of entries, each followed by its length and its GUID, that ends 32 bytes before the end of an OVMF image and is read backwards (OVMF, OvmfPkg/ResetVector/Ia16,
/// ResetVectorVtf0).
/// </summary>
internal sealed class FirmwareTable
{
    private const int HeadLength = 18;
    private static readonly Guid Footer = new("96b582de-1fb2-45f7-baea-a366c55a082d");
    private readonly Dictionary<Guid, ReadOnlyMemory<byte>> entries;

    private FirmwareTable(Dictionary<Guid, ReadOnlyMemory<byte>> entries) => this.entries = entries;

    /// <summary>Reads the table; null where there is none, or one that does not hold together.</summary>
    public static FirmwareTable? TryRead(ReadOnlyMemory<byte> firmware)
    {
        var span = firmware.Span;
        if (span.Length < 32 + HeadLength || new Guid(span[^48..^32]) != Footer)
        {
            return null;
        }

        var found = new Dictionary<Guid, ReadOnlyMemory<byte>>();
        var end = span.Length - 32 - HeadLength;
        var low = Math.Max(0, span.Length - 32 - BinaryPrimitives.ReadUInt16LittleEndian(span[^50..]));
        while (end - HeadLength >= low)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(span[(end - HeadLength)..]);
            if (length < HeadLength || length > end - low || !found.TryAdd(new Guid(span.Slice(end - 16, 16)), firmware.Slice(end - length, length - HeadLength)))
            {
                return null;
            }

            end -= length;
        }

        return new FirmwareTable(found);
    }

    /// <summary>An entry's bytes; null where it is absent.</summary>
    public ReadOnlyMemory<byte>? Find(string guid) => entries.TryGetValue(new Guid(guid), out var bytes) ? bytes : null;
}
