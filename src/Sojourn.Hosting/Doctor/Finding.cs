namespace Sojourn.Hosting.Doctor;

/// <summary>How one thing stands.</summary>
public enum FindingState
{
    /// <summary>It is there.</summary>
    Good,

    /// <summary>It is missing and something works less well without it.</summary>
    Missing,

    /// <summary>This machine does not have it, and nothing can be done about that here.</summary>
    NotHere,
}

/// <summary>One thing that this machine can or cannot do.</summary>
/// <param name="What">The thing.</param>
/// <param name="State">How it stands.</param>
/// <param name="Detail">What was seen, and what follows from it.</param>
/// <param name="Remedy">The command or step that mends it; empty where none is needed or possible.</param>
public sealed record Finding(string What, FindingState State, string Detail, string Remedy = "");
