namespace Sojourn.Content.Codecs;

/// <summary>Reads protobuf fields from a span without exceptions: the few wire types that dag-pb and UnixFS use.</summary>
/// <remarks>Protocol Buffers encoding. Varints may be padded, as protobuf allows; ten bytes at most.</remarks>
internal ref struct ProtobufReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>How many bytes were read.</summary>
    public int Position { get; private set; }

    /// <summary>Whether something could not be read; sticky.</summary>
    public bool Truncated { get; private set; }

    /// <summary>Whether a number was longer than 64 bits; sticky.</summary>
    public bool Overlong { get; private set; }

    public readonly bool Failed => Truncated || Overlong;

    public readonly bool AtEnd => Position >= _data.Length;

    /// <summary>Reads a field's key.</summary>
    public (ulong Field, int WireType) ReadKey()
    {
        var key = ReadVarint();
        return (key >> 3, (int)(key & 7));
    }

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (AtEnd)
            {
                Truncated = true;
                return 0;
            }

            var b = _data[Position++];
            if (shift == 63 && b > 1)
            {
                Overlong = true;
                return 0;
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        Overlong = true;
        return 0;
    }

    /// <summary>Reads a length-delimited field; returns where it lies.</summary>
    public Range ReadBytes()
    {
        var length = ReadVarint();
        if (Failed || length > (ulong)(_data.Length - Position))
        {
            Truncated |= !Overlong;
            return default;
        }

        var start = Position;
        Position += (int)length;
        return start..Position;
    }

    public uint ReadFixed32()
    {
        if (_data.Length - Position < 4)
        {
            Truncated = true;
            return 0;
        }

        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(_data[Position..]);
        Position += 4;
        return value;
    }

    /// <summary>Reads past a field of any wire type that is not deprecated.</summary>
    /// <returns>Whether the wire type is known.</returns>
    public bool Skip(int wireType)
    {
        switch (wireType)
        {
            case 0:
                ReadVarint();
                return true;
            case 1:
                Position += 8;
                break;
            case 2:
                ReadBytes();
                return true;
            case 5:
                Position += 4;
                break;
            default:
                return false;
        }

        if (Position > _data.Length)
        {
            Position = _data.Length;
            Truncated = true;
        }

        return true;
    }
}
