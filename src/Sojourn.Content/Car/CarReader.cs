using System.Buffers.Binary;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Content.Car;

/// <summary>Reads a CAR of version 1 or 2 from a stream, forward only, section by section, with memory for one section.</summary>
/// <remarks>
/// ipld.io, "CARv1 specification", "CARv2 specification". Nothing is believed: lengths are bounded before anything is allocated,
/// and blocks are not verified here (<see cref="CarVerifier"/>, <see cref="CarBlockSource"/> and
/// <see cref="CarSection.ToVerifiedBlock"/> do that). A clean end proves nothing about a DAG: that is for the walker to say.
/// </remarks>
public sealed class CarReader
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Sections from this size on are read straight into memory of their own, which saves a copy.</summary>
    private const int OwnedBytesMin = 64 << 10;

    private readonly Stream _stream;
    private readonly CarReaderOptions _options;
    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private long _position;
    private long _left = long.MaxValue;

    private CarReader(Stream stream, CarReaderOptions options)
    {
        _stream = stream;
        _options = options;
    }

    /// <summary>1 or 2.</summary>
    public int Version { get; private set; }

    /// <summary>The roots that the header claims; they may be empty or lies.</summary>
    public IReadOnlyList<Cid> Roots { get; private set; } = [];

    /// <summary>The fixed header of version 2, or null.</summary>
    public CarV2Header? V2 { get; private set; }

    /// <summary>How many bytes were read from the stream's start on.</summary>
    public long Position => _position;

    /// <summary>Gives memory for the blocks that get one of their own.</summary>
    internal Func<int, Memory<byte>> Room { get; set; } = static bytes => GC.AllocateUninitializedArray<byte>(bytes);

    /// <summary>Reads the header.</summary>
    /// <param name="stream">The CAR; it stays open and is not sought.</param>
    /// <param name="options">Limits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">The header is malformed or of another version.</exception>
    public static async ValueTask<CarReader> OpenAsync(Stream stream, CarReaderOptions? options = null, CancellationToken cancellationToken = default)
    {
        var reader = new CarReader(stream, options ?? CarReaderOptions.Default);
        var (version, roots) = await reader.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        reader.Version = version;
        reader.Roots = roots;
        if (version == 2)
        {
            await reader.ReadV2Async(cancellationToken).ConfigureAwait(false);
        }

        return reader;
    }

    /// <summary>Reads the next section.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The section, whose data is valid until the next read; null at the end.</returns>
    /// <exception cref="ContentException">The section is malformed, too long or cut short.</exception>
    public ValueTask<CarSection?> ReadAsync(CancellationToken cancellationToken = default)
    {
        // Most sections lie in the buffer already; those cost no state machine.
        if (TryTakeBuffered(out var section))
        {
            return ValueTask.FromResult<CarSection?>(section);
        }

        return ReadSlowAsync(cancellationToken);
    }

    private int Available => _end - _start;

    private bool TryTakeBuffered(out CarSection section)
    {
        section = default;
        if (Varint.Read(_buffer.AsSpan(_start, Available), out var length, out var prefix) != VarintFault.None
            || length == 0 || length > (ulong)SectionBytesMax || prefix + (long)length > Math.Min(Available, _left))
        {
            return false;
        }

        section = Take(prefix, (int)length);
        return true;
    }

    private int SectionBytesMax => _options.BlockBytesMax + Multihash.DigestBytesMax + (4 * Varint.BytesMax);

    private async ValueTask<CarSection?> ReadSlowAsync(CancellationToken cancellationToken)
    {
        if (_left == 0 || !await FillAsync(1, cancellationToken).ConfigureAwait(false))
        {
            return _left is 0 or > long.MaxValue / 2 ? null : throw Truncated();
        }

        var (length, prefix) = await ReadLengthAsync(ContentFault.CarSection, cancellationToken).ConfigureAwait(false);
        if (length == 0)
        {
            throw new ContentException(ContentFault.CarSection, $"The CAR has an empty section at byte {_position}.");
        }

        if (length > (ulong)SectionBytesMax)
        {
            throw new ContentException(ContentFault.CarSectionTooLong, $"The CAR section at byte {_position} claims {length} bytes; at most {_options.BlockBytesMax} are accepted for a block.");
        }

        if (prefix + (long)length > _left)
        {
            throw Truncated();
        }

        return length >= OwnedBytesMin
            ? await ReadOwnedAsync(prefix, (int)length, cancellationToken).ConfigureAwait(false)
            : await FillAsync(prefix + (int)length, cancellationToken).ConfigureAwait(false) ? Take(prefix, (int)length) : throw Truncated();
    }

    private async ValueTask<CarSection> ReadOwnedAsync(int prefix, int length, CancellationToken cancellationToken)
    {
        // Enough for any identifier that is not refused.
        if (!await FillAsync(prefix + Multihash.DigestBytesMax + (4 * Varint.BytesMax), cancellationToken).ConfigureAwait(false))
        {
            throw Truncated();
        }

        var (cid, cidLength) = DecodeCid(_buffer.AsSpan(_start + prefix, Math.Min(length, Available - prefix)), length);
        var data = Room(length - cidLength);
        var offset = _position;
        var buffered = Math.Min(Available - prefix - cidLength, data.Length);
        _buffer.AsSpan(_start + prefix + cidLength, buffered).CopyTo(data.Span);
        Advance(prefix + cidLength + buffered);
        for (var at = buffered; at < data.Length;)
        {
            var read = await _stream.ReadAsync(data[at..], cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw Truncated();
            }

            at += read;
            _position += read;
            _left -= _left > long.MaxValue / 2 ? 0 : read;
        }

        return new CarSection(cid, data, offset, prefix + length) { IsOwned = true };
    }

    private CarSection Take(int prefix, int length)
    {
        var body = _buffer.AsMemory(_start + prefix, length);
        var (cid, cidLength) = DecodeCid(body.Span, length);
        var section = new CarSection(cid, body[cidLength..], _position, prefix + length);
        Advance(prefix + length);
        return section;
    }

    private (Cid Cid, int Length) DecodeCid(ReadOnlySpan<byte> body, int length)
    {
        var fault = Cid.TryDecodePrefix(body, out var cid, out var cidLength);
        if (fault != CidFault.None)
        {
            throw new ContentException(ContentFault.CarSection, $"The CAR section at byte {_position} does not begin with a CID: {CidFaults.Explain(fault)}.");
        }

        if (length - cidLength > _options.BlockBytesMax)
        {
            throw new ContentException(ContentFault.CarSectionTooLong, $"The CAR section at byte {_position} holds a block of {length - cidLength} bytes; at most {_options.BlockBytesMax} are accepted.", cid);
        }

        return (cid!, cidLength);
    }

    private async ValueTask<(int Version, IReadOnlyList<Cid> Roots)> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(1, cancellationToken).ConfigureAwait(false))
        {
            throw Truncated();
        }

        var (length, prefix) = await ReadLengthAsync(ContentFault.CarHeader, cancellationToken).ConfigureAwait(false);
        if (length == 0 || length > (ulong)_options.HeaderBytesMax)
        {
            throw new ContentException(ContentFault.CarHeader, $"The CAR header claims {length} bytes; 1 to {_options.HeaderBytesMax} are accepted. Is this a CAR?");
        }

        if (prefix + (long)length > _left || !await FillAsync(prefix + (int)length, cancellationToken).ConfigureAwait(false))
        {
            throw Truncated();
        }

        var header = DecodeHeader(_buffer.AsSpan(_start + prefix, (int)length));
        Advance(prefix + (int)length);
        return header;
    }

    private static (int Version, IReadOnlyList<Cid> Roots) DecodeHeader(ReadOnlySpan<byte> header)
    {
        try
        {
            var reader = new CborReader(header, CborProfile.DagCbor, depthMax: 4);
            var entries = reader.ReadMapHeader(2);
            List<Cid>? roots = null;
            ulong version = 0;
            for (var i = 0; i < entries; i++)
            {
                switch (reader.ReadText(16))
                {
                    case "roots":
                        var count = reader.ReadArrayHeader();
                        roots = new List<Cid>(Math.Min(count, 1024));
                        for (var k = 0; k < count; k++)
                        {
                            roots.Add(reader.ReadCid());
                        }

                        break;
                    case "version":
                        version = reader.ReadUInt64();
                        break;
                    default:
                        reader.Refuse(CborFault.Unexpected);
                        break;
                }
            }

            reader.ReadEnd();
            if (version is not (1 or 2))
            {
                throw new ContentException(ContentFault.CarVersion, $"The CAR has version {version}; 1 and 2 can be read.");
            }

            if (version == 1 ? roots is null : roots is not null)
            {
                throw new ContentException(ContentFault.CarHeader, "The CAR header must name roots in version 1 and none in version 2.");
            }

            return ((int)version, roots ?? []);
        }
        catch (CborException refused)
        {
            throw new ContentException(ContentFault.CarHeader, $"The CAR header is malformed ({refused.Fault}).", inner: refused);
        }
    }

    private async ValueTask ReadV2Async(CancellationToken cancellationToken)
    {
        if (_position != CarFormat.PragmaBytes)
        {
            throw new ContentException(ContentFault.CarHeader, "The CAR says version 2 but does not begin with its fixed first bytes.");
        }

        if (!await FillAsync(CarFormat.HeaderV2Bytes, cancellationToken).ConfigureAwait(false))
        {
            throw Truncated();
        }

        V2 = DecodeV2(_buffer.AsSpan(_start, CarFormat.HeaderV2Bytes));
        Advance(CarFormat.HeaderV2Bytes);
        await SkipAsync(V2.DataOffset - CarFormat.DataOffsetMin, cancellationToken).ConfigureAwait(false);
        _left = V2.DataSize;
        var (inner, roots) = await ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        if (inner != 1)
        {
            throw new ContentException(ContentFault.CarVersion, $"The CAR inside this version 2 CAR has version {inner}; 1 is expected.");
        }

        Roots = roots;
    }

    private static CarV2Header DecodeV2(ReadOnlySpan<byte> bytes)
    {
        var dataOffset = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var dataSize = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        var indexOffset = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        var max = (ulong)long.MaxValue / 4;
        if (dataOffset < CarFormat.DataOffsetMin || dataOffset > max || dataSize == 0 || dataSize > max
            || (indexOffset != 0 && (indexOffset < dataOffset + dataSize || indexOffset > max)))
        {
            throw new ContentException(ContentFault.CarHeader, "The offsets in the version 2 header of the CAR do not fit together.");
        }

        return new CarV2Header((bytes[0] & 0x80) != 0, (long)dataOffset, (long)dataSize, (long)indexOffset);
    }

    private async ValueTask<(ulong Length, int Prefix)> ReadLengthAsync(ContentFault fault, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (Varint.Read(_buffer.AsSpan(_start, Math.Min(Available, Varint.BytesMax)), out var length, out var prefix))
            {
                case VarintFault.None:
                    return (length, prefix);
                case VarintFault.Truncated:
                    if (!await FillAsync(Available + 1, cancellationToken).ConfigureAwait(false))
                    {
                        throw Truncated();
                    }

                    break;
                default:
                    throw new ContentException(fault, $"The length at byte {_position} of the CAR is malformed.");
            }
        }
    }

    private async ValueTask SkipAsync(long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (!await FillAsync(1, cancellationToken).ConfigureAwait(false))
            {
                throw Truncated();
            }

            var step = (int)Math.Min(count, Available);
            Advance(step);
            count -= step;
        }
    }

    private void Advance(int count)
    {
        _start += count;
        _position += count;
        _left -= _left > long.MaxValue / 2 ? 0 : count;
    }

    /// <summary>Makes a number of bytes available in one piece.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        if (Available >= count)
        {
            return true;
        }

        // Room for a whole section and a little of the next; the old bytes move to the front.
        if (_buffer.Length - _start < count)
        {
            var target = _buffer.Length >= count ? _buffer : GC.AllocateUninitializedArray<byte>(count + (64 << 10));
            _buffer.AsSpan(_start, Available).CopyTo(target);
            _end = Available;
            _start = 0;
            _buffer = target;
        }
        else if (Available == 0)
        {
            _start = _end = 0;
        }

        while (Available < count)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }

    private ContentException Truncated() => new(ContentFault.CarTruncated, $"The CAR ends too early, after {_position + Available} bytes.");
}
