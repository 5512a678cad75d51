using System.Buffers.Binary;

namespace Sojourn.Wasm.Text.Emit;

/// <summary>A growing run of bytes in the binary format.</summary>
internal sealed class BinaryBuffer
{
    private byte[] bytes = new byte[64];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

    public void Byte(int value)
    {
        Reserve(1);
        bytes[Length++] = (byte)value;
    }

    public void Append(ReadOnlySpan<byte> more)
    {
        Reserve(more.Length);
        more.CopyTo(bytes.AsSpan(Length));
        Length += more.Length;
    }

    /// <summary>An unsigned LEB128 number.</summary>
    public void U64(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((int)(value & 0x7F) | 0x80);
            value >>= 7;
        }

        Byte((int)value);
    }

    public void U32(uint value) => U64(value);

    public void U32(int value) => U64((uint)value);

    /// <summary>A signed LEB128 number.</summary>
    public void S64(long value)
    {
        while (value is < -64 or > 63)
        {
            Byte((int)(value & 0x7F) | 0x80);
            value >>= 7;
        }

        Byte((int)(value & 0x7F));
    }

    public void Fixed32(uint value)
    {
        Reserve(4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Length), value);
        Length += 4;
    }

    public void Fixed64(ulong value)
    {
        Reserve(8);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Length), value);
        Length += 8;
    }

    /// <summary>A length and that many bytes.</summary>
    public void Vector(ReadOnlySpan<byte> content)
    {
        U32(content.Length);
        Append(content);
    }

    public void Name(string name) => Vector(System.Text.Encoding.UTF8.GetBytes(name));

    public void Truncate(int length) => Length = length;

    public byte[] ToArray() => Written.ToArray();

    private void Reserve(int more)
    {
        if (Length + more > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(checked(Length + more), bytes.Length * 2));
        }
    }
}
