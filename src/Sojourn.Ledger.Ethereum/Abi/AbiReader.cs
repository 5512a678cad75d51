using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Reads values in the canonical layout and nothing else.</summary>
/// <remarks>
/// Every dynamic value must stand exactly where a canonical writer puts it, so each byte is read once and no offset can point back: input of n bytes costs O(n), and no
/// bomb can be built. The first fault sticks: everything read after it is empty, and <see cref="Finish"/> tells it. Compilers write nothing else.
/// </remarks>
public ref struct AbiReader
{
    /// <summary>The most values of one message.</summary>
    public const int ValuesMax = 1 << 20;

    private readonly ReadOnlySpan<byte> _data;
    private int _base;
    private int _head;
    private int _tail;
    private int _values;
    private AbiFault _fault;

    /// <summary>Begins to read.</summary>
    /// <param name="data">The encoding, without a selector.</param>
    /// <param name="headSize">The size of the outermost tuple's head.</param>
    public AbiReader(ReadOnlySpan<byte> data, int headSize)
    {
        _data = data;
        _tail = headSize;
        if (headSize > data.Length)
        {
            _fault = AbiFault.Truncated;
        }
    }

    /// <summary>Where an outer value goes on; given back to <see cref="End"/>.</summary>
    /// <param name="Base">Where its head begins.</param>
    /// <param name="Head">Where its next value stands.</param>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
    public readonly record struct Frame(int Base, int Head);

    /// <summary>The fault so far.</summary>
    public readonly AbiFault Fault => _fault;

    /// <summary>Ends: everything must have been read.</summary>
    public AbiFault Finish()
    {
        if (_fault == AbiFault.None && _tail != _data.Length)
        {
            _fault = AbiFault.Trailing;
        }

        return _fault;
    }

    /// <summary>Reads an unsigned number of up to 64 bits.</summary>
    /// <param name="bits">The type's bits.</param>
    public ulong UInt64(int bits) => (ulong)UInt(bits);

    /// <summary>Reads an unsigned number of up to 128 bits.</summary>
    /// <param name="bits">The type's bits.</param>
    public UInt128 UInt(int bits)
    {
        var word = Word();
        var value = BinaryPrimitives.ReadUInt128BigEndian(word[16..]);
        if (word[..16].ContainsAnyExcept((byte)0) || (bits < 128 && value >> bits != 0))
        {
            Fail(AbiFault.OutOfRange);
            return 0;
        }

        return value;
    }

    /// <summary>Reads a signed number of up to 128 bits.</summary>
    /// <param name="bits">The type's bits.</param>
    public Int128 Int(int bits)
    {
        var word = Word();
        var value = BinaryPrimitives.ReadInt128BigEndian(word[16..]);
        if (word[..16].ContainsAnyExcept(Int128.IsNegative(value) ? (byte)0xff : (byte)0) || (bits < 128 && value >> (bits - 1) != (Int128.IsNegative(value) ? -1 : 0)))
        {
            Fail(AbiFault.OutOfRange);
            return 0;
        }

        return value;
    }

    /// <summary>Reads a number of up to 256 bits.</summary>
    /// <param name="bits">The type's bits.</param>
    /// <param name="signed">Whether the type is signed.</param>
    public BigInteger Number(int bits, bool signed)
    {
        var value = new BigInteger(Word(), isUnsigned: !signed, isBigEndian: true);
        var limit = BigInteger.One << (signed ? bits - 1 : bits);
        if (value >= limit || value < (signed ? -limit : BigInteger.Zero))
        {
            Fail(AbiFault.OutOfRange);
            return BigInteger.Zero;
        }

        return value;
    }

    /// <summary>Reads a boolean.</summary>
    public bool Bool() => UInt(1) == 1;

    /// <summary>Reads an address.</summary>
    public Address Address()
    {
        var word = Word();
        if (word[..12].ContainsAnyExcept((byte)0))
        {
            Fail(AbiFault.OutOfRange);
            return default;
        }

        return new Address(word[12..]);
    }

    /// <summary>Reads 32 bytes.</summary>
    public Digest Digest() => new(Word());

    /// <summary>Reads fixed bytes.</summary>
    /// <param name="size">How many.</param>
    public ReadOnlyMemory<byte> FixedBytes(int size)
    {
        var word = Word();
        if (word[size..].ContainsAnyExcept((byte)0))
        {
            Fail(AbiFault.OutOfRange);
            return default;
        }

        return word[..size].ToArray();
    }

    /// <summary>Reads bytes of any length.</summary>
    public ReadOnlyMemory<byte> Bytes() => Tail().ToArray();

    /// <summary>Reads a string.</summary>
    public string Text()
    {
        var bytes = Tail();
        try
        {
            return AbiWriter.Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            Fail(AbiFault.NotText);
            return "";
        }
    }

    /// <summary>Begins a dynamic tuple or array of fixed length.</summary>
    /// <param name="headSize">The size of its head.</param>
    public Frame BeginTuple(int headSize)
    {
        Offset();
        return Open(headSize);
    }

    /// <summary>Begins an array of any length.</summary>
    /// <param name="elementHead">The size of one element in the head.</param>
    /// <param name="count">How many elements follow.</param>
    public Frame BeginArray(int elementHead, out int count)
    {
        Offset();
        count = Length(Math.Max(1, elementHead));
        return Open(count * elementHead);
    }

    /// <summary>Ends what was begun last.</summary>
    /// <param name="frame">What its beginning returned.</param>
    public void End(Frame frame) => (_base, _head) = (frame.Base, frame.Head);

    private ReadOnlySpan<byte> Tail()
    {
        Offset();
        var length = Length(1);
        var padded = (length + 31) / 32 * 32;
        if (_fault != AbiFault.None || padded > _data.Length - _tail)
        {
            Fail(AbiFault.Truncated);
            return default;
        }

        var bytes = _data.Slice(_tail, padded);
        _tail += padded;
        if (bytes[length..].ContainsAnyExcept((byte)0))
        {
            Fail(AbiFault.OutOfRange);
            return default;
        }

        return bytes[..length];
    }

    // A length word at the tail; so many elements of this size at least must still be there.
    private int Length(int elementSize)
    {
        if (_fault != AbiFault.None || _data.Length - _tail < 32)
        {
            Fail(AbiFault.Truncated);
            return 0;
        }

        var word = _data.Slice(_tail, 32);
        _tail += 32;
        if (word[..24].ContainsAnyExcept((byte)0) || BinaryPrimitives.ReadUInt64BigEndian(word[24..]) > (ulong)((_data.Length - _tail) / elementSize))
        {
            Fail(AbiFault.Truncated);
            return 0;
        }

        return (int)BinaryPrimitives.ReadUInt64BigEndian(word[24..]);
    }

    private Frame Open(int headSize)
    {
        var outer = new Frame(_base, _head);
        if (_fault == AbiFault.None && headSize > _data.Length - _tail)
        {
            Fail(AbiFault.Truncated);
        }

        if (_fault == AbiFault.None)
        {
            _base = _head = _tail;
            _tail += headSize;
        }

        return outer;
    }

    private void Offset()
    {
        var word = Word();
        if (word[..24].ContainsAnyExcept((byte)0) || BinaryPrimitives.ReadUInt64BigEndian(word[24..]) != (ulong)(_tail - _base))
        {
            Fail(AbiFault.NotCanonical);
        }
    }

    private ReadOnlySpan<byte> Word()
    {
        if (_fault == AbiFault.None && _data.Length - _head < 32)
        {
            Fail(AbiFault.Truncated);
        }

        if (_fault == AbiFault.None && ++_values > ValuesMax)
        {
            Fail(AbiFault.TooMany);
        }

        if (_fault != AbiFault.None)
        {
            return s_zero;
        }

        var word = _data.Slice(_head, 32);
        _head += 32;
        return word;
    }

    private void Fail(AbiFault fault)
    {
        if (_fault == AbiFault.None)
        {
            _fault = fault;
        }
    }

    private static readonly byte[] s_zero = new byte[32];
}
