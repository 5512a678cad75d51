using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs;

/// <summary>A source that can read a block straight to where it is needed.</summary>
internal interface IPlacingSource : IBlockSource
{
    /// <summary>Reads and verifies a block.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="room">Gives as much memory as the block has bytes; not asked where the block is not held.</param>
    /// <returns>The block, which lies in that memory; null where it is not held.</returns>
    Block? Get(Cid cid, Func<int, Memory<byte>> room);
}
