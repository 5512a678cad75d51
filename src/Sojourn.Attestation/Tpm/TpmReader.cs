using System.Buffers.Binary;

namespace Sojourn.Attestation.Tpm;

/// <summary>Reads TPM structures: big-endian, sized buffers. A reader that ran past the end stays failed, so one check at the end is enough.</summary>
internal ref struct TpmReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public bool Failed { get; private set; }

    public readonly int Remaining => rest.Length;

    public readonly bool Done => !Failed && rest.IsEmpty;

    public byte U8() => Bytes(1) is [var value] ? value : (byte)0;

    public ushort U16() => Bytes(2) is { Length: 2 } b ? BinaryPrimitives.ReadUInt16BigEndian(b) : (ushort)0;

    public uint U32() => Bytes(4) is { Length: 4 } b ? BinaryPrimitives.ReadUInt32BigEndian(b) : 0;

    public ulong U64() => Bytes(8) is { Length: 8 } b ? BinaryPrimitives.ReadUInt64BigEndian(b) : 0;

    public ReadOnlySpan<byte> Sized() => Bytes(U16());

    public ReadOnlySpan<byte> Bytes(int length)
    {
        if (Failed || length < 0 || rest.Length < length)
        {
            Failed = true;
            return default;
        }

        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    public void Fail() => Failed = true;
}
