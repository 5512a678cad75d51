namespace Sojourn.Content.Car;

/// <summary>The fixed parts of the CAR formats.</summary>
/// <remarks>ipld.io, "CARv1 specification" and "CARv2 specification".</remarks>
internal static class CarFormat
{
    /// <summary>The first bytes of every CARv2: a CARv1 header that says version 2.</summary>
    public static ReadOnlySpan<byte> Pragma => [0x0a, 0xa1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x02];

    public const int PragmaBytes = 11;

    /// <summary>Characteristics (16), data offset, data size, index offset (8 each).</summary>
    public const int HeaderV2Bytes = 40;

    /// <summary>The first place where the inner CARv1 may begin.</summary>
    public const int DataOffsetMin = PragmaBytes + HeaderV2Bytes;
}

/// <summary>The fixed header of a CARv2.</summary>
/// <param name="FullyIndexed">Whether the index lists every section, identity CIDs included (characteristics bit 0).</param>
/// <param name="DataOffset">Where the inner CARv1 begins, from the start of the file.</param>
/// <param name="DataSize">How many bytes the inner CARv1 has.</param>
/// <param name="IndexOffset">Where the index begins, or 0 where there is none.</param>
public sealed record CarV2Header(bool FullyIndexed, long DataOffset, long DataSize, long IndexOffset);

/// <summary>Limits for reading CARs from outside.</summary>
public sealed record CarReaderOptions
{
    /// <summary>The default limits.</summary>
    public static CarReaderOptions Default { get; } = new();

    /// <summary>The longest header, in bytes.</summary>
    /// <value>1 MiB: some 27,000 roots.</value>
    public int HeaderBytesMax { get; init; } = 1 << 20;

    /// <summary>The largest block, in bytes.</summary>
    /// <value><see cref="BlockVerifier.BlockBytesMax"/>. A section may be longer by its CID.</value>
    public int BlockBytesMax { get; init; } = BlockVerifier.BlockBytesMax;
}
