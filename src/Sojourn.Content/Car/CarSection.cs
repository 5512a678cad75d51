using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>One section of a CAR: a block that is not verified yet.</summary>
/// <param name="Cid">The identifier that the section carries.</param>
/// <param name="Data">The block's bytes; they are valid until the next read, or for ever where <see cref="IsOwned"/> says so.</param>
/// <param name="Offset">Where the section (its length) begins, from the start of the file.</param>
/// <param name="Length">How many bytes the section takes, its length included.</param>
public readonly record struct CarSection(Cid Cid, ReadOnlyMemory<byte> Data, long Offset, int Length)
{
    /// <summary>Whether the bytes lie in memory of their own, which the next read leaves alone. So it is with large blocks.</summary>
    public bool IsOwned { get; init; }

    /// <summary>Where the block's bytes begin, from the start of the file.</summary>
    public long BlockOffset => Offset + Length - Data.Length;

    /// <summary>Checks the block, and copies it where its bytes would not last.</summary>
    /// <exception cref="ContentException">The bytes are not what the identifier names.</exception>
    public Block ToVerifiedBlock()
    {
        var fault = BlockVerifier.Verify(Cid, Data.Span);
        return fault == BlockFault.None ? new Block(Cid, IsOwned ? Data : Data.ToArray()) : throw ContentException.Refused(Cid, fault);
    }
}
