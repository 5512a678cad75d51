namespace Sojourn.Cryptography.Sealing;

/// <summary>Sizes of the format.</summary>
public static class SealedLayout
{
    /// <summary>Bytes of a sealed chunk by default: 1 MiB, a leaf of the default import profile.</summary>
    public const int ChunkSizeDefault = 1 << 20;

    /// <summary>Smallest chunk.</summary>
    public const int ChunkSizeMin = 64;

    /// <summary>Largest chunk: 2 MiB, the largest block that peers exchange.</summary>
    public const int ChunkSizeMax = 2 << 20;

    /// <summary>The authentication tag at each chunk's end.</summary>
    public const int TagSize = 16;

    /// <summary>Most recipients of one content.</summary>
    public const int RecipientsMax = 256;

    /// <summary>Largest header that is read, in bytes.</summary>
    public const int HeaderSizeMax = 256 * 1024;

    /// <summary>Largest content, in bytes: 2^53 − 1, which every reader of dag-cbor can hold.</summary>
    public const long SizeMax = (1L << 53) - 1;

    /// <summary>Whether a chunk size is allowed.</summary>
    /// <param name="chunkSize">Bytes of a sealed chunk.</param>
    public static bool IsChunkSize(long chunkSize) =>
        chunkSize is >= ChunkSizeMin and <= ChunkSizeMax && System.Numerics.BitOperations.IsPow2(chunkSize);

    /// <summary>Chunks for a padded size; empty content has one, empty, chunk.</summary>
    /// <param name="paddedSize">Plaintext and padding, in bytes.</param>
    /// <param name="chunkSize">Bytes of a sealed chunk.</param>
    public static long ChunkCount(long paddedSize, int chunkSize) =>
        paddedSize == 0 ? 1 : (paddedSize + chunkSize - TagSize - 1) / (chunkSize - TagSize);

    /// <summary>Bytes of the sealed body.</summary>
    /// <param name="paddedSize">Plaintext and padding, in bytes.</param>
    /// <param name="chunkSize">Bytes of a sealed chunk.</param>
    public static long BodySize(long paddedSize, int chunkSize) => paddedSize + (ChunkCount(paddedSize, chunkSize) * TagSize);

    /// <summary>The size that a reader of the public header sees.</summary>
    /// <param name="length">Bytes of content.</param>
    /// <param name="padding">How it is padded.</param>
    public static long PaddedSize(long length, SizePadding padding) => padding == SizePadding.Padme ? Padme(length) : length;

    /// <summary>Padmé (Nikitin and others, PETS 2019, section 4): leaks O(log log n) bits of the length and costs at most 12 %.</summary>
    private static long Padme(long length)
    {
        if (length < 2)
        {
            return length;
        }

        var exponent = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)length);
        var mantissa = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)exponent);
        var mask = (1L << Math.Max(0, exponent - mantissa)) - 1;
        return (length + mask) & ~mask;
    }
}

/// <summary>How much the sealed size says about the content's size.</summary>
public enum SizePadding
{
    /// <summary>Everything.</summary>
    None,

    /// <summary>Its leading bits only: padded with zeros to the next Padmé size.</summary>
    Padme,
}
