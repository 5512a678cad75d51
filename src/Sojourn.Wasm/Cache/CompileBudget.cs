namespace Sojourn.Wasm.Cache;

/// <summary>What the compilation of one module may cost. The compiler runs in a process of its own, which is ended when it passes either.</summary>
public sealed record CompileBudget
{
    /// <summary>The defaults.</summary>
    public static CompileBudget Default { get; } = new();

    /// <summary>Wall-clock time.</summary>
    /// <value>Default: 60 seconds.</value>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Resident memory of the compiler's process.</summary>
    /// <value>Default: 2 GiB.</value>
    public long MemoryBytes { get; init; } = 2L << 30;
}
