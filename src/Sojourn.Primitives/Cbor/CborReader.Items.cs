using System.Buffers.Binary;
using System.Text.Unicode;

namespace Sojourn.Primitives.Cbor;

public ref partial struct CborReader
{
    /// <summary>An open container.</summary>
    private struct Frame
    {
        /// <summary>Items that are still to come; in a map, keys are those at even numbers.</summary>
        public int Left;
        public int KeyAt;
        public int KeyEnd;
        public int PreviousAt;
        public bool IsMap;
        public bool HasBreak;
    }

    private readonly byte Require(int start) => start < _data.Length ? _data[start] : throw Fail(CborFault.Truncated, start);

    /// <summary>Marks the start of an item (its tags included) and refuses keys of unacceptable kinds.</summary>
    private int Begin()
    {
        var start = _at;
        if (_depth > 0 && !_tagged)
        {
            ref var frame = ref _frames![_depth - 1];
            if (frame.IsMap && (frame.Left & 1) == 0)
            {
                var major = Require(start) >> 5;
                if (Profile == CborProfile.DagCbor ? major != 3 : major > 3)
                {
                    throw Fail(CborFault.KeyType, start);
                }
            }
        }

        return start;
    }

    /// <summary>Closes an item, and every container that it completes.</summary>
    private void End()
    {
        _tagged = false;
        while (_depth > 0)
        {
            ref var frame = ref _frames![_depth - 1];
            if (frame.IsMap && (frame.Left & 1) == 0)
            {
                CheckKey(ref frame);
            }

            if (--frame.Left > 0)
            {
                if (frame.IsMap && (frame.Left & 1) == 0)
                {
                    frame.KeyAt = _at;
                }

                return;
            }

            if (frame.HasBreak)
            {
                _at++;
            }

            _depth--;
        }
    }

    private readonly void CheckKey(ref Frame frame)
    {
        var at = frame.KeyAt;
        if (frame.KeyEnd > 0 && Profile != CborProfile.Lenient)
        {
            // Bytewise order of the encodings (RFC 8949 4.2.1),
            // which for shortest-form text is DAG-CBOR's length-first order.
            var order = _data[frame.PreviousAt..frame.KeyEnd].SequenceCompareTo(_data[at.._at]);
            if (order >= 0)
            {
                throw Fail(order == 0 ? CborFault.DuplicateKey : CborFault.KeyOrder, at);
            }
        }

        frame.PreviousAt = at;
        frame.KeyEnd = _at;
    }

    /// <summary>Reads an item's first byte and its argument.</summary>
    private ulong Head(int major, int start)
    {
        var b = Require(start);
        if (b >> 5 != major)
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        var info = b & 31;
        if (info < 24)
        {
            _at = start + 1;
            return (ulong)info;
        }

        if (info > 27)
        {
            throw Fail(info == 31 && major is >= 2 and <= 5 ? CborFault.IndefiniteLength : CborFault.Reserved, start);
        }

        var width = 1 << (info - 24);
        var rest = _data[(start + 1)..];
        if (rest.Length < width)
        {
            throw Fail(CborFault.Truncated, start);
        }

        var (value, least) = width switch
        {
            1 => (rest[0], 24UL),
            2 => (BinaryPrimitives.ReadUInt16BigEndian(rest), 1UL << 8),
            4 => (BinaryPrimitives.ReadUInt32BigEndian(rest), 1UL << 16),
            _ => (BinaryPrimitives.ReadUInt64BigEndian(rest), 1UL << 32),
        };
        if (value < least && Profile != CborProfile.Lenient)
        {
            throw Fail(CborFault.NotShortest, start);
        }

        _at = start + 1 + width;
        return value;
    }

    private ReadOnlySpan<byte> String(int major, int start, int lengthMax)
    {
        var first = Require(start);
        if (Profile == CborProfile.Lenient && first == ((major << 5) | 31))
        {
            return Chunks(major, start, lengthMax);
        }

        var length = Head(major, start);
        if (length > (ulong)Remaining)
        {
            throw Fail(CborFault.Truncated, start);
        }

        if (length > (ulong)lengthMax)
        {
            throw Fail(CborFault.LengthExceeded, start);
        }

        var value = _data.Slice(_at, (int)length);
        if (major == 3 && !Utf8.IsValid(value))
        {
            throw Fail(CborFault.InvalidUtf8, start);
        }

        _at += (int)length;
        return value;
    }

    /// <summary>Joins the chunks of a string of indefinite length (lenient profile).</summary>
    private ReadOnlySpan<byte> Chunks(int major, int start, int lengthMax)
    {
        var joined = new List<byte>();
        _at = start + 1;
        while (Require(_at) != 0xff)
        {
            var at = _at;
            var length = Head(major, at);
            if (length > (ulong)Remaining)
            {
                throw Fail(CborFault.Truncated, at);
            }

            var chunk = _data.Slice(_at, (int)length);
            if (joined.Count + (long)chunk.Length > lengthMax)
            {
                throw Fail(CborFault.LengthExceeded, start);
            }

            // Each chunk must be valid by itself (RFC 8949 section 3.2.3).
            if (major == 3 && !Utf8.IsValid(chunk))
            {
                throw Fail(CborFault.InvalidUtf8, at);
            }

            joined.AddRange(chunk);
            _at += (int)length;
        }

        _at++;
        return joined.ToArray();
    }

    private double Float(int start)
    {
        var b = Require(start);
        var width = b switch { 0xf9 => 2, 0xfa => 4, 0xfb => 8, _ => throw Fail(CborFault.TypeMismatch, start) };
        var rest = _data[(start + 1)..];
        if (rest.Length < width)
        {
            throw Fail(CborFault.Truncated, start);
        }

        var value = width switch
        {
            2 => (double)BinaryPrimitives.ReadHalfBigEndian(rest),
            4 => BinaryPrimitives.ReadSingleBigEndian(rest),
            _ => BinaryPrimitives.ReadDoubleBigEndian(rest),
        };
        if (Profile == CborProfile.DagCbor && (width != 8 || !double.IsFinite(value)))
        {
            throw Fail(CborFault.ForbiddenFloat, start);
        }

        if (Profile == CborProfile.Deterministic && !IsShortest(value, width, rest))
        {
            throw Fail(CborFault.NotShortest, start);
        }

        _at = start + 1 + width;
        return value;
    }

    private static bool IsShortest(double value, int width, ReadOnlySpan<byte> bits)
    {
        if (double.IsNaN(value))
        {
            return width == 2 && bits[0] == 0x7e && bits[1] == 0;
        }

        return width switch
        {
            2 => true,
            4 => (double)(Half)value != value,
            _ => (double)(float)value != value,
        };
    }

    private int Container(int major, int countMax)
    {
        var start = Begin();
        var first = Require(start);
        if (first >> 5 != major)
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        if (_depth >= _depthMax)
        {
            throw Fail(CborFault.DepthExceeded, start);
        }

        var isMap = major == 5;
        var hasBreak = false;
        ulong count;
        if (Profile == CborProfile.Lenient)
        {
            hasBreak = (first & 31) == 31;
            count = hasBreak ? 0 : Head(major, start);
            _at = hasBreak ? start + 1 : _at;
            if (count > (ulong)Remaining)
            {
                throw Fail(CborFault.Truncated, start);
            }

            count = (ulong)CborScan.Entries(_data, _at, isMap, hasBreak ? -1 : (int)count, _depthMax - _depth);
        }
        else
        {
            count = Head(major, start);
        }

        if (count > (ulong)Remaining / (isMap ? 2u : 1u))
        {
            throw Fail(CborFault.Truncated, start);
        }

        if (count > (ulong)countMax)
        {
            throw Fail(CborFault.LengthExceeded, start);
        }

        if (count == 0)
        {
            if (hasBreak)
            {
                _at++;
            }

            End();
            return 0;
        }

        _frames ??= new Frame[4];
        if (_depth == _frames.Length)
        {
            Array.Resize(ref _frames, _depth * 2);
        }

        _frames[_depth++] = new Frame { Left = isMap ? (int)count * 2 : (int)count, IsMap = isMap, KeyAt = _at, HasBreak = hasBreak };
        _tagged = false;
        return (int)count;
    }

    private void SkipOne()
    {
        switch (Peek())
        {
            case CborKind.Unsigned or CborKind.Negative:
                ReadInteger();
                break;
            case CborKind.Bytes:
                ReadBytes();
                break;
            case CborKind.Text:
                ReadUtf8();
                break;
            case CborKind.Array:
                ReadArrayHeader();
                break;
            case CborKind.Map:
                ReadMapHeader();
                break;
            case CborKind.Tag when Profile == CborProfile.DagCbor:
                ReadCid();
                break;
            case CborKind.Tag:
                ReadTag();
                break;
            case CborKind.Boolean:
                ReadBoolean();
                break;
            case CborKind.Null:
                ReadNull();
                break;
            case CborKind.Undefined:
                ReadUndefined();
                break;
            case CborKind.Float:
                ReadDouble();
                break;
            case CborKind.End:
                throw Fail(CborFault.Truncated, _at);
            default:
                throw Fail((_data[_at] & 31) is >= 28 ? CborFault.Reserved : CborFault.ForbiddenSimple, _at);
        }
    }

    /// <summary>Reads <c>undefined</c>, which DAG-CBOR does not know.</summary>
    public void ReadUndefined()
    {
        var start = Begin();
        if (Require(start) != 0xf7)
        {
            throw Fail(CborFault.TypeMismatch, start);
        }

        if (Profile == CborProfile.DagCbor)
        {
            throw Fail(CborFault.ForbiddenSimple, start);
        }

        _at++;
        End();
    }
}
