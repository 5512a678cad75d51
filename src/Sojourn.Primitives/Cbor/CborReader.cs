using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sojourn.Primitives.Cbor;

/// <summary>Reads CBOR item by item, strictly: the profile's rules hold for everything that is read or skipped, containers close by themselves, and memory does not depend on what lengths claim.</summary>
/// <remarks>
/// RFC 8949; DAG-CBOR specification. Containers are read as <c>n = ReadMapHeader()</c> followed by n keys and values (2n items).
/// Faults throw <see cref="CborException"/>; a decoder of untrusted records catches it once, at its edge.
/// </remarks>
public ref partial struct CborReader
{
    /// <summary>The default limit of nesting.</summary>
    public const int DepthMaxDefault = 64;

    /// <summary>The tag of a CID in DAG-CBOR.</summary>
    public const ulong CidTag = 42;

    private readonly ReadOnlySpan<byte> _data;
    private readonly int _depthMax;
    private Frame[]? _frames;
    private int _depth;
    private int _at;
    private bool _tagged;

    /// <summary>Starts at the beginning of a span.</summary>
    /// <param name="data">The encoded items.</param>
    /// <param name="profile">Which CBOR is accepted.</param>
    /// <param name="depthMax">How deep containers may nest, 1 to 1,024.</param>
    public CborReader(ReadOnlySpan<byte> data, CborProfile profile = CborProfile.Deterministic, int depthMax = DepthMaxDefault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depthMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depthMax, 1024);
        _data = data;
        _depthMax = depthMax;
        Profile = profile;
    }

    /// <summary>Which CBOR is accepted.</summary>
    public CborProfile Profile { get; }

    /// <summary>How many bytes were read.</summary>
    public readonly int Position => _at;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _data.Length - _at;

    /// <summary>How many containers are open.</summary>
    public readonly int Depth => _depth;

    /// <summary>Whether every byte was read.</summary>
    public readonly bool AtEnd => _at >= _data.Length;

    /// <summary>What the next item is, without reading it.</summary>
    public readonly CborKind Peek()
    {
        if (_at >= _data.Length)
        {
            return CborKind.End;
        }

        var b = _data[_at];
        return (b >> 5) switch
        {
            0 => CborKind.Unsigned,
            1 => CborKind.Negative,
            2 => CborKind.Bytes,
            3 => CborKind.Text,
            4 => CborKind.Array,
            5 => CborKind.Map,
            6 => CborKind.Tag,
            _ => (b & 31) switch
            {
                20 or 21 => CborKind.Boolean,
                22 => CborKind.Null,
                23 => CborKind.Undefined,
                25 or 26 or 27 => CborKind.Float,
                _ => CborKind.Invalid,
            },
        };
    }

    /// <summary>Reads a number from 0 to 2^64 - 1.</summary>
    public ulong ReadUInt64()
    {
        var start = Begin();
        var value = Head(0, start);
        End();
        return value;
    }

    /// <summary>Reads a number from -2^63 to 2^63 - 1.</summary>
    public long ReadInt64()
    {
        var start = _at;
        var value = ReadInteger();
        return value < long.MinValue || value > long.MaxValue ? throw Fail(CborFault.IntegerRange, start) : (long)value;
    }

    /// <summary>Reads a number of a closed range.</summary>
    /// <param name="min">The smallest that is accepted.</param>
    /// <param name="max">The largest that is accepted.</param>
    public int ReadInt32(int min = int.MinValue, int max = int.MaxValue)
    {
        var start = _at;
        var value = ReadInteger();
        return value < min || value > max ? throw Fail(CborFault.IntegerRange, start) : (int)value;
    }

    /// <summary>Reads any integer of CBOR: -2^64 to 2^64 - 1.</summary>
    public Int128 ReadInteger()
    {
        var start = Begin();
        var major = Require(start) >> 5;
        if (major > 1)
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        var value = Head(major, start);
        End();
        return major == 0 ? value : -1 - (Int128)value;
    }

    /// <summary>Reads <c>true</c> or <c>false</c>.</summary>
    public bool ReadBoolean()
    {
        var start = Begin();
        var b = Require(start);
        if (b is not (0xf4 or 0xf5))
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        _at++;
        End();
        return b == 0xf5;
    }

    /// <summary>Reads <c>null</c>.</summary>
    public void ReadNull()
    {
        var start = Begin();
        if (Require(start) != 0xf6)
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        _at++;
        End();
    }

    /// <summary>Reads <c>null</c> where it is next.</summary>
    /// <returns>Whether it was.</returns>
    public bool TryReadNull()
    {
        if (Peek() != CborKind.Null)
        {
            return false;
        }

        ReadNull();
        return true;
    }

    /// <summary>Reads a float of any width that the profile accepts.</summary>
    public double ReadDouble()
    {
        var start = Begin();
        var value = Float(start);
        End();
        return value;
    }

    /// <summary>Reads a byte string in place.</summary>
    /// <param name="lengthMax">The longest that is accepted, in bytes.</param>
    public ReadOnlySpan<byte> ReadBytes(int lengthMax = int.MaxValue)
    {
        var start = Begin();
        var value = String(2, start, lengthMax);
        End();
        return value;
    }

    /// <summary>Reads a byte string of one length in place.</summary>
    /// <param name="length">The length, in bytes.</param>
    public ReadOnlySpan<byte> ReadBytesExactly(int length)
    {
        var start = _at;
        var value = ReadBytes(length);
        return value.Length == length ? value : throw Fail(CborFault.LengthExceeded, start);
    }

    /// <summary>Reads a text string as its UTF-8 bytes, in place.</summary>
    /// <param name="lengthMax">The longest that is accepted, in bytes.</param>
    public ReadOnlySpan<byte> ReadUtf8(int lengthMax = int.MaxValue)
    {
        var start = Begin();
        var value = String(3, start, lengthMax);
        End();
        return value;
    }

    /// <summary>Reads a text string.</summary>
    /// <param name="lengthMax">The longest that is accepted, in UTF-8 bytes.</param>
    public string ReadText(int lengthMax = int.MaxValue) => Encoding.UTF8.GetString(ReadUtf8(lengthMax));

    /// <summary>Reads a text string that must be this one, such as the next key of a record.</summary>
    /// <param name="expected">The text.</param>
    public void ReadKey(string expected)
    {
        var start = _at;
        var utf8 = ReadUtf8();
        if (!Ascii.Equals(utf8, expected) && !string.Equals(Encoding.UTF8.GetString(utf8), expected, StringComparison.Ordinal))
        {
            throw Fail(CborFault.Unexpected, start);
        }
    }

    /// <summary>Reads an integer that must be this one, such as the next label of a COSE or CWT map.</summary>
    /// <param name="expected">The label.</param>
    public void ReadKey(long expected)
    {
        var start = _at;
        if (ReadInteger() != expected)
        {
            throw Fail(CborFault.Unexpected, start);
        }
    }

    /// <summary>Opens an array.</summary>
    /// <param name="countMax">The most elements that are accepted.</param>
    /// <returns>How many elements follow; never more than there are bytes.</returns>
    public int ReadArrayHeader(int countMax = int.MaxValue) => Container(4, countMax);

    /// <summary>Opens an array that must have this many elements.</summary>
    /// <param name="count">How many.</param>
    public void ReadArrayHeaderExactly(int count)
    {
        var start = _at;
        if (ReadArrayHeader() != count)
        {
            throw Fail(CborFault.Unexpected, start);
        }
    }

    /// <summary>Opens a map.</summary>
    /// <param name="countMax">The most entries that are accepted.</param>
    /// <returns>How many keys (each with a value) follow; never more than half as many as there are bytes.</returns>
    public int ReadMapHeader(int countMax = int.MaxValue) => Container(5, countMax);

    /// <summary>Opens a map that must have this many entries.</summary>
    /// <param name="count">How many.</param>
    public void ReadMapHeaderExactly(int count)
    {
        var start = _at;
        if (ReadMapHeader() != count)
        {
            throw Fail(CborFault.Unexpected, start);
        }
    }

    /// <summary>Reads a tag; its item must follow.</summary>
    public ulong ReadTag()
    {
        var start = Begin();
        var tag = Head(6, start);
        if (Profile == CborProfile.DagCbor && tag != CidTag)
        {
            throw Fail(CborFault.ForbiddenTag, start);
        }

        if (_at >= _data.Length)
        {
            throw Fail(CborFault.Truncated, start);
        }

        _tagged = true;
        return tag;
    }

    /// <summary>Reads a tag that must be this one.</summary>
    /// <param name="expected">The tag's number.</param>
    public void ReadTag(ulong expected)
    {
        var start = _at;
        if (ReadTag() != expected)
        {
            throw Fail(CborFault.ForbiddenTag, start);
        }
    }

    /// <summary>Reads a CID: tag 42 over a byte string that begins with a zero byte.</summary>
    public Cid ReadCid()
    {
        var start = _at;
        if (Peek() != CborKind.Tag)
        {
            throw Fail(Peek() == CborKind.End ? CborFault.Truncated : CborFault.TypeMismatch, start);
        }

        ReadTag(CidTag);
        var bytes = ReadBytes();
        return bytes.Length > 1 && bytes[0] == 0 && Cid.TryDecode(bytes[1..], out var cid, out _) ? cid : throw Fail(CborFault.InvalidCid, start);
    }

    /// <summary>Reads past one item, whatever it is, and checks all of it.</summary>
    public void Skip() => ReadEncoded();

    /// <summary>Reads one item, whatever it is, checks all of it, and gives its encoding in place.</summary>
    public ReadOnlySpan<byte> ReadEncoded()
    {
        var start = _at;
        var depth = _depth;
        do
        {
            SkipOne();
        }
        while (_depth > depth || _tagged);

        // A container's break byte (lenient profile) belongs to it.
        return _data[start.._at];
    }

    /// <summary>Demands that all containers are closed and nothing follows.</summary>
    public readonly void ReadEnd()
    {
        if (_depth > 0 || _tagged)
        {
            throw Fail(CborFault.Truncated, _at);
        }

        if (_at < _data.Length)
        {
            throw Fail(CborFault.TrailingBytes, _at);
        }
    }

    /// <summary>Checks that a span is exactly one item of a profile.</summary>
    /// <param name="data">The encoding.</param>
    /// <param name="profile">Which CBOR is accepted.</param>
    /// <param name="depthMax">How deep containers may nest.</param>
    public static CborFault Check(ReadOnlySpan<byte> data, CborProfile profile, int depthMax = DepthMaxDefault)
    {
        try
        {
            var reader = new CborReader(data, profile, depthMax);
            reader.Skip();
            reader.ReadEnd();
            return CborFault.None;
        }
        catch (CborException refused)
        {
            return refused.Fault;
        }
    }

    /// <summary>Refuses at the current place: for decoders whose format forbids what they just read.</summary>
    /// <param name="fault">The reason.</param>
    [DoesNotReturn]
    public readonly void Refuse(CborFault fault) => throw Fail(fault, _at);

    private static CborException Fail(CborFault fault, int offset) => new(fault, offset);
}
