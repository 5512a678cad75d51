namespace Sojourn.Content.Codecs;

/// <summary>Writes protobuf fields into a span whose size was computed before.</summary>
internal ref struct ProtobufWriter(Span<byte> data)
{
    private readonly Span<byte> _data = data;

    public int Position { get; private set; }

    public static int LengthOfVarint(ulong value) => value == 0 ? 1 : (70 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 7;

    /// <summary>How many bytes a length-delimited field takes, its one-byte key included.</summary>
    public static int LengthOfBytes(int length) => 1 + LengthOfVarint((ulong)length) + length;

    public void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _data[Position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _data[Position++] = (byte)value;
    }

    public void WriteByte(byte value) => _data[Position++] = value;

    public void WriteBytes(byte key, ReadOnlySpan<byte> value)
    {
        _data[Position++] = key;
        WriteVarint((ulong)value.Length);
        value.CopyTo(_data[Position..]);
        Position += value.Length;
    }

    public void WriteFixed32(uint value)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(_data[Position..], value);
        Position += 4;
    }
}
