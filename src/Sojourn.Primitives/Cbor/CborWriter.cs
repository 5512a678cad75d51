using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Sojourn.Primitives.Cbor;

/// <summary>Writes deterministic CBOR: shortest forms, definite lengths, and map entries sorted when their map is closed, so that callers need not know the order.</summary>
/// <remarks>RFC 8949 section 4.2.1; DAG-CBOR specification. Misuse (an open container, a key twice, a forbidden item) is a bug of the caller and throws <see cref="InvalidOperationException"/>.</remarks>
public sealed class CborWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<Frame> _frames = [];
    private byte[] _buffer;
    private int _at;
    private bool _tagged;

    /// <summary>Starts empty.</summary>
    /// <param name="profile"><see cref="CborProfile.Deterministic"/> or <see cref="CborProfile.DagCbor"/>.</param>
    /// <param name="capacity">How many bytes to expect.</param>
    public CborWriter(CborProfile profile = CborProfile.Deterministic, int capacity = 256)
    {
        if (profile == CborProfile.Lenient)
        {
            throw new ArgumentOutOfRangeException(nameof(profile), "Lenient is for reading.");
        }

        Profile = profile;
        _buffer = new byte[Math.Max(16, capacity)];
    }

    /// <summary>Which rules the output keeps.</summary>
    public CborProfile Profile { get; }

    /// <summary>What was written; every container must be closed.</summary>
    public ReadOnlySpan<byte> WrittenSpan => Finished()[.._at];

    /// <summary>What was written; every container must be closed.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => Finished().AsMemory(0, _at);

    /// <summary>How many bytes were written so far.</summary>
    public int Length => _at;

    /// <summary>A fresh array of what was written.</summary>
    public byte[] ToArray() => WrittenSpan.ToArray();

    /// <summary>Copies what was written to a buffer writer.</summary>
    /// <param name="destination">Where to.</param>
    public void CopyTo(IBufferWriter<byte> destination) => destination.Write(WrittenSpan);

    /// <summary>Forgets and wipes what was written.</summary>
    public void Reset()
    {
        Array.Clear(_buffer, 0, _at);
        _at = 0;
        _frames.Clear();
        _tagged = false;
    }

    /// <summary>Opens a map; keys and values follow in turn, in any order of keys.</summary>
    public CborWriter BeginMap() => Open(isMap: true);

    /// <summary>Closes the innermost map and sorts its entries.</summary>
    public CborWriter EndMap() => Close(isMap: true);

    /// <summary>Opens an array; its elements follow.</summary>
    public CborWriter BeginArray() => Open(isMap: false);

    /// <summary>Closes the innermost array.</summary>
    public CborWriter EndArray() => Close(isMap: false);

    /// <summary>Writes a text key; the same as <see cref="WriteText(string)"/>.</summary>
    /// <param name="key">The key.</param>
    public CborWriter WriteKey(string key) => WriteText(key);

    /// <summary>Writes an integer key (COSE and CWT labels); the same as <see cref="WriteInteger(long)"/>.</summary>
    /// <param name="label">The key.</param>
    public CborWriter WriteKey(long label) => WriteInteger(label);

    /// <summary>Writes an integer.</summary>
    /// <param name="value">The value.</param>
    public CborWriter WriteInteger(long value) => value >= 0 ? Item(0, (ulong)value) : Item(1, (ulong)~value);

    /// <summary>Writes an integer of CBOR's whole range.</summary>
    /// <param name="value">From -2^64 to 2^64 - 1.</param>
    public CborWriter WriteInteger(Int128 value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, (Int128)ulong.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(value, -1 - (Int128)ulong.MaxValue);
        return value >= 0 ? Item(0, (ulong)value) : Item(1, (ulong)(-1 - value));
    }

    /// <summary>Writes an unsigned integer.</summary>
    /// <param name="value">The value.</param>
    public CborWriter WriteUnsigned(ulong value) => Item(0, value);

    /// <summary>Writes a byte string.</summary>
    /// <param name="value">The bytes.</param>
    public CborWriter WriteBytes(ReadOnlySpan<byte> value)
    {
        Begin(2);
        Head(2, (ulong)value.Length);
        value.CopyTo(Take(value.Length));
        return End();
    }

    /// <summary>Writes a text string.</summary>
    /// <param name="value">Text without lone surrogates.</param>
    public CborWriter WriteText(string value)
    {
        Begin(3);
        var length = StrictUtf8.GetByteCount(value);
        Head(3, (ulong)length);
        StrictUtf8.GetBytes(value, Take(length));
        return End();
    }

    /// <summary>Writes a text string that is already UTF-8.</summary>
    /// <param name="value">Valid UTF-8.</param>
    public CborWriter WriteUtf8(ReadOnlySpan<byte> value)
    {
        if (!System.Text.Unicode.Utf8.IsValid(value))
        {
            throw new ArgumentException("The bytes are not UTF-8.", nameof(value));
        }

        Begin(3);
        Head(3, (ulong)value.Length);
        value.CopyTo(Take(value.Length));
        return End();
    }

    /// <summary>Writes <c>true</c> or <c>false</c>.</summary>
    /// <param name="value">Which.</param>
    public CborWriter WriteBoolean(bool value) => Simple(value ? (byte)0xf5 : (byte)0xf4);

    /// <summary>Writes <c>null</c>.</summary>
    public CborWriter WriteNull() => Simple(0xf6);

    /// <summary>Writes a float: 64 bits in DAG-CBOR, else the shortest that keeps the value.</summary>
    /// <param name="value">The value; finite in DAG-CBOR.</param>
    public CborWriter WriteDouble(double value)
    {
        Begin(7);
        if (Profile == CborProfile.DagCbor)
        {
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException("DAG-CBOR holds no NaN and no infinity.");
            }

            Take(1)[0] = 0xfb;
            BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);
        }
        else if (double.IsNaN(value))
        {
            Take(1)[0] = 0xf9;
            BinaryPrimitives.WriteUInt16BigEndian(Take(2), 0x7e00);
        }
        else if ((double)(Half)value == value)
        {
            Take(1)[0] = 0xf9;
            BinaryPrimitives.WriteHalfBigEndian(Take(2), (Half)value);
        }
        else if ((double)(float)value == value)
        {
            Take(1)[0] = 0xfa;
            BinaryPrimitives.WriteSingleBigEndian(Take(4), (float)value);
        }
        else
        {
            Take(1)[0] = 0xfb;
            BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);
        }

        return End();
    }

    /// <summary>Writes a tag; its item must follow.</summary>
    /// <param name="tag">The tag's number; DAG-CBOR knows only CIDs, by <see cref="WriteCid"/>.</param>
    public CborWriter WriteTag(ulong tag)
    {
        if (Profile == CborProfile.DagCbor && tag != CborReader.CidTag)
        {
            throw new InvalidOperationException($"DAG-CBOR holds no tag {tag}.");
        }

        Begin(6);
        Head(6, tag);
        _tagged = true;
        return this;
    }

    /// <summary>Writes a CID: tag 42 over a zero byte and its binary form.</summary>
    /// <param name="cid">The identifier.</param>
    public CborWriter WriteCid(Cid cid)
    {
        WriteTag(CborReader.CidTag);
        Begin(2);
        Head(2, (ulong)cid.Bytes.Length + 1);
        Take(1)[0] = 0;
        cid.Bytes.CopyTo(Take(cid.Bytes.Length));
        return End();
    }

    /// <summary>Writes one item that is already encoded under this writer's rules.</summary>
    /// <param name="encoded">The item; it is checked.</param>
    public CborWriter WriteEncoded(ReadOnlySpan<byte> encoded)
    {
        var fault = CborReader.Check(encoded, Profile, 1024);
        if (fault != CborFault.None)
        {
            throw new InvalidOperationException($"The item is not of the profile {Profile}: {fault}.");
        }

        Begin(encoded[0] >> 5);
        encoded.CopyTo(Take(encoded.Length));
        return End();
    }

    private CborWriter Item(int major, ulong argument)
    {
        Begin(major);
        Head(major, argument);
        return End();
    }

    private CborWriter Simple(byte value)
    {
        Begin(7);
        Take(1)[0] = value;
        return End();
    }

    private CborWriter Open(bool isMap)
    {
        Begin(isMap ? 5 : 4);
        _tagged = false;
        _frames.Add(new Frame(isMap, _at));
        Take(1);
        return this;
    }

    private CborWriter Close(bool isMap)
    {
        if (_frames.Count == 0 || _tagged || _frames[^1].IsMap != isMap)
        {
            throw new InvalidOperationException("The innermost open container is another one.");
        }

        var frame = _frames[^1];
        _frames.RemoveAt(_frames.Count - 1);
        if (isMap && (frame.Items & 1) != 0)
        {
            throw new InvalidOperationException("The last key of the map has no value.");
        }

        if (frame.Entries is not null)
        {
            SortEntries(frame);
        }

        var count = (ulong)(isMap ? frame.Items / 2 : frame.Items);
        var body = frame.HeadAt + 1;
        var extra = LengthOfHead(count) - 1;
        if (extra > 0)
        {
            Take(extra);
            _buffer.AsSpan(body, _at - extra - body).CopyTo(_buffer.AsSpan(body + extra));
        }

        var end = _at;
        _at = frame.HeadAt;
        Head(isMap ? 5 : 4, count);
        _at = end;
        return End();
    }

    private void SortEntries(Frame frame)
    {
        var entries = frame.Entries!;
        var sorted = true;
        for (var i = 1; i < entries.Count && sorted; i++)
        {
            sorted = CompareKeys(entries[i - 1], entries[i]) < 0;
        }

        if (sorted)
        {
            return;
        }

        var end = _at;
        var order = new (int Start, int KeyEnd, int End)[entries.Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = (entries[i].Start, entries[i].KeyEnd, i + 1 < order.Length ? entries[i + 1].Start : end);
        }

        Array.Sort(order, (x, y) => CompareKeys((x.Start, x.KeyEnd), (y.Start, y.KeyEnd)));
        var body = frame.HeadAt + 1;
        var copy = _buffer.AsSpan(body, end - body).ToArray();
        var at = body;
        for (var i = 0; i < order.Length; i++)
        {
            if (i > 0 && KeyOf(copy, order[i - 1], body).SequenceEqual(KeyOf(copy, order[i], body)))
            {
                throw new InvalidOperationException("A map has the same key twice.");
            }

            copy.AsSpan(order[i].Start - body, order[i].End - order[i].Start).CopyTo(_buffer.AsSpan(at));
            at += order[i].End - order[i].Start;
        }

        Array.Clear(copy);
    }

    private static ReadOnlySpan<byte> KeyOf(byte[] copy, (int Start, int KeyEnd, int End) entry, int body) =>
        copy.AsSpan(entry.Start - body, entry.KeyEnd - entry.Start);

    private int CompareKeys((int Start, int KeyEnd) x, (int Start, int KeyEnd) y) =>
        _buffer.AsSpan(x.Start..x.KeyEnd).SequenceCompareTo(_buffer.AsSpan(y.Start..y.KeyEnd));

    private void Begin(int major)
    {
        if (_tagged || _frames.Count == 0)
        {
            return;
        }

        var frame = _frames[^1];
        if (frame.IsMap && (frame.Items & 1) == 0)
        {
            if (Profile == CborProfile.DagCbor ? major != 3 : major > 3)
            {
                throw new InvalidOperationException("A map key is of a kind that the profile does not allow.");
            }

            frame.KeyAt = _at;
        }
    }

    private CborWriter End()
    {
        _tagged = false;
        if (_frames.Count > 0)
        {
            var frame = _frames[^1];
            if (frame.IsMap && (frame.Items & 1) == 0)
            {
                (frame.Entries ??= []).Add((frame.KeyAt, _at));
            }

            frame.Items++;
        }

        return this;
    }

    private static int LengthOfHead(ulong argument) => argument switch { < 24 => 1, <= 0xff => 2, <= 0xffff => 3, <= 0xffff_ffff => 5, _ => 9 };

    private void Head(int major, ulong argument)
    {
        var length = LengthOfHead(argument);
        var span = Take(length);
        var first = (byte)(major << 5);
        switch (length)
        {
            case 1:
                span[0] = (byte)(first | (int)argument);
                break;
            case 2:
                span[0] = (byte)(first | 24);
                span[1] = (byte)argument;
                break;
            case 3:
                span[0] = (byte)(first | 25);
                BinaryPrimitives.WriteUInt16BigEndian(span[1..], (ushort)argument);
                break;
            case 5:
                span[0] = (byte)(first | 26);
                BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)argument);
                break;
            default:
                span[0] = (byte)(first | 27);
                BinaryPrimitives.WriteUInt64BigEndian(span[1..], argument);
                break;
        }
    }

    private Span<byte> Take(int length)
    {
        if (_buffer.Length - _at < length)
        {
            var larger = new byte[(int)Math.Min(Array.MaxLength, Math.Max(2L * _buffer.Length, (long)_at + length))];
            _buffer.AsSpan(0, _at).CopyTo(larger);
            Array.Clear(_buffer, 0, _at);
            _buffer = larger;
        }

        var span = _buffer.AsSpan(_at, length);
        _at += length;
        return span;
    }

    private byte[] Finished() =>
        _frames.Count == 0 && !_tagged ? _buffer : throw new InvalidOperationException("A container is still open, or a tag has no item.");

    private sealed class Frame(bool isMap, int headAt)
    {
        public bool IsMap { get; } = isMap;

        public int HeadAt { get; } = headAt;

        public int Items { get; set; }

        public int KeyAt { get; set; }

        public List<(int Start, int KeyEnd)>? Entries { get; set; }
    }
}
