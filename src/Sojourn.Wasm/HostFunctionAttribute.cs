namespace Sojourn.Wasm;

/// <summary>Marks a method that guests may call: offered by <see cref="HostModule.Functions"/>, or by code generated for a class marked with <see cref="HostModuleAttribute"/>.</summary>
/// <param name="name">The field's name; the method's where absent.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HostFunctionAttribute(string? name = null) : Attribute
{
    /// <summary>The field's name, or null for the method's.</summary>
    public string? Name { get; } = name;

    /// <summary>The module's name where it is not that of the class; heeded by generated code only.</summary>
    public string? Module { get; set; }
}
