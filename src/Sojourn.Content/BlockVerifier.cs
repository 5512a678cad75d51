using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Content;

/// <summary>Says whether bytes are what their identifier names. Nothing is used before this was asked.</summary>
public static class BlockVerifier
{
    /// <summary>The largest block that is accepted: 2 MiB, the limit of the trustless gateway specification and of bitswap.</summary>
    public const int BlockBytesMax = 2 << 20;

    /// <summary>The most data that an identity identifier may hold, in bytes (as go-verifcid).</summary>
    public const int IdentityBytesMax = 128;

    /// <summary>The shortest truncated digest that is accepted, in bytes (as go-verifcid).</summary>
    public const int DigestBytesMin = 20;

    /// <summary>Says whether blocks under an identifier can be accepted at all.</summary>
    /// <param name="cid">The identifier.</param>
    /// <returns><see cref="BlockFault.None"/>, or why not.</returns>
    public static BlockFault CheckIdentifier(Cid cid) => cid.HashFunction switch
    {
        MultihashCode.Sha2_256 => CheckDigest(cid.Digest.Length, 32),
        MultihashCode.Sha2_512 => CheckDigest(cid.Digest.Length, 64),
        MultihashCode.Identity => cid.Digest.Length <= IdentityBytesMax ? BlockFault.None : BlockFault.IdentityTooLong,
        _ => BlockFault.UnsupportedHash,
    };

    /// <summary>Says whether bytes are what an identifier names.</summary>
    /// <param name="cid">The identifier.</param>
    /// <param name="data">The bytes.</param>
    public static BlockFault Verify(Cid cid, ReadOnlySpan<byte> data)
    {
        if (data.Length > BlockBytesMax)
        {
            return BlockFault.TooLarge;
        }

        var fault = CheckIdentifier(cid);
        if (fault != BlockFault.None)
        {
            return fault;
        }

        if (cid.HashFunction == MultihashCode.Identity)
        {
            return cid.Digest.SequenceEqual(data) ? BlockFault.None : BlockFault.HashMismatch;
        }

        Span<byte> digest = stackalloc byte[64];
        var length = cid.HashFunction == MultihashCode.Sha2_256 ? SHA256.HashData(data, digest) : SHA512.HashData(data, digest);
        return digest[..Math.Min(length, cid.Digest.Length)].SequenceEqual(cid.Digest) ? BlockFault.None : BlockFault.HashMismatch;
    }

    /// <summary>The block that an identity identifier holds in itself.</summary>
    /// <param name="cid">The identifier.</param>
    /// <param name="block">The block, or null where the identifier is another one or too long.</param>
    public static bool TryGetIdentity(Cid cid, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Block? block)
    {
        block = cid.HashFunction == MultihashCode.Identity && cid.Digest.Length <= IdentityBytesMax ? new Block(cid, cid.Digest.ToArray()) : null;
        return block is not null;
    }

    private static BlockFault CheckDigest(int length, int full) =>
        length > full ? BlockFault.HashMismatch : length < DigestBytesMin ? BlockFault.DigestTooShort : BlockFault.None;
}

/// <summary>Why a block is refused.</summary>
public enum BlockFault
{
    /// <summary>It is what its identifier names.</summary>
    None,

    /// <summary>It is larger than <see cref="BlockVerifier.BlockBytesMax"/>.</summary>
    TooLarge,

    /// <summary>Its bytes do not have the digest that its identifier names.</summary>
    HashMismatch,

    /// <summary>The hash function is not one that this project accepts.</summary>
    UnsupportedHash,

    /// <summary>The digest is cut too short to mean anything.</summary>
    DigestTooShort,

    /// <summary>An identity identifier holds more than <see cref="BlockVerifier.IdentityBytesMax"/> bytes.</summary>
    IdentityTooLong,
}
