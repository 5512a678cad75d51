using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Tests.Store;

/// <summary>Blocks drawn from a seed.</summary>
internal static class Blocks
{
    public static Block Raw(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return Block.Create(Multicodec.Raw, bytes);
    }

    public static Block Raw(Random random) => Raw(random.Next(1000), random.Next(1, 300));

    /// <summary>The bytes again, from the block's own seed.</summary>
    public static bool Same(Block? block, Block expected) => block is not null && block.Data.Span.SequenceEqual(expected.Data.Span);
}
