using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Writes values in the canonical layout: static values into the head at hand, dynamic ones behind an offset at the end.</summary>
/// <remarks>Nothing is copied twice: a frame's head is reserved when it begins, and everything dynamic follows in the order in which it is written.</remarks>
public sealed class AbiWriter
{
    private readonly Stack<(int Base, int Head)> _outer = new();
    private byte[] _buffer;
    private int _base;
    private int _head;
    private int _end;

    /// <summary>Begins with the head of the outermost tuple.</summary>
    /// <param name="headSize">Its size in bytes.</param>
    /// <param name="selector">Four bytes before everything, to which no offset counts; empty for none.</param>
    public AbiWriter(int headSize, ReadOnlySpan<byte> selector = default)
    {
        _buffer = new byte[Math.Max(256, headSize + selector.Length)];
        selector.CopyTo(_buffer);
        _base = _head = selector.Length;
        _end = selector.Length + headSize;
    }

    /// <summary>The encoding.</summary>
    public byte[] ToArray() => _buffer.AsSpan(0, _end).ToArray();

    /// <summary>Writes an unsigned number.</summary>
    /// <param name="value">The number.</param>
    public void UInt(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Word()[16..], value);

    /// <summary>Writes a signed number.</summary>
    /// <param name="value">The number.</param>
    public void Int(Int128 value)
    {
        var word = Word();
        word[..16].Fill(Int128.IsNegative(value) ? (byte)0xff : (byte)0);
        BinaryPrimitives.WriteInt128BigEndian(word[16..], value);
    }

    /// <summary>Writes a number of up to 256 bits.</summary>
    /// <param name="value">The number.</param>
    /// <param name="bits">The type's bits.</param>
    /// <param name="signed">Whether the type is signed.</param>
    /// <exception cref="OverflowException">The number does not fit the type.</exception>
    public void Number(BigInteger value, int bits, bool signed)
    {
        var limit = BigInteger.One << (signed ? bits - 1 : bits);
        if (value >= limit || value < (signed ? -limit : BigInteger.Zero))
        {
            throw new OverflowException($"The number does not fit into {(signed ? "int" : "uint")}{bits}.");
        }

        var word = Word();
        word.Fill(value.Sign < 0 ? (byte)0xff : (byte)0);
        Span<byte> bytes = stackalloc byte[33];
        value.TryWriteBytes(bytes, out var count, isUnsigned: false, isBigEndian: true);
        var magnitude = bytes[..count];
        if (count == 33)
        {
            magnitude = magnitude[1..];
        }

        magnitude.CopyTo(word[(32 - magnitude.Length)..]);
    }

    /// <summary>Writes a boolean.</summary>
    /// <param name="value">The value.</param>
    public void Bool(bool value) => Word()[31] = value ? (byte)1 : (byte)0;

    /// <summary>Writes an address.</summary>
    /// <param name="value">The address.</param>
    public void Address(in Address value) => value.CopyTo(Word()[12..]);

    /// <summary>Writes 32 bytes.</summary>
    /// <param name="value">The bytes.</param>
    public void Digest(in Digest value) => value.CopyTo(Word());

    /// <summary>Writes fixed bytes, padded on the right.</summary>
    /// <param name="value">At most 32 bytes.</param>
    public void FixedBytes(ReadOnlySpan<byte> value) => value.CopyTo(Word());

    /// <summary>Writes bytes of any length.</summary>
    /// <param name="value">The bytes.</param>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Offset();
        var padded = (value.Length + 31) / 32 * 32;
        var tail = Grow(32 + padded);
        BinaryPrimitives.WriteInt32BigEndian(tail[28..], value.Length);
        value.CopyTo(tail[32..]);
    }

    /// <summary>Writes a string as UTF-8.</summary>
    /// <param name="value">The string; no lone surrogates.</param>
    public void Text(string value) => Bytes(Strict.GetBytes(value));

    /// <summary>Begins a tuple or array of fixed length that is dynamic; its values follow, then <see cref="End"/>. Static ones are written straight into the head.</summary>
    /// <param name="headSize">The size of its head.</param>
    public void BeginTuple(int headSize)
    {
        Offset();
        Open(headSize);
    }

    /// <summary>Begins an array of any length; its elements follow, then <see cref="End"/>.</summary>
    /// <param name="count">How many elements.</param>
    /// <param name="elementHead">The size of one in the head.</param>
    public void BeginArray(int count, int elementHead)
    {
        Offset();
        BinaryPrimitives.WriteInt32BigEndian(Grow(32)[28..], count);
        Open(checked(count * elementHead));
    }

    /// <summary>Ends what was begun last.</summary>
    public void End() => (_base, _head) = _outer.Pop();

    internal static Encoding Strict { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private void Open(int headSize)
    {
        _outer.Push((_base, _head));
        _base = _head = _end;
        Grow(headSize);
    }

    private void Offset()
    {
        var offset = _end - _base;
        BinaryPrimitives.WriteInt32BigEndian(Word()[28..], offset);
    }

    private Span<byte> Word()
    {
        var word = _buffer.AsSpan(_head, 32);
        _head += 32;
        return word;
    }

    private Span<byte> Grow(int size)
    {
        var end = checked(_end + size);
        if (end > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(end, _buffer.Length * 2));
        }

        var span = _buffer.AsSpan(_end, size);
        _end = end;
        return span;
    }
}
