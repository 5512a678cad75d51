using System.Buffers.Binary;

namespace Sojourn.Attestation.Devices.ConfigFs;

/// <summary>The certificate table that a host gives its SNP guests in <c>auxblob</c> (AMD publication 56421, GHCB, "SNP Extended Guest Request"): GUID, offset and length, then the certificates.</summary>
internal static class SnpCertificateTable
{
    private const int EntryLength = 24;
    private const int EntriesMax = 16;
    private static readonly Guid Vcek = new("63da758d-e664-4564-adc5-f4b93be8accd");
    private static readonly Guid Vlek = new("a8074bc2-a25a-483e-aae6-39c045a0b8a1");
    private static readonly Guid Ask = new("4ab7b379-bbac-4fe4-a02f-05aef327c782");
    private static readonly Guid Ark = new("c0b406a4-a803-4952-9743-3fb6014cd0ae");

    /// <summary>The certificates as DER, leaf first; empty where the host gave none, or a table that cannot be read: it is the host's word, and the verifier finds the certificate elsewhere.</summary>
    public static byte[] Certificates(ReadOnlySpan<byte> table)
    {
        var found = new SortedDictionary<int, byte[]>();
        for (var i = 0; i < EntriesMax && table.Length >= EntryLength * (i + 1); i++)
        {
            var entry = table.Slice(EntryLength * i, EntryLength);
            if (entry.IndexOfAnyExcept((byte)0) < 0)
            {
                return [.. found.Values.SelectMany(der => der)];
            }

            // Hosts write the GUID in the byte order of its text; some in the order of EFI. The GUIDs are not each other's reversal.
            var guid = new Guid(entry[..16], bigEndian: true);
            var swapped = new Guid(entry[..16]);
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
            if (offset > table.Length || length > table.Length - offset)
            {
                return [];
            }

            var rank = Rank(guid) is >= 0 and var direct ? direct : Rank(swapped);
            if (rank >= 0 && length > 0)
            {
                found[rank] = table.Slice((int)offset, (int)length).ToArray();
            }
        }

        return [];
    }

    private static int Rank(Guid guid) => guid == Vlek ? 0 : guid == Vcek ? 1 : guid == Ask ? 2 : guid == Ark ? 3 : -1;
}
