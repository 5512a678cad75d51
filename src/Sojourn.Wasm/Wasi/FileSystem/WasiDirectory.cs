namespace Sojourn.Wasm.Wasi;

/// <summary>The capability to use a directory and what lies below it; hand it to a guest with <see cref="WasiOptions.AddDirectory"/>.</summary>
public abstract class WasiDirectory
{
    private protected WasiDirectory()
    {
    }

    /// <summary>Whether the guest may change nothing.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>The same directory, with no power to change it.</summary>
    /// <returns>A capability that is at most as strong as this one.</returns>
    public abstract WasiDirectory AsReadOnly();

    /// <summary>Whether the same operations give the same answers on every machine.</summary>
    internal abstract bool IsDeterministic { get; }

    /// <summary>Opens the directory for one guest.</summary>
    internal abstract DirectoryHandle Open(WasiClock? clock);
}
