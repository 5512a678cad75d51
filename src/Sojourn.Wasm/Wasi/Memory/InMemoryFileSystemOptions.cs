using System.ComponentModel.DataAnnotations;

namespace Sojourn.Wasm.Wasi;

/// <summary>Limits of an <see cref="InMemoryFileSystem"/>.</summary>
public sealed class InMemoryFileSystemOptions
{
    /// <summary>The default of <see cref="BytesMax"/>.</summary>
    public const long DefaultBytesMax = 256L << 20;

    /// <summary>The default of <see cref="NodesMax"/>.</summary>
    public const int DefaultNodesMax = 100_000;

    /// <summary>Most bytes of all files together, holes included; past them the guest gets <c>ENOSPC</c>.</summary>
    /// <value>Default 256 MiB.</value>
    [Range(0, 1L << 40)]
    public long BytesMax { get; set; } = DefaultBytesMax;

    /// <summary>Most files, directories, links and names together; past them the guest gets <c>ENOSPC</c>.</summary>
    /// <value>Default 100,000.</value>
    [Range(1, 10_000_000)]
    public int NodesMax { get; set; } = DefaultNodesMax;
}
