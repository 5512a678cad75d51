using Sojourn.Content;
using Sojourn.Enclave.Fetching;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Enclave.Tests.Channel;

/// <summary>What is fetched ahead does not grow with what a guest skips.</summary>
public sealed class BlocksAheadTests
{
    [Fact]
    public void A_guest_that_skips_what_was_fetched_ahead_does_not_fill_the_enclave()
    {
        var blocks = Enumerable.Range(0, 800).Select(i => Block.Create(Multicodec.Raw, BitConverter.GetBytes(i))).ToArray();
        using var replies = new MemoryStream();
        foreach (var block in blocks)
        {
            var header = new byte[FrameLimits.HeaderLength];
            Frame.WriteHeader(header, MessageType.BlockReply, block.Data.Length + 1);
            replies.Write(header);
            replies.WriteByte(1);
            replies.Write(block.Data.Span);
        }

        replies.Position = 0;
        var source = new ChannelBlocks(new SyncChannel(replies, Stream.Null));
        foreach (var eight in blocks.Chunk(8))
        {
            source.Prefetch([.. eight.Select(block => block.Cid)]);
            Assert.Equal(eight[0].Cid, source.Get(eight[0].Cid).Cid);
            Assert.InRange(source.Ahead, 1, 32);
        }

        // The newest are still there: no reply is left that could answer for them.
        Assert.All(blocks[^7..], block => Assert.Equal(block.Cid, source.Get(block.Cid).Cid));
    }
}
