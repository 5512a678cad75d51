namespace Sojourn.Hosting.Demo;

/// <summary>Where the demonstration tells what happens; the command line draws it.</summary>
/// <param name="Chapter">A new stage begins.</param>
/// <param name="Line">Something happened.</param>
public sealed record DemoStory(Action<string> Chapter, Action<string> Line);
