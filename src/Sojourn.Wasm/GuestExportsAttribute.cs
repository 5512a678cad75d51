namespace Sojourn.Wasm;

/// <summary>Marks a partial class whose partial methods with <see cref="GuestFunctionAttribute"/> call functions that an instance exports. The source generator writes them, and a constructor that takes the instance and checks the types.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class GuestExportsAttribute : Attribute;

/// <summary>Marks a partial method that calls a function of the guest.</summary>
/// <param name="name">The export's name; the method's where absent.</param>
/// <remarks>Parameters and results: int, uint, long, ulong, float, double, bool, <c>Vector128&lt;byte&gt;</c>, <see cref="Function"/> and object; results also as a tuple.</remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GuestFunctionAttribute(string? name = null) : Attribute
{
    /// <summary>The export's name, or null for the method's.</summary>
    public string? Name { get; } = name;
}
