using System.ComponentModel.DataAnnotations;

namespace Sojourn.Wasm.Wasi;

/// <summary>What a guest may use of the host at most.</summary>
public sealed class WasiLimits
{
    /// <summary>The default of <see cref="DescriptorsMax"/>.</summary>
    public const int DefaultDescriptorsMax = 1024;

    /// <summary>The default of <see cref="OutputBytesMax"/>.</summary>
    public const long DefaultOutputBytesMax = 1L << 30;

    /// <summary>The default of <see cref="FileBytesMax"/>.</summary>
    public const long DefaultFileBytesMax = 1L << 40;

    /// <summary>The default of <see cref="DirectoryEntriesMax"/>.</summary>
    public const int DefaultDirectoryEntriesMax = 1_000_000;

    /// <summary>The default of <see cref="SubscriptionsMax"/>.</summary>
    public const int DefaultSubscriptionsMax = 8192;

    /// <summary>Most descriptors open at once; past them the guest gets <c>EMFILE</c>.</summary>
    /// <value>Default 1,024.</value>
    [Range(3, 1 << 20)]
    public int DescriptorsMax { get; set; } = DefaultDescriptorsMax;

    /// <summary>Most bytes on standard output and error together; past them the guest gets <c>ENOSPC</c>.</summary>
    /// <value>Default 1 GiB.</value>
    [Range(0, long.MaxValue)]
    public long OutputBytesMax { get; set; } = DefaultOutputBytesMax;

    /// <summary>Largest file; past it the guest gets <c>EFBIG</c>.</summary>
    /// <value>Default 1 TiB.</value>
    [Range(0, long.MaxValue)]
    public long FileBytesMax { get; set; } = DefaultFileBytesMax;

    /// <summary>Most entries of a directory that is listed; past them the guest gets <c>ENOMEM</c>.</summary>
    /// <value>Default 1,000,000.</value>
    [Range(2, 10_000_000)]
    public int DirectoryEntriesMax { get; set; } = DefaultDirectoryEntriesMax;

    /// <summary>Most subscriptions of one <c>poll_oneoff</c>; past them the guest gets <c>EINVAL</c>.</summary>
    /// <value>Default 8,192.</value>
    [Range(1, 1 << 20)]
    public int SubscriptionsMax { get; set; } = DefaultSubscriptionsMax;
}
