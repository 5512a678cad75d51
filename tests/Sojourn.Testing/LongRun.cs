using System.Globalization;
using Xunit.Abstractions;

namespace Sojourn.Testing;

/// <summary>A campaign that runs only when <c>./test --long NAME</c> asks for it: seeded, bounded in time, recorded.</summary>
/// <param name="Seed">Where this slice's randomness starts; another slice has another seed.</param>
/// <param name="Budget">The slice's time; a campaign stops at the first check past it.</param>
public sealed record LongRun(ulong Seed, TimeSpan Budget)
{
    private readonly long _start = System.Diagnostics.Stopwatch.GetTimestamp();

    /// <summary>The campaign's run, or null where this process was not asked for it.</summary>
    /// <param name="name">The campaign's name, as in <c>[Trait("long", name)]</c>.</param>
    public static LongRun? Of(string name)
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_LONG") != name)
        {
            return null;
        }

        var seed = ulong.TryParse(Environment.GetEnvironmentVariable("SOJOURN_LONG_SEED"), CultureInfo.InvariantCulture, out var s) ? s : 1;
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("SOJOURN_LONG_SECONDS"), CultureInfo.InvariantCulture, out var t) ? t : 300;
        return new LongRun(seed, TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Whether the slice's time is used up.</summary>
    public bool Over => System.Diagnostics.Stopwatch.GetElapsedTime(_start) >= Budget;

    /// <summary>Records what was done; the script copies it to <c>tests/LONG.md</c>.</summary>
    /// <param name="output">The test's output.</param>
    /// <param name="name">The campaign's name.</param>
    /// <param name="counts">What was counted, e.g. <c>inputs=10000000 crashes=0</c>.</param>
    public static void Record(ITestOutputHelper output, string name, string counts) => output.WriteLine($"LONG {name} {counts}");
}
