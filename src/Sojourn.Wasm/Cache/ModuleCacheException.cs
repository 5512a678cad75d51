namespace Sojourn.Wasm.Cache;

/// <summary>The cache's folder or key cannot be trusted or used. Damaged or foreign entries never raise it: they are made anew.</summary>
public sealed class ModuleCacheException : IOException
{
    /// <summary>Makes the refusal.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="reason">What is wrong with it, and what to do.</param>
    public ModuleCacheException(string path, string reason)
        : base($"{path}: {reason}") => Path = path;

    /// <summary>The file or folder.</summary>
    public string Path { get; }
}
