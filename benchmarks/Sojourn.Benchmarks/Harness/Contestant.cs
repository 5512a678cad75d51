namespace Sojourn.Benchmarks.Harness;

/// <summary>One side of a comparison.</summary>
/// <param name="Label">Who: ours, or the peer's name and version.</param>
/// <param name="Measure">Does the work once and returns the figure (seconds, say), so that set-up can stay outside it.</param>
public sealed record Contestant(string Label, Func<double> Measure)
{
    /// <summary>A contestant whose figure is the wall-clock seconds of an action.</summary>
    /// <param name="label">Who.</param>
    /// <param name="work">What is timed.</param>
    public static Contestant Timed(string label, Action work) => new(label, () =>
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        work();
        return System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
    });
}
