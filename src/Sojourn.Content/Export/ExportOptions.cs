namespace Sojourn.Content.Export;

/// <summary>How a file is read out of its blocks.</summary>
public sealed record ExportOptions
{
    /// <summary>The defaults: in order, four blocks ahead.</summary>
    public static ExportOptions Default { get; } = new();

    /// <summary>Strictly one block after another: for sources that are streams.</summary>
    public static ExportOptions Streaming { get; } = new() { ReadAhead = 0 };

    /// <summary>How many children of a node are fetched before they are needed.</summary>
    /// <value>4; 0 to 256. Each may hold a block of up to 2 MiB in memory.</value>
    public int ReadAhead { get; init; } = 4;

    /// <summary>Whether a piece's bytes are read only until the next piece is asked for, so that the source may use their memory again.</summary>
    /// <value>false: pieces stay as they are.</value>
    public bool Recycle { get; init; }

    /// <summary>How deep a file's tree may be.</summary>
    /// <value>1,024.</value>
    public int DepthMax { get; init; } = 1024;
}

/// <summary>A part of a file.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Count">How many bytes; null for all that follow.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct ByteRange(long Offset, long? Count)
{
    /// <summary>The whole file.</summary>
    public static ByteRange All => default;

    /// <summary>The part of the range that a file of a size has.</summary>
    internal (long Start, long End) Within(long size)
    {
        var start = Math.Min(Offset, size);
        return (start, Count is { } count && count < size - start ? start + count : size);
    }
}
