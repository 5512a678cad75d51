using System.Buffers.Binary;

namespace Sojourn.Attestation.SevSnp;

/// <summary>The layout of ATTESTATION_REPORT, versions 2 to 5 (AMD publication 56860, table "ATTESTATION_REPORT structure"). A view: nothing is copied.</summary>
internal readonly struct SnpReport(ReadOnlyMemory<byte> bytes)
{
    public const int Length = 1184;
    public const int SignedLength = 0x2A0;
    public const int SignatureReserved = SignedLength + 144;
    public const int VersionMin = 2;
    public const int VersionMax = 5;

    private ReadOnlySpan<byte> Span => bytes.Span;

    public uint Version => U32(0x000);

    public uint GuestSvn => U32(0x004);

    public ulong Policy => U64(0x008);

    public ReadOnlyMemory<byte> FamilyId => bytes.Slice(0x010, 16);

    public ReadOnlyMemory<byte> ImageId => bytes.Slice(0x020, 16);

    public uint Vmpl => U32(0x030);

    public uint SignatureAlgorithm => U32(0x034);

    public ReadOnlyMemory<byte> CurrentTcb => bytes.Slice(0x038, 8);

    public ulong PlatformInfo => U64(0x040);

    public uint KeyFlags => U32(0x048);

    /// <summary>0 VCEK, 1 VLEK, 7 none.</summary>
    public int SigningKey => (int)((KeyFlags >> 2) & 7);

    public bool AuthorKey => (KeyFlags & 1) != 0;

    public bool MaskChipKey => (KeyFlags & 2) != 0;

    public ReadOnlyMemory<byte> ReportData => bytes.Slice(0x050, 64);

    public ReadOnlyMemory<byte> Measurement => bytes.Slice(0x090, 48);

    public ReadOnlyMemory<byte> HostData => bytes.Slice(0x0C0, 32);

    public ReadOnlyMemory<byte> IdKeyDigest => bytes.Slice(0x0E0, 48);

    public ReadOnlyMemory<byte> AuthorKeyDigest => bytes.Slice(0x110, 48);

    public ReadOnlyMemory<byte> ReportId => bytes.Slice(0x140, 32);

    public ReadOnlyMemory<byte> ReportedTcb => bytes.Slice(0x180, 8);

    /// <summary>From version 3 on; zero before.</summary>
    public byte CpuFamily => Span[0x188];

    public byte CpuModel => Span[0x189];

    public byte CpuStepping => Span[0x18A];

    public ReadOnlyMemory<byte> ChipId => bytes.Slice(0x1A0, 64);

    public ReadOnlyMemory<byte> CommittedTcb => bytes.Slice(0x1E0, 8);

    public ReadOnlyMemory<byte> LaunchTcb => bytes.Slice(0x1F0, 8);

    public ReadOnlyMemory<byte> Signed => bytes[..SignedLength];

    /// <summary>r ‖ s in the order that standards use; the report holds both little-endian in 72 bytes each.</summary>
    public bool TryGetSignature(Span<byte> signature96)
    {
        for (var part = 0; part < 2; part++)
        {
            var number = Span.Slice(SignedLength + (72 * part), 72);
            if (number[48..].IndexOfAnyExcept((byte)0) >= 0)
            {
                return false;
            }

            for (var i = 0; i < 48; i++)
            {
                signature96[(48 * part) + i] = number[47 - i];
            }
        }

        return true;
    }

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Span[at..]);

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(Span[at..]);
}
