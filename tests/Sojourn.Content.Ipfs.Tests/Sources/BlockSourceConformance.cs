using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>What every source of blocks must do. An adapter passes by deriving from it.</summary>
public abstract class BlockSourceConformance
{
    /// <summary>Blocks that every fixture holds: empty, small, of the largest size, of several codecs.</summary>
    private static readonly IReadOnlyList<Block> AllHeld =
    [
        Blocks.Raw(1, 0), Blocks.Raw(2, 1), Blocks.Raw(3, 1000), Blocks.Raw(4, 2 << 20),
        Block.Create(Multicodec.DagCbor, new byte[] { 0xa0 }),
        Block.Create(Multicodec.DagPb, new byte[] { 0x0a, 0x02, 0x08, 0x01 }),
        .. Enumerable.Range(10, 40).Select(seed => Blocks.Raw(seed, seed * 37)),
    ];

    /// <summary>The largest block that the place takes.</summary>
    protected virtual int LargestBlock => BlockVerifier.BlockBytesMax;

    private IReadOnlyList<Block> Held => [.. AllHeld.Where(block => block.Data.Length <= LargestBlock)];

    /// <summary>Makes the adapter over a place that holds these blocks.</summary>
    protected abstract Task<SourceFixture> CreateAsync(IReadOnlyList<Block> held);

    /// <summary>Makes the adapter over a place that answers for the block with other bytes; null where the place cannot be made to lie.</summary>
    protected abstract Task<SourceFixture?> CreateLyingAsync(Block block, byte[] lie);

    [Fact]
    public async Task Gives_what_is_held_under_the_identifier_asked_for()
    {
        await using var fixture = await CreateAsync(Held);
        foreach (var block in Held)
        {
            var found = await fixture.Source.GetAsync(block.Cid);
            Assert.NotNull(found);
            Assert.Equal(block.Cid, found.Cid);
            Assert.True(found.Data.Span.SequenceEqual(block.Data.Span));
        }
    }

    [Fact]
    public async Task Finds_a_version_0_identifier()
    {
        var block = Held.Single(b => b.Cid.Codec == Multicodec.DagPb);
        Assert.True(block.Cid.TryToVersion0(out var zero));
        await using var fixture = await CreateAsync(Held);
        var found = await fixture.Source.GetAsync(zero);
        Assert.Equal(zero, found?.Cid);
    }

    [Fact]
    public async Task Says_null_for_what_is_not_held()
    {
        await using var fixture = await CreateAsync(Held);
        Assert.Null(await fixture.Source.GetAsync(Blocks.Raw(999, 77).Cid));
    }

    [Fact]
    public async Task Answers_identity_identifiers_by_itself()
    {
        await using var fixture = await CreateAsync([]);
        var found = await fixture.Source.GetAsync(Cid.ForIdentity(Multicodec.Raw, "inline"u8));
        Assert.Equal("inline"u8.ToArray(), found!.Data.ToArray());
    }

    [Fact]
    public async Task Serves_many_at_once()
    {
        var held = Held;
        await using var fixture = await CreateAsync(held);
        var found = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => fixture.Source.GetAsync(held[i % held.Count].Cid).AsTask()));
        Assert.All(found.Index(), pair => Assert.True(Blocks.Same(pair.Item, held[pair.Index % held.Count])));
    }

    [Fact]
    public async Task Stops_when_cancelled()
    {
        await using var fixture = await CreateAsync(Held);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await fixture.Source.GetAsync(Held[2].Cid, new CancellationToken(canceled: true)));
        Assert.NotNull(await fixture.Source.GetAsync(Held[2].Cid));
    }

    [Fact]
    public async Task Never_hands_on_wrong_bytes()
    {
        var block = Blocks.Raw(5, 500);
        foreach (var lie in new[] { Flip(block), block.Data.ToArray()[..499], [.. block.Data.ToArray(), 0], [], new byte[3 << 20] })
        {
            if (await CreateLyingAsync(block, lie) is { } fixture)
            {
                await using (fixture)
                {
                    await Assert.ThrowsAnyAsync<IpfsException>(async () => await fixture.Source.GetAsync(block.Cid));
                }
            }
        }
    }

    private static byte[] Flip(Block block)
    {
        var bytes = block.Data.ToArray();
        bytes[250] ^= 1;
        return bytes;
    }
}

/// <summary>A source and what must be closed after it.</summary>
public sealed class SourceFixture(IBlockSource source, params IReadOnlyList<object> owned) : IAsyncDisposable
{
    public IBlockSource Source { get; } = source;

    public async ValueTask DisposeAsync()
    {
        foreach (var each in owned)
        {
            if (each is IAsyncDisposable later)
            {
                await later.DisposeAsync();
            }
            else
            {
                ((IDisposable)each).Dispose();
            }
        }
    }
}
