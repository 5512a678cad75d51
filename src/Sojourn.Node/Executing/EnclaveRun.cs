using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>The node's side of one enclave's life: it carries blocks and messages, and believes as little of the enclave as the enclave of it.</summary>
/// <param name="enclave">The started enclave.</param>
/// <param name="content">Where blocks come from.</param>
/// <param name="store">Where the output's blocks go.</param>
internal sealed class EnclaveRun(StartedEnclave enclave, IBlockSource content, IBlockSink store) : IEnclaveRun
{
    private const long OutputBytesMax = 4L << 30;
    private const int FetchAttempts = 20;
    private static readonly TimeSpan FetchPause = TimeSpan.FromMilliseconds(500);
    private const int StoresAtOnce = 8;
    private readonly SemaphoreSlim _storing = new(StoresAtOnce);
    private readonly List<Task> _stores = [];
    private readonly List<Cid> _blocks = [];
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Cid, Task<Block?>> _ahead = [];
    private long _stored;

    private AsyncChannel Channel => enclave.Process.Channel;

    /// <summary>Bytes of blocks that were handed in.</summary>
    public long BytesIn { get; private set; }

    /// <inheritdoc/>
    public Task Stored => Task.WhenAll(_stores);

    /// <inheritdoc/>
    public ImmutableArray<Cid> OutputBlocks => [.. _blocks];

    /// <inheritdoc/>
    public async Task<EnclaveIdentity> AssignAsync(Assignment assignment, CancellationToken cancel)
    {
        await Channel.SendAsync(MessageType.Assignment, assignment.Encode(), cancel).ConfigureAwait(false);
        var frame = await ServeAsync(new EnclaveListener(), cancel).ConfigureAwait(false);
        return frame.Type == MessageType.Identity
            ? EnclaveIdentity.Decode(frame.Payload.Span)
            : throw new ChannelException(ChannelFault.OutOfOrder, $"{MessageType.Identity} was expected, {frame.Type} came");
    }

    /// <inheritdoc/>
    public void FetchAhead(Cid cid, CancellationToken cancel) => _ahead.TryAdd(cid, Task.Run(async () => await FetchAsync(cid, cancel).ConfigureAwait(false), cancel));

    /// <inheritdoc/>
    public async Task<Outcome> ExecuteAsync(Releases releases, EnclaveListener listener, CancellationToken cancel)
    {
        await Channel.SendAsync(MessageType.Releases, releases.Encode(), cancel).ConfigureAwait(false);
        var frame = await ServeAsync(listener, cancel).ConfigureAwait(false);
        return frame.Type == MessageType.Outcome
            ? Outcome.Decode(frame.Payload.Span)
            : throw new ChannelException(ChannelFault.OutOfOrder, $"{MessageType.Outcome} was expected, {frame.Type} came");
    }

    /// <summary>Lets the enclave run a job's checker over a public output, in place of a job.</summary>
    /// <param name="task">What to check.</param>
    /// <param name="cancel">Stops waiting; the enclave is then killed.</param>
    public async Task<CheckAnswer> CheckAsync(CheckTask task, CancellationToken cancel)
    {
        await Channel.SendAsync(MessageType.Check, task.Encode(), cancel).ConfigureAwait(false);
        var frame = await ServeAsync(new EnclaveListener(), cancel).ConfigureAwait(false);
        return frame.Type == MessageType.Checked
            ? CheckAnswer.Decode(frame.Payload.Span)
            : throw new ChannelException(ChannelFault.OutOfOrder, $"{MessageType.Checked} was expected, {frame.Type} came");
    }

    /// <summary>The report data that the enclave's evidence must carry.</summary>
    /// <param name="identity">What the enclave said.</param>
    public static ReportData ReportDataOf(EnclaveIdentity identity) =>
        JobBinding.TryDecode(identity.Binding, out var binding)
            ? ReportData.Compute(binding!)
            : throw new ChannelException(ChannelFault.Malformed, "the enclave's job binding");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => enclave.DisposeAsync();

