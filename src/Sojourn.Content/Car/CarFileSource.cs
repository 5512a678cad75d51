using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>Blocks of a CAR that can be sought, found through its index (or one that is made by reading it once).</summary>
/// <remarks>One read at a time. Every block is verified, whatever the index says.</remarks>
public sealed class CarFileSource : IBlockSource, IDisposable
{
    /// <summary>The largest index that is read into memory, in bytes.</summary>
    public const int IndexBytesMax = 1 << 30;

    private readonly Stream _stream;
    private readonly long _dataOffset;
    private readonly CarIndex? _index;
    private readonly Dictionary<Multihash, long>? _offsets;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private CarFileSource(Stream stream, CarReader reader, CarIndex? index, Dictionary<Multihash, long>? offsets)
    {
        _stream = stream;
        _index = index;
        _offsets = offsets;
        _dataOffset = reader.V2?.DataOffset ?? 0;
        Roots = reader.Roots;
        IsIndexed = index is not null;
    }

    /// <summary>The roots that the header claims.</summary>
    public IReadOnlyList<Cid> Roots { get; }

    /// <summary>Whether the file's own index is used.</summary>
    public bool IsIndexed { get; }

    /// <summary>Opens a CAR.</summary>
    /// <param name="stream">The CAR, from its start; it stays open and must not be used by others meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<CarFileSource> OpenAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        stream.Position = 0;
        var reader = await CarReader.OpenAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (reader.V2 is { IndexOffset: > 0 } v2)
        {
            var length = stream.Length - v2.IndexOffset;
            if (length is <= 0 or > IndexBytesMax)
            {
                throw new ContentException(ContentFault.CarIndex, $"The CAR index would have {length} bytes; 1 to {IndexBytesMax} are accepted.");
            }

            var bytes = new byte[length];
            stream.Position = v2.IndexOffset;
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            if (CarIndex.IsKnownFormat(bytes))
            {
                return new CarFileSource(stream, reader, CarIndex.Decode(bytes), null);
            }

            // An older or foreign index is no use: the sections are read once instead.
            stream.Position = 0;
            reader = await CarReader.OpenAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        var offsets = new Dictionary<Multihash, long>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } section)
        {
            offsets.TryAdd(section.Cid.Multihash, section.Offset);
        }

        return new CarFileSource(stream, reader, null, offsets);
    }

    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        long offset;
        if (_index is not null)
        {
            if (!_index.TryFind(cid, out var found) || found > (ulong)(_stream.Length - _dataOffset))
            {
                return null;
            }

            offset = _dataOffset + (long)found;
        }
        else if (!_offsets!.TryGetValue(cid.Multihash, out offset))
        {
            return null;
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var section = await ReadSectionAsync(offset, cancellationToken).ConfigureAwait(false);
            if (section is null || section.Value.Cid.Multihash != cid.Multihash)
            {
                throw new ContentException(ContentFault.CarIndex, $"The CAR index points to byte {offset} for {cid}, and another block is there.", cid);
            }

            var fault = BlockVerifier.Verify(cid, section.Value.Data.Span);
            return fault == BlockFault.None ? new Block(cid, section.Value.Data) : throw ContentException.Refused(cid, fault);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Frees the lock; the stream stays open.</summary>
    public void Dispose() => _turn.Dispose();

    private async ValueTask<CarSection?> ReadSectionAsync(long offset, CancellationToken cancellationToken)
    {
        var head = new byte[Varint.BytesMax];
        _stream.Position = offset;
        var read = await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (Varint.Read(head.AsSpan(0, read), out var length, out var prefix) != VarintFault.None
            || length is 0 or > BlockVerifier.BlockBytesMax + Multihash.DigestBytesMax + (4 * Varint.BytesMax)
            || offset + prefix + (long)length > _stream.Length)
        {
            return null;
        }

        var body = GC.AllocateUninitializedArray<byte>((int)length);
        _stream.Position = offset + prefix;
        await _stream.ReadExactlyAsync(body, cancellationToken).ConfigureAwait(false);
        return Cid.TryDecodePrefix(body, out var cid, out var cidLength) == CidFault.None
            ? new CarSection(cid!, body.AsMemory(cidLength), offset, prefix + (int)length)
            : null;
    }
}
