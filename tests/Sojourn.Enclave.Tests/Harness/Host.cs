using Sojourn.Content;
using Sojourn.Content.Dag;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Enclave.Tests.Harness;

/// <summary>How a conversation ended, and every byte that the enclave said in it.</summary>
internal sealed record Ending(int Exit, EnclaveRefusal? Refusal, Outcome? Outcome, byte[] Said, MemoryBlocks Stored, IReadOnlyList<(MessageType Type, byte[] Payload)> Sent);

/// <summary>A node, honest unless it is told otherwise: what it would send goes through <see cref="Tamper"/> first.</summary>
internal sealed class Host(Scene scene)
{
    /// <summary>The bytes that really go over the wire in place of message number N; null closes the stream.</summary>
    public Func<int, MessageType, byte[], IEnumerable<byte[]>?>? Tamper { get; init; }

    /// <summary>What a hostile host releases; the honest keeper's word otherwise.</summary>
    public Func<EnclaveIdentity, Releases?>? Release { get; init; }

    /// <summary>What is released when the enclave says that it lacks keys.</summary>
    public Func<string, Releases>? MoreKeys { get; init; }

    /// <summary>Where blocks come from that the scene does not have.</summary>
    public IBlockSource? Further { get; init; }

    public static byte[] Encode(MessageType type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameLimits.HeaderLength + payload.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        frame[4] = (byte)type;
        payload.CopyTo(frame.AsSpan(FrameLimits.HeaderLength));
        return frame;
    }

    public Ending Run(Assignment? assignment = null)
    {
        var first = (assignment ?? scene.Assign()).Encode();
        var wire = new Wire();
        var exit = -1;
        var enclave = new Thread(
            () =>
            {
                try
                {
                    exit = Conversation.Hold(new SyncChannel(wire.Input, new BufferedStream(wire.Output, 64 << 10)));
                }
                finally
                {
                    wire.EnclaveEnded();
                }
            }, 16 << 20);
        enclave.Start();
        var sent = new List<(MessageType, byte[])>();
        var stored = new MemoryBlocks();
        EnclaveRefusal? refusal = null;
        Outcome? outcome = null;

        void Send(MessageType type, byte[] payload)
        {
            var number = sent.Count;
            sent.Add((type, payload));
            if (Tamper is null)
            {
                wire.Send(Encode(type, payload));
                return;
            }

            if (Tamper(number, type, payload) is not { } frames)
            {
                wire.Close();
                return;
            }

            foreach (var frame in frames)
            {
                wire.Send(frame);
            }
        }

        Send(MessageType.Assignment, first);
        foreach (var (type, payload) in Frames(wire))
        {
            switch (type)
            {
                case MessageType.BlockRequest:
                    foreach (var cid in Requested(payload))
                    {
                        var block = scene.Blocks.GetAsync(cid).AsTask().GetAwaiter().GetResult() ?? Further?.GetAsync(cid).AsTask().GetAwaiter().GetResult();
                        Send(MessageType.BlockReply, block is null ? [0] : [1, .. block.Data.Span]);
                    }

                    break;
                case MessageType.StoreBlock:
                    var reader = new CborReader(payload);
                    reader.ReadArrayHeaderExactly(2);
                    stored.PutAsync(new Block(Cid.Decode(reader.ReadBytes(128)), reader.ReadBytes(4 << 20).ToArray())).AsTask().GetAwaiter().GetResult();
                    break;
                case MessageType.Identity:
                    var identity = EnclaveIdentity.Decode(payload);
                    if ((Release is null ? scene.Release(identity) : Release(identity)) is { } releases)
                    {
                        Send(MessageType.Releases, releases.Encode());
                    }

                    break;
                case MessageType.KeysAwaited when MoreKeys is not null:
                    Send(MessageType.Releases, MoreKeys(EnclaveNotice.Decode(payload).Words).Encode());
                    break;
                case MessageType.Refused:
                    refusal = EnclaveRefusal.Decode(payload);
                    break;
                case MessageType.Outcome:
                    outcome = Outcome.Decode(payload);
                    break;
                default:
                    break;
            }
        }

        wire.Close();
        if (!enclave.Join(TimeSpan.FromSeconds(60)))
        {
            throw new TimeoutException("the enclave neither answered nor ended");
        }

        return new Ending(exit, refusal, outcome, wire.Said.ToArray(), stored, sent);
    }

    private static List<Cid> Requested(byte[] payload)
    {
        var reader = new CborReader(payload);
        var cids = new List<Cid>();
        for (var n = reader.ReadArrayHeader(FrameLimits.BlocksPerRequest); n > 0; n--)
        {
            cids.Add(Cid.Decode(reader.ReadBytes(128)));
        }

        return cids;
    }

    private static IEnumerable<(MessageType Type, byte[] Payload)> Frames(Wire wire)
    {
        var held = new MemoryStream();
        var closed = false;
        while (true)
        {
            var bytes = wire.Receive();
            if (bytes is null)
            {
                if (closed)
                {
                    yield break;
                }

                // The enclave waits for something that nobody will send: hang up, and hear its last words.
                wire.Close();
                closed = true;
                continue;
            }

            held.Write(bytes);
            var all = held.ToArray();
            var at = 0;
            while (all.Length - at >= FrameLimits.HeaderLength)
            {
                var (type, length) = Frame.ParseHeader(all.AsSpan(at));
                if (all.Length - at - FrameLimits.HeaderLength < length)
                {
                    break;
                }

                yield return (type, all[(at + FrameLimits.HeaderLength)..(at + FrameLimits.HeaderLength + length)]);
                at += FrameLimits.HeaderLength + length;
            }

            held = new MemoryStream();
            held.Write(all, at, all.Length - at);
        }
    }
}
