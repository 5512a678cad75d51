namespace Sojourn.Wasm.Text;

/// <summary>How a text is read.</summary>
public sealed record WatOptions
{
    /// <summary>The usual settings: the syntax of WebAssembly 3.0, with a name section.</summary>
    public static WatOptions Default { get; } = new();

    /// <summary>Whether symbolic names go into a <c>name</c> section, so that traps can name functions.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool EmitNames { get; init; } = true;

    /// <summary>Whether sizes and offsets of memories and tables may take 64 bits (the memory64 feature of 3.0); 32 in 2.0.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool WideLimits { get; init; } = true;
}
