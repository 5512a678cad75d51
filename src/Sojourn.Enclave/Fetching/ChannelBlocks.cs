using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Fetching;

/// <summary>Blocks by way of the node, which is not trusted: each is hashed before a byte of it is used.</summary>
/// <param name="channel">The conversation with the node.</param>
internal sealed class ChannelBlocks(SyncChannel channel) : IBlockSource, IBlockSink
{
    // Leaves that a guest never reads must not fill the enclave: it reads where it likes, and what was fetched ahead stands outside its memory's limit.
    private const int AheadMax = 32;

    private readonly Dictionary<Cid, Block> _ahead = [];
    private readonly Queue<Cid> _order = new();
    private Exception? _failure;

    /// <summary>Bytes of verified blocks that came in.</summary>
    public long BytesFetched { get; private set; }

    /// <inheritdoc/>
    public bool IsSequential => true;

    /// <inheritdoc/>
    public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) => new(Get(cid));

    /// <summary>Fetches one block.</summary>
    /// <param name="cid">Which.</param>
    /// <exception cref="EnclaveException">The node does not have it, or sent something else.</exception>
    public Block Get(Cid cid)
    {
        if (_ahead.Remove(cid, out var known))
        {
            return known;
        }

        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        Request([cid]);
        return Take(cid);
    }

    /// <summary>Blocks fetched ahead and not read yet.</summary>
    internal int Ahead => _ahead.Count;

    /// <summary>Fetches blocks that will be read soon, in one round trip. They are held until they are read once, or until many others have come.</summary>
    /// <param name="cids">At most <see cref="FrameLimits.BlocksPerRequest"/>.</param>
    public void Prefetch(IReadOnlyCollection<Cid> cids)
    {
        var wanted = cids.Where(cid => !_ahead.ContainsKey(cid)).Distinct().ToArray();
        if (wanted.Length == 0)
        {
            return;
        }

        Request(wanted);
        foreach (var cid in wanted)
        {
            var block = Take(cid);

            // Of what stands in the queue, some was read since: the queue is as long as the blocks at most a few times over.
            while (_order.Count >= AheadMax)
            {
                _ahead.Remove(_order.Dequeue());
            }

            _ahead[cid] = block;
            _order.Enqueue(cid);
        }
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
    {
        Put(block);
        return ValueTask.CompletedTask;
    }

    /// <summary>Hands a block of the output to the node.</summary>
    /// <param name="block">Sealed bytes, or a public output's.</param>
    public void Put(Block block)
    {
        var writer = new CborWriter(capacity: block.Data.Length + 128);
        writer.BeginArray().WriteBytes(block.Cid.Bytes).WriteBytes(block.Data.Span).EndArray();
        channel.Send(MessageType.StoreBlock, writer.WrittenSpan);
    }

    /// <summary>
    /// Fails where any fetch ever failed. A guest sees a failed read as an error that it may survive; but then the host would choose what the guest read, and the receipt
    /// would vouch for it. So after a guest has run, whatever it made of the error, the job ends by the error's name.
    /// </summary>
    /// <exception cref="EnclaveException">A block was not to be had, or was broken.</exception>
    /// <exception cref="ChannelException">The node broke the conversation.</exception>
    public void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Remembers a failure that happened under a guest's read.</summary>
    /// <param name="failure">What happened.</param>
    public void Fail(Exception failure) => _failure ??= failure;

    private void Request(IReadOnlyCollection<Cid> cids)
    {
        ThrowIfFailed();
        var writer = new CborWriter().BeginArray();
        foreach (var cid in cids)
        {
            writer.WriteBytes(cid.Bytes);
        }

        channel.Send(MessageType.BlockRequest, writer.EndArray().WrittenSpan);
    }

    // A reply is one status byte (1: the block follows, 0: not to be had) and the bytes.
    private Block Take(Cid cid)
    {
        try
        {
            return TakeOnce(cid);
        }
        catch (Exception e) when (e is EnclaveException or IOException)
        {
            Fail(e);
            throw;
        }
    }

    private Block TakeOnce(Cid cid)
    {
        var reply = channel.Expect(MessageType.BlockReply);
        if (reply.Length == 0 || reply.Span[0] != 1)
        {
            throw new EnclaveException(FailReason.ContentUnavailable, $"the block {cid} is not to be had");
        }

        var data = reply[1..];
        var fault = BlockVerifier.Verify(cid, data.Span);
        if (fault != BlockFault.None)
        {
            throw new EnclaveException(FailReason.ContentBroken, $"what came for the block {cid} is not that block ({fault})");
        }

        BytesFetched += data.Length;
        return new Block(cid, data);
    }
}
