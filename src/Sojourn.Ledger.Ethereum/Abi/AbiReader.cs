using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Reads values in the canonical layout and nothing else, or, where asked, in every layout that contracts accept.</summary>
/// <remarks>
/// What a contract writes is canonical: every dynamic value stands exactly where a canonical writer puts it, so each byte is read once and no offset can point back. What is written to a
/// contract need not be: compiled code follows any offset and ignores what is left over, so whoever reads calls as the contract read them must do so too (or one odd call would stop every
/// reader); then budgets bound what offsets that point twice at the same bytes can cost. The first fault sticks: everything read after it is empty, and <see cref="Finish"/> tells it.
/// </remarks>
public ref struct AbiReader
{
    /// <summary>The most values of one message.</summary>
    public const int ValuesMax = 1 << 20;

    /// <summary>The most bytes that are copied out of one message.</summary>
    public const long CopiedMax = 256L << 20;

    private readonly ReadOnlySpan<byte> _data;
    private readonly bool _anyLayout;
    private long _copied;
    private int _base;
    private int _head;
    private int _tail;
    private int _values;
    private AbiFault _fault;

    /// <summary>Begins to read.</summary>
    /// <param name="data">The encoding, without a selector.</param>
    /// <param name="headSize">The size of the outermost tuple's head.</param>
    /// <param name="anyLayout">Whether to accept what a contract would, not only what is canonical.</param>
    public AbiReader(ReadOnlySpan<byte> data, int headSize, bool anyLayout = false)
    {
        _data = data;
        _anyLayout = anyLayout;
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
        if (_fault == AbiFault.None && !_anyLayout && _tail != _data.Length)
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
        if (_anyLayout)
        {
            // A contract takes any bytes as a string.
            return Encoding.UTF8.GetString(bytes);
        }

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
    public Frame BeginTuple(int headSize) => Open(Place(), headSize);

    /// <summary>Begins an array of any length.</summary>
    /// <param name="elementHead">The size of one element in the head.</param>
    /// <param name="count">How many elements follow.</param>
    public Frame BeginArray(int elementHead, out int count)
    {
        var at = Place();
        count = Length(at, Math.Max(1, elementHead));
        return Open(at + 32, count * elementHead);
    }

    /// <summary>Ends what was begun last.</summary>
    /// <param name="frame">What its beginning returned.</param>
    public void End(Frame frame) => (_base, _head) = (frame.Base, frame.Head);

    private ReadOnlySpan<byte> Tail()
    {
        var at = Place();
        var length = Length(at, 1);
        if (_fault != AbiFault.None)
        {
            return default;
        }

        at += 32;
        _copied += length;
        if (_copied > CopiedMax)
        {
            Fail(AbiFault.TooMany);
            return default;
        }

        if (_anyLayout)
        {
            return _data.Slice(at, length);
        }

        var padded = (length + 31) / 32 * 32;
        if (padded > _data.Length - at)
        {
            Fail(AbiFault.Truncated);
            return default;
        }

        var bytes = _data.Slice(at, padded);
        _tail = at + padded;
        if (bytes[length..].ContainsAnyExcept((byte)0))
        {
            Fail(AbiFault.OutOfRange);
            return default;
        }

        return bytes[..length];
    }

    // A length word; so many elements of this size at least must follow it.
    private int Length(int at, int elementSize)
    {
        if (_fault != AbiFault.None || _data.Length - at < 32)
        {
            Fail(AbiFault.Truncated);
            return 0;
        }

        var word = _data.Slice(at, 32);
        if (word[..24].ContainsAnyExcept((byte)0) || BinaryPrimitives.ReadUInt64BigEndian(word[24..]) > (ulong)((_data.Length - at - 32) / elementSize))
        {
            Fail(AbiFault.Truncated);
            return 0;
        }

        return (int)BinaryPrimitives.ReadUInt64BigEndian(word[24..]);
    }

    private Frame Open(int at, int headSize)
    {
        var outer = new Frame(_base, _head);
        if (_fault == AbiFault.None && headSize > _data.Length - at)
        {
            Fail(AbiFault.Truncated);
        }

        if (_fault == AbiFault.None)
        {
            _base = _head = at;
            _tail = at + headSize;
        }

        return outer;
    }

    // Where a dynamic value stands.
    private int Place()
    {
        var word = Word();
        if (_fault != AbiFault.None)
        {
            return 0;
        }

        var offset = BinaryPrimitives.ReadUInt64BigEndian(word[24..]);
        if (word[..24].ContainsAnyExcept((byte)0) || offset > (ulong)(_data.Length - _base))
        {
            Fail(_anyLayout ? AbiFault.Truncated : AbiFault.NotCanonical);
            return 0;
        }

        if (!_anyLayout && (int)offset != _tail - _base)
        {
            Fail(AbiFault.NotCanonical);
            return 0;
        }

        return _base + (int)offset;
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
