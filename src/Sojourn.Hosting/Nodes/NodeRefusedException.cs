namespace Sojourn.Hosting.Nodes;

/// <summary>A node or keeper refuses to start.</summary>
/// <param name="message">Why.</param>
/// <param name="remedy">What mends it.</param>
public sealed class NodeRefusedException(string message, string remedy) : Exception(message)
{
    /// <summary>What mends it.</summary>
    public string Remedy { get; } = remedy;
}
