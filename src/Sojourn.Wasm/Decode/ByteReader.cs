using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sojourn.Wasm.Decode;

/// <summary>Reads the primitives of the binary format from a window of the module's bytes; every fault names its offset.</summary>
/// <remarks>WebAssembly 3.0, binary format, values.</remarks>
internal ref struct ByteReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> bytes;

    /// <summary>Reads from <paramref name="position"/> up to <paramref name="end"/>.</summary>
    public ByteReader(ReadOnlySpan<byte> bytes, int position, int end)
    {
        this.bytes = bytes[..end];
        Position = position;
    }

    public int Position { readonly get; set; }

    public readonly int End => bytes.Length;

    public readonly bool AtEnd => Position >= bytes.Length;

    public readonly byte Peek() => Position < bytes.Length ? bytes[Position] : throw UnexpectedEnd();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Byte()
    {
        if ((uint)Position >= (uint)bytes.Length)
        {
            throw UnexpectedEnd();
        }

        return bytes[Position++];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint U32()
    {
        var at = Position;
        if ((uint)at < (uint)bytes.Length && bytes[at] < 0x80)
        {
            Position = at + 1;
            return bytes[at];
        }

        return (uint)Unsigned(32);
    }

    public ulong U64() => Unsigned(64);

    public int S32() => (int)Signed(32);

    public long S33() => Signed(33);

    public long S64() => Signed(64);

    public uint Fixed32()
    {
        var value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        return value;
    }

    public ulong Fixed64()
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        return value;
    }

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length < 0 || length > bytes.Length - Position)
        {
            throw UnexpectedEnd();
        }

        var span = bytes.Slice(Position, length);
        Position += length;
        return span;
    }

    /// <summary>A length or count that cannot exceed the bytes that are left, each entry taking at least one.</summary>
    public int Count(int most, string what)
    {
        var at = Position;
        var count = U32();
        if (count > (uint)(bytes.Length - Position))
        {
            throw new ModuleException(ModuleFault.Malformed, at, $"{count} {what} announced, but only {bytes.Length - Position} bytes are left");
        }

        if (count > (uint)most)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, at, $"{count} {what}, the limit is {most}");
        }

        return (int)count;
    }

    public string Name()
    {
        var at = Position;
        var length = U32();
        if (length > (uint)(bytes.Length - Position))
        {
            throw UnexpectedEnd();
        }

        try
        {
            return StrictUtf8.GetString(Take((int)length));
        }
        catch (DecoderFallbackException)
        {
            throw Malformed(at, "a name that is not valid UTF-8");
        }
    }

    [DoesNotReturn]
    public readonly void Fail(string expected) => throw Malformed(Position, expected);

    public static ModuleException Malformed(int offset, string expected) => new(ModuleFault.Malformed, offset, expected);

    private readonly ModuleException UnexpectedEnd() => Malformed(Position, "unexpected end of section, function or module");

    private ulong Unsigned(int width)
    {
        ulong value = 0;
        var at = Position;
        for (var shift = 0; ; shift += 7)
        {
            var part = Byte();
            if (shift + 7 > width && part >> (width - shift) != 0)
            {
                throw Malformed(at, (part & 0x80) != 0 ? $"integer representation too long for u{width}" : $"integer too large for u{width}");
            }

            value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private long Signed(int width)
    {
        long value = 0;
        var at = Position;
        for (var shift = 0; ; shift += 7)
        {
            var part = Byte();
            if (shift + 7 >= width)
            {
                // The last byte: what lies beyond the width must repeat the sign bit.
                if ((part & 0x80) != 0)
                {
                    throw Malformed(at, $"integer representation too long for s{width}");
                }

                var sign = (sbyte)(part << 1) >> 1;
                var kept = width - shift;
                if (sign >> (kept - 1) is not (0 or -1))
                {
                    throw Malformed(at, $"integer too large for s{width}");
                }

                return value | ((long)sign << shift);
            }

            value |= (long)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
            {
                var used = shift + 7;
                return value << (64 - used) >> (64 - used);
            }
        }
    }
}
