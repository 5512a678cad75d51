namespace Sojourn.Wasm.Cache;

/// <summary>Where compiled code is kept, and how much of it.</summary>
public sealed record ModuleCacheOptions
{
    /// <summary>The folder; made if it is missing. It must belong to the user and be writable by nobody else.</summary>
    /// <value>Default: <c>sojourn/wasm</c> in <c>XDG_CACHE_HOME</c>, else in <c>~/.cache</c>.</value>
    public string Directory { get; init; } = DefaultDirectory;

    /// <summary>The key that authenticates entries, 32 bytes. Who knows it can have any code run in this process.</summary>
    /// <value>Default: empty, which means a random key in the folder's file <c>key</c> (mode 0600), made when it is missing.</value>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Bytes of all entries; those used longest ago go first.</summary>
    /// <value>Default: 1 GiB.</value>
    public long BytesMax { get; init; } = 1L << 30;

    /// <summary>The ahead-of-time compiler, or null for none: entries then hold IL.</summary>
    /// <value>Default: <see cref="Precompiler.Find"/>.</value>
    public Precompiler? Precompiler { get; init; } = Precompiler.Find();

    /// <summary>What compiling a module may cost.</summary>
    /// <value>Default: <see cref="CompileBudget.Default"/>.</value>
    public CompileBudget Budget { get; init; } = CompileBudget.Default;

    /// <summary>Modules whose machine code this process may load, all caches together: it stays for good. Further ones run from IL.</summary>
    /// <value>Default: 256.</value>
    public int LoadedMax { get; init; } = 256;

    private static string DefaultDirectory
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
                ? named
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "sojourn", "wasm");
        }
    }
}
