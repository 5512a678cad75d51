namespace Sojourn.Wasm;

/// <summary>Marks a partial class whose methods with <see cref="HostFunctionAttribute"/> guests may call. The source generator writes its method <c>DefineIn(Linker)</c>: no reflection, no boxing, no code made at run time.</summary>
/// <param name="name">The name guests import it by.</param>
/// <remarks>Parameters and results: int, uint, long, ulong, float, double, bool, <c>Vector128&lt;byte&gt;</c>, <see cref="Function"/> and object; results also as a tuple. A <see cref="Caller"/> may come first. <c>ReadOnlySpan&lt;byte&gt;</c>, <c>Span&lt;byte&gt;</c> and string (UTF-8) stand for two parameters of the guest, address and length in its memory 0.</remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class HostModuleAttribute(string name) : Attribute
{
    /// <summary>The name guests import it by.</summary>
    public string Name { get; } = name;
}
