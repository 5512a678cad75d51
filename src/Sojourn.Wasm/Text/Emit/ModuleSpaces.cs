namespace Sojourn.Wasm.Text.Emit;

/// <summary>The index spaces of one module.</summary>
internal sealed class ModuleSpaces
{
    public TypeSpace Types { get; } = new();

    public IndexSpace Functions { get; } = new("function");

    public IndexSpace Tables { get; } = new("table");

    public IndexSpace Memories { get; } = new("memory");

    public IndexSpace Globals { get; } = new("global");

    public IndexSpace Tags { get; } = new("tag");

    public IndexSpace Elements { get; } = new("elem segment");

    public IndexSpace Data { get; } = new("data segment");
}
