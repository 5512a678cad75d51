namespace Sojourn.Wasm.Run;

/// <summary>The imports of an instance, matched and in order of their index spaces.</summary>
internal sealed class ImportedExterns
{
    public required int[] TypeIdentities { get; init; }

    /// <summary>Functions of instances; null where <see cref="Hosts"/> has the function.</summary>
    public required Function?[] Functions { get; init; }

    public required HostDefinition?[] Hosts { get; init; }

    public required Table[] Tables { get; init; }

    public required Memory[] Memories { get; init; }

    public required Global[] Globals { get; init; }

    public required Tag[] Tags { get; init; }
}
