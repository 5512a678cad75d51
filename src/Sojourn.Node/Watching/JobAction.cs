namespace Sojourn.Node.Watching;

/// <summary>Looks at a job again, at the latest after a while.</summary>
/// <param name="After">After how long, where nothing happens before.</param>
internal readonly record struct LookAgain(TimeSpan After)
{
    /// <summary>As soon as something happens; a long time otherwise.</summary>
    public static LookAgain OnEvent { get; } = new(TimeSpan.FromSeconds(2));
}
