using System.Buffers.Binary;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Content.Car;

/// <summary>How a CAR is written.</summary>
public sealed record CarWriterOptions
{
    /// <summary>Version 1, duplicates kept.</summary>
    public static CarWriterOptions Default { get; } = new();

    /// <summary>1 (streams anywhere) or 2 (needs a stream that can seek).</summary>
    /// <value>1.</value>
    public int Version { get; init; } = 1;

    /// <summary>Whether a version 2 CAR gets an index.</summary>
    /// <value>true. It costs 40 to 80 bytes of memory a block until the end.</value>
    public bool WithIndex { get; init; } = true;
}

/// <summary>Writes a CAR of version 1 to any stream, or of version 2 to one that can seek. Blocks are not verified again.</summary>
public sealed class CarWriter : IBlockSink
{
    private const int BufferBytes = 64 << 10;

    private readonly Stream _stream;
    private readonly CarIndexBuilder? _index;
    private readonly long _origin;
    private readonly int _version;
    private byte[] _buffer = new byte[BufferBytes];
    private int _used;
    private long _dataBytes;
    private bool _finished;

    private CarWriter(Stream stream, CarWriterOptions options)
    {
        _stream = stream;
        _version = options.Version;
        _origin = options.Version == 2 ? stream.Position : 0;
        _index = options is { Version: 2, WithIndex: true } ? new CarIndexBuilder() : null;
    }

    /// <inheritdoc/>
    public bool IsSequential => true;

    /// <summary>How many blocks were written.</summary>
    public long Blocks { get; private set; }

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="roots">What the header names; may be empty.</param>
    /// <param name="options">Version and index.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<CarWriter> CreateAsync(Stream stream, IReadOnlyList<Cid> roots, CarWriterOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= CarWriterOptions.Default;
        if (options.Version is not (1 or 2))
        {
            throw new ArgumentOutOfRangeException(nameof(options), "CAR versions 1 and 2 can be written.");
        }

        if (options.Version == 2 && !stream.CanSeek)
        {
            throw new ArgumentException("A version 2 CAR needs a stream that can seek.", nameof(stream));
        }

        var writer = new CarWriter(stream, options);
        if (options.Version == 2)
        {
            await stream.WriteAsync(new byte[CarFormat.DataOffsetMin], cancellationToken).ConfigureAwait(false);
        }

        await writer.WriteAsync(EncodeHeader(roots), cancellationToken).ConfigureAwait(false);
        return writer;
    }

    /// <summary>Writes one section.</summary>
    /// <param name="block">A verified block.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        _index?.Add(block.Cid, _dataBytes);
        Blocks++;
        var head = SectionHeadBytes(block.Cid, block.Data.Length);
        if (_buffer.Length - _used < head)
        {
            await FlushBufferAsync(cancellationToken).ConfigureAwait(false);
        }

        WriteSectionHead(block.Cid, block.Data.Length, _buffer.AsSpan(_used));
        _used += head;
        _dataBytes += head;
        await WriteAsync(block.Data, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How many bytes a section has before its block.</summary>
    /// <param name="cid">The block's identifier.</param>
    /// <param name="blockBytes">The block's size.</param>
    public static int SectionHeadBytes(Cid cid, int blockBytes) => Varint.LengthOf((ulong)(cid.Bytes.Length + blockBytes)) + cid.Bytes.Length;

    /// <summary>Writes what a section has before its block, for callers that have the block where it is to be sent from.</summary>
    /// <param name="cid">The block's identifier.</param>
    /// <param name="blockBytes">The block's size.</param>
    /// <param name="destination">At least <see cref="SectionHeadBytes"/> bytes.</param>
    public static void WriteSectionHead(Cid cid, int blockBytes, Span<byte> destination) =>
        cid.Bytes.CopyTo(destination[Varint.Write(destination, (ulong)(cid.Bytes.Length + blockBytes))..]);

    /// <summary>Hands on what is buffered.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => FlushBufferAsync(cancellationToken);

    /// <summary>Writes what is still buffered, and in version 2 the index and the fixed header. A CAR that is not finished is not valid.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask FinishAsync(CancellationToken cancellationToken = default)
    {
        await FlushBufferAsync(cancellationToken).ConfigureAwait(false);
        if (_version == 2 && !_finished)
        {
            var indexOffset = 0L;
            if (_index is not null)
            {
                indexOffset = CarFormat.DataOffsetMin + _dataBytes;
                await _index.WriteToAsync(_stream, cancellationToken).ConfigureAwait(false);
            }

            var head = new byte[CarFormat.DataOffsetMin];
            CarFormat.Pragma.CopyTo(head);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(CarFormat.PragmaBytes + 16), CarFormat.DataOffsetMin);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(CarFormat.PragmaBytes + 24), _dataBytes);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(CarFormat.PragmaBytes + 32), indexOffset);
            var end = _stream.Position;
            _stream.Position = _origin;
            await _stream.WriteAsync(head, cancellationToken).ConfigureAwait(false);
            _stream.Position = end;
        }

        _finished = true;
        await _stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The bytes of a CARv1 header, its length included.</summary>
    private static byte[] EncodeHeader(IReadOnlyList<Cid> roots)
    {
        var cbor = new CborWriter(CborProfile.DagCbor);
        cbor.BeginMap().WriteKey("roots").BeginArray();
        foreach (var root in roots)
        {
            cbor.WriteCid(root);
        }

        cbor.EndArray().WriteKey("version").WriteInteger(1).EndMap();
        var prefix = Varint.LengthOf((ulong)cbor.Length);
        var header = new byte[prefix + cbor.Length];
        Varint.Write(header, (ulong)cbor.Length);
        cbor.WrittenSpan.CopyTo(header.AsSpan(prefix));
        return header;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _dataBytes += bytes.Length;
        if (bytes.Length > _buffer.Length - _used)
        {
            await FlushBufferAsync(cancellationToken).ConfigureAwait(false);
            if (bytes.Length >= _buffer.Length / 2)
            {
                await _stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsMemory(_used));
        _used += bytes.Length;
    }

    private async ValueTask FlushBufferAsync(CancellationToken cancellationToken)
    {
        if (_used > 0)
        {
            await _stream.WriteAsync(_buffer.AsMemory(0, _used), cancellationToken).ConfigureAwait(false);
            _used = 0;
        }
    }
}