    // Serves block requests until something else comes.
    private async Task<Frame> ServeAsync(EnclaveListener listener, CancellationToken cancel)
    {
        while (true)
        {
            var frame = await Channel.ReceiveAsync(cancel).ConfigureAwait(false);
            switch (frame.Type)
            {
                case MessageType.BlockRequest:
                    await ReplyAsync(frame.Payload, cancel).ConfigureAwait(false);
                    break;
                case MessageType.StoreBlock:
                    await StoreAsync(frame.Payload, cancel).ConfigureAwait(false);
                    break;
                case MessageType.Progress:
                    listener.Progress?.Invoke(EnclaveProgress.Decode(frame.Payload.Span));
                    break;
                case MessageType.Notice:
                    listener.Notice?.Invoke(EnclaveNotice.Decode(frame.Payload.Span));
                    break;
                case MessageType.KeysAwaited when listener.MoreKeys is { } more:
                    var releases = await more(EnclaveNotice.Decode(frame.Payload.Span)).WaitAsync(cancel).ConfigureAwait(false);
                    await Channel.SendAsync(MessageType.Releases, releases.Encode(), cancel).ConfigureAwait(false);
                    break;
                case MessageType.Refused:
                    throw new EnclaveRefusedException(EnclaveRefusal.Decode(frame.Payload.Span));
                default:
                    return frame;
            }
        }
    }

    private async Task ReplyAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        var wanted = ReadRequest(request.Span);
        // Fetched side by side, answered in order.
        var fetches = wanted.ConvertAll(cid => _ahead.TryRemove(cid, out var fetched) ? fetched : FetchAsync(cid, cancel));
        foreach (var fetch in fetches)
        {
            var block = await fetch.ConfigureAwait(false);
            var reply = new byte[1 + (block?.Data.Length ?? 0)];
            if (block is not null)
            {
                reply[0] = 1;
                block.Data.CopyTo(reply.AsMemory(1));
                BytesIn += block.Data.Length;
            }

            await Channel.SendAsync(MessageType.BlockReply, reply, cancel).ConfigureAwait(false);
        }
    }

    // A gateway that is down for a while must not cost the job; one that lies gives nothing that is taken.
    private async Task<Block?> FetchAsync(Cid cid, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await content.GetAsync(cid, cancel).ConfigureAwait(false) is { } block)
                {
                    return block;
                }
            }
#pragma warning disable CA1031 // Sources fail in ways of their own; after the last attempt the enclave is told that there is no such block.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                if (attempt >= FetchAttempts)
                {
                    return null;
                }
            }

            if (attempt >= FetchAttempts)
            {
                return null;
            }

            await Task.Delay(FetchPause, cancel).ConfigureAwait(false);
        }
    }

    private async Task StoreAsync(ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        var block = ReadBlock(payload.Span);
        _stored += block.Data.Length;
        if (_stored > OutputBytesMax || BlockVerifier.Verify(block.Cid, block.Data.Span) != BlockFault.None)
        {
            throw new ChannelException(ChannelFault.Malformed, "a block of the output is not what its CID names, or there are too many");
        }

        // Side by side, since each waits for the disk; never more than a few, and none after one that failed.
        await _storing.WaitAsync(cancel).ConfigureAwait(false);
        _stores.RemoveAll(task => task.IsCompletedSuccessfully);
        if (_stores.Find(task => task.IsFaulted) is { } failed)
        {
            await failed.ConfigureAwait(false);
        }

        _blocks.Add(block.Cid);
        _stores.Add(Task.Run(
            async () =>
            {
                try
                {
                    await store.PutAsync(block, cancel).ConfigureAwait(false);
                }
                finally
                {
                    _storing.Release();
                }
            }, cancel));
    }

    private static List<Cid> ReadRequest(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            var cids = new List<Cid>();
            for (var n = reader.ReadArrayHeader(FrameLimits.BlocksPerRequest); n > 0; n--)
            {
                cids.Add(Cid.Decode(reader.ReadBytes(128)));
            }

            reader.ReadEnd();
            return cids;
        }
        catch (Exception e) when (e is CborException or CidException)
        {
            throw new ChannelException(ChannelFault.Malformed, "a block request");
        }
    }

    private static Block ReadBlock(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(2);
            var block = new Block(Cid.Decode(reader.ReadBytes(128)), reader.ReadBytes(BlockVerifier.BlockBytesMax).ToArray());
            reader.ReadEnd();
            return block;
        }
        catch (Exception e) when (e is CborException or CidException)
        {
            throw new ChannelException(ChannelFault.Malformed, "a block of the output");
        }
    }
}
