using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>How a CAR stream from an untrusted server is read.</summary>
public sealed record CarBlockSourceOptions
{
    /// <summary>The defaults.</summary>
    public static CarBlockSourceOptions Default { get; } = new();

    /// <summary>How many bytes of verified blocks are kept: for streams without duplicates, and for those whose order differs from the walk.</summary>
    /// <value>16 MiB.</value>
    public long BufferBytesMax { get; init; } = 16 << 20;

    /// <summary>How many bytes of blocks that nobody asked for may come in a row.</summary>
    /// <value>64 MiB.</value>
    public long UnrequestedBytesMax { get; init; } = 64 << 20;
}

/// <summary>Blocks out of a CAR stream while it arrives. The walk that asks for them decides what belongs to the DAG; this verifies each block, tolerates what a bounded buffer can tolerate, and refuses the rest.</summary>
/// <remarks>
/// Trustless gateway specification, CAR responses: with <c>order=dfs</c> and <c>dups=y</c> each request is answered by the next
/// section; with <c>dups=n</c> or another order blocks come from the buffer. The header's roots are ignored. A stream that ends
/// early answers null, so the walk ends with a missing block and never with a short success. One reader at a time.
/// </remarks>
public sealed class CarBlockSource : IBlockSource
{
    private readonly CarReader _reader;
    private readonly CarBlockSourceOptions _options;
    private readonly Dictionary<Multihash, LinkedListNode<Kept>> _buffer = [];
    private readonly LinkedList<Kept> _order = [];
    private readonly BlockMemory _memory = new();
    private long _buffered;
    private bool _ended;
    private Task<CarSection?>? _next;

    private CarBlockSource(CarReader reader, CarBlockSourceOptions options)
    {
        _reader = reader;
        _reader.Room = _memory.Rent;
        _options = options;
    }

    /// <summary>How many bytes of the stream were read.</summary>
    public long Position => _reader.Position;

    /// <summary>How many sections were read that no request waited for.</summary>
    public long UnrequestedSections { get; private set; }

    /// <summary>Reads the header of a CAR stream.</summary>
    /// <param name="stream">The body of the answer.</param>
    /// <param name="options">Limits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<CarBlockSource> OpenAsync(Stream stream, CarBlockSourceOptions? options = null, CancellationToken cancellationToken = default) =>
        new(await CarReader.OpenAsync(stream, null, cancellationToken).ConfigureAwait(false), options ?? CarBlockSourceOptions.Default);

    /// <inheritdoc/>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        var wanted = cid.Multihash;
        if (_buffer.TryGetValue(wanted, out var kept))
        {
            _order.Remove(kept);
            _order.AddLast(kept);
            kept.Value.IsReleased = false;
            return kept.Value.Block.Cid == cid ? kept.Value.Block : new Block(cid, kept.Value.Block.Data);
        }

        long skipped = 0;
        while (!_ended)
        {
            if (await ReadAsync(cancellationToken).ConfigureAwait(false) is not { } section)
            {
                _ended = true;
                break;
            }

            // A large block is hashed on this core while another takes the next one off the wire.
            if (section.IsOwned)
            {
                ReadAhead();
            }

            var found = section.Cid.Multihash;
            if (found == wanted)
            {
                var block = new Block(cid, section.ToVerifiedBlock().Data);
                Keep(found, block);
                return block;
            }

            UnrequestedSections++;
            skipped += section.Length;
            if (skipped > _options.UnrequestedBytesMax)
            {
                throw new ContentException(ContentFault.UnrequestedBlocks, $"The CAR stream sent more than {_options.UnrequestedBytesMax} bytes of blocks that were not asked for while {cid} was awaited.", cid);
            }

            // A block that is kept already needs no second hashing; one whose hash cannot be checked is of no use.
            if (!_buffer.ContainsKey(found) && section.Cid.HashFunction != MultihashCode.Identity && BlockVerifier.CheckIdentifier(section.Cid) == BlockFault.None)
            {
                Keep(found, section.ToVerifiedBlock());
            }
        }

        return null;
    }

    /// <inheritdoc/>
    /// <remarks>A large block that was released has its memory used again once it is not kept any more either.</remarks>
    public void Release(Block block)
    {
        if (_buffer.TryGetValue(block.Cid.Multihash, out var kept))
        {
            kept.Value.IsReleased = true;
        }
        else
        {
            _memory.Return(block.Data);
        }
    }

    private async ValueTask<CarSection?> ReadAsync(CancellationToken cancellationToken)
    {
        if (_next is null)
        {
            return await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        var section = await _next.WaitAsync(cancellationToken).ConfigureAwait(false);
        _next = null;
        return section;
    }

    // It ends when the section is there or the stream is closed, whoever waits for it by then.
    private void ReadAhead()
    {
        _next = Task.Run(() => _reader.ReadAsync(CancellationToken.None).AsTask());
        _ = _next.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Keep(Multihash hash, Block block)
    {
        _buffer.Add(hash, _order.AddLast(new Kept(block)));
        _buffered += block.Data.Length + 256;
        while (_buffered > _options.BufferBytesMax && _order.First is { } oldest && oldest.Value.Block != block)
        {
            _order.RemoveFirst();
            _buffer.Remove(oldest.Value.Block.Cid.Multihash);
            _buffered -= oldest.Value.Block.Data.Length + 256;
            if (oldest.Value.IsReleased)
            {
                _memory.Return(oldest.Value.Block.Data);
            }
        }
    }

    /// <summary>A verified block that may be asked for (again).</summary>
    private sealed class Kept(Block block)
    {
        public Block Block { get; } = block;

        /// <summary>Whether nobody but this source reads its bytes.</summary>
        public bool IsReleased { get; set; }
    }
}
