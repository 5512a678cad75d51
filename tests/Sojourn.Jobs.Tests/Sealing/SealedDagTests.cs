using System.Collections.Concurrent;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Sealing;

namespace Sojourn.Jobs.Tests.Sealing;

/// <summary>Sealed content as IPFS content: sealed, imported, carried in a CAR, opened by ranges, with every block that is read counted.</summary>
public sealed class SealedDagTests
{
    private static readonly HpkePrivateKey Recipient = HpkePrivateKey.Derive(HpkeKem.P256, new byte[32]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((1 << 20) - 16)]
    [InlineData((3 << 20) + 5)]
    public async Task A_file_goes_through_a_car_and_comes_back(int size)
    {
        var plain = Random(size);
        using var memory = new MemoryStream();
        var owner = Secp256k1Identity.Generate();
        var policy = SignedPolicy.Sign(new DataPolicy { Title = "t", Owner = owner.Address, NotBefore = DateTimeOffset.UnixEpoch, NotAfter = DateTimeOffset.UnixEpoch.AddYears(100), Output = new OutputRule { Public = true } }, owner);
        var writer = await CarWriter.CreateAsync(memory, []);
        Cid root;
        using (var result = await SealedDag.SealFileAsync(new MemoryStream(plain), new SealingOptions { Recipients = [Recipient.Public], Policy = policy.Cid }, writer, policy))
        {
            root = result.Cid;
        }

        await writer.FinishAsync();
        memory.Position = 0;
        using var car = await CarFileSource.OpenAsync(memory);

        // The policy travels with the content.
        var header = await SealedDag.ReadHeaderAsync(car, root);
        Assert.Equal(PolicyFault.None, SignedPolicy.TryDecode((await car.GetAsync(header.Policy!))!.Data.Span, out _));

        using var opened = await SealedDag.OpenAsync(car, root, Recipient);
        using var reader = opened.OpenReader(SealedDag.Body(car, opened.Header));
        Assert.Equal(size, reader.Length);
        var read = new byte[size];
        Assert.Equal(size, await reader.ReadAsync(0, read));
        Assert.Equal(plain, read);
    }

    [Fact]
    public async Task Chunks_are_the_leaves()
    {
        var store = new Store();
        using var result = await SealedDag.SealFileAsync(new MemoryStream(Random(3 << 20)), new SealingOptions { Recipients = [Recipient.Public], Padding = SizePadding.None }, store);
        var leaves = store.Blocks.Values.Where(block => block.Cid.Codec == Multicodec.Raw).Select(block => block.Data.Length).Order().ToArray();
        Assert.Equal(4, leaves.Length);
        Assert.Equal([48 + 16, 1 << 20, 1 << 20, 1 << 20], leaves);
    }

    [Fact]
    public async Task A_directory_shows_one_body()
    {
        var store = new Store();
        var sources = Enumerable.Range(0, 20).Select(i => new SealedDirectorySource($"d{i % 3}/f{i}", SealedEntryKind.File, () => new MemoryStream(Random(1000 * i)))).ToArray();
        using var result = await SealedDag.SealDirectoryAsync(sources, new SealingOptions { Recipients = [Recipient.Public], ChunkSize = 4096 }, store);
        using var opened = await SealedDag.OpenAsync(store, result.Cid, Recipient);
        using var reader = opened.OpenReader(SealedDag.Body(store, opened.Header));
        var entries = await SealedDirectory.ReadManifestAsync(opened, reader);
        Assert.Equal(20, entries.Length);
        var entry = entries.Single(e => e.Path == "d1/f7");
        using var copy = new MemoryStream();
        await reader.OpenRange(entry.Offset, entry.Length).CopyToAsync(copy);
        Assert.Equal(Random(7000), copy.ToArray());
    }

    [Fact]
    public async Task A_body_that_lies_is_refused()
    {
        var store = new Store();
        using var result = await SealedDag.SealFileAsync(new MemoryStream(Random(10_000)), new SealingOptions { Recipients = [Recipient.Public], ChunkSize = 1024, Padding = SizePadding.None }, store);
        using var opened = await SealedDag.OpenAsync(store, result.Cid, Recipient);
        var leaf = store.Blocks.Values.Last(block => block.Cid.Codec == Multicodec.Raw && block.Data.Length == 1024);
        store.Blocks[leaf.Cid] = leaf with { Data = Random(1024) };
        using var reader = opened.OpenReader(SealedDag.Body(store, opened.Header));
        var refused = await Assert.ThrowsAsync<SealedContentException>(async () => await reader.ReadAsync(0, new byte[10_000]));
        Assert.Equal(SealedFault.ChunkNotAuthentic, refused.Fault);
        using var stranger = HpkePrivateKey.Generate();
        Assert.Equal(SealedFault.NotForThisKey, (await Assert.ThrowsAsync<SealedContentException>(async () => await SealedDag.OpenAsync(store, result.Cid, stranger))).Fault);
    }

    /// <summary>10 GiB of zeros: only the nodes and one leaf in the middle are kept, so a read that touched another leaf would fail.</summary>
    [Fact]
    [Trait("speed", "slow")]
    public async Task A_kibibyte_from_the_middle_of_ten_gibibytes_takes_a_few_blocks()
    {
        const long Length = 10L << 30;
        const long Middle = Length / 2;
        var kept = Middle / ((1 << 20) - 16);
        var store = new Store { KeepLeaf = index => index == kept };
        using var result = await SealedDag.SealFileAsync(new Zeros(Length), new SealingOptions { Recipients = [Recipient.Public], Padding = SizePadding.None }, store);
        store.Reads = 0;
        using var opened = await SealedDag.OpenAsync(store, result.Cid, Recipient);
        using var reader = opened.OpenReader(SealedDag.Body(store, opened.Header));
        var buffer = new byte[1024];
        buffer.AsSpan().Fill(1);
        Assert.Equal(1024, await reader.ReadAsync((kept * ((1 << 20) - 16)) + 5000, buffer));
        Assert.False(buffer.AsSpan().ContainsAnyExcept((byte)0));

        // The header, the root, one node and one leaf.
        Assert.Equal(4, store.Reads);
    }

    private static byte[] Random(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private sealed class Store : IBlockSource, IBlockSink
    {
        private int leaves;

        public ConcurrentDictionary<Cid, Block> Blocks { get; } = new();

        public Func<long, bool> KeepLeaf { get; init; } = _ => true;

        public int Reads { get; set; }

        // Leaves then come in order, so that they can be counted.
        public bool IsSequential => true;

        public ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
        {
            Reads++;
            return new(Blocks.GetValueOrDefault(cid));
        }

        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default)
        {
            if (block.Cid.Codec != Multicodec.Raw || KeepLeaf(leaves++))
            {
                Blocks[block.Cid] = block with { Data = block.Data.ToArray() };
            }

            return default;
        }
    }

    private sealed class Zeros(long length) : Stream
    {
        private long left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var take = (int)Math.Min(left, count);
            Array.Clear(buffer, offset, take);
            left -= take;
            return take;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
