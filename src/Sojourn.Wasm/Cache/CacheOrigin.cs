namespace Sojourn.Wasm.Cache;

/// <summary>Where the code of a module came from.</summary>
public enum CacheOrigin
{
    /// <summary>Nothing fit was stored: decoded, validated and compiled now, and stored.</summary>
    Compiled,

    /// <summary>Stored IL: the platform compiles functions when they are first called.</summary>
    StoredIl,

    /// <summary>Stored machine code.</summary>
    StoredNative,
}
