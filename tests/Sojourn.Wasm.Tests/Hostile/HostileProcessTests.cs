using Sojourn.Wasm.Tests.Child;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Hostile;

/// <summary>Modules of about a megabyte made to be dear, each in a process of its own: they run within their limits or are refused with a reason.</summary>
public sealed class HostileProcessTests(ITestOutputHelper output)
{
    private const int MegabytesMax = 1024;

    /// <summary>How those end that do not simply run.</summary>
    private static readonly Dictionary<string, string> Ends = new(StringComparer.Ordinal)
    {
        ["deep-blocks"] = "refused: LimitExceeded: blocks nested",
        ["many-functions-of-many-locals"] = "refused: LimitExceeded: more than 100000000 locals",
        ["one-function-of-arithmetic"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-branches"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-50000-locals"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-calls"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-memory-copies"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-loads"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-shuffles"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-selects"] = "refused: LimitExceeded: a function's frame",
        ["one-function-of-handlers"] = "refused: LimitExceeded: a function needs more than",
        ["deep-handlers"] = "refused: LimitExceeded: try_table nested",
        ["deep-operands"] = "refused: LimitExceeded: a function has more than",
        ["one-branch-table"] = "refused: LimitExceeded:",
        ["wide-blocks"] = "refused: LimitExceeded: blocks have more than",
        ["one-vast-memory"] = "trapped: ResourceExhausted",
        ["one-vast-table"] = "trapped: ResourceExhausted",
        ["endless-loop"] = "trapped: FuelExhausted",
        ["endless-recursion"] = "trapped: StackExhausted",
        ["endless-growth"] = "trapped: FuelExhausted",
        ["endless-fills"] = "trapped: FuelExhausted",
        ["endless-start"] = "trapped: FuelExhausted",
    };

    [Fact]
    [Trait("speed", "slow")]
    public void Each_ends_within_its_limits()
    {
        foreach (var name in HostileScenarios.Names)
        {
            var result = ChildProcess.Run("hostile:" + name);
            output.WriteLine(result.Row(name));
            Assert.True(result.ExitCode == 0, $"{name}: {result.Error}");
            Assert.StartsWith(Ends.GetValueOrDefault(name, "ran"), result.Outcome, StringComparison.Ordinal);
            Assert.True(result.PeakMegabytes <= MegabytesMax, $"{name} took {result.PeakMegabytes} MB");
        }
    }

    /// <summary>What would go on for ever without fuel ends when the host's time is up.</summary>
    [Theory]
    [InlineData("endless-loop", "trapped: Interrupted")]
    [InlineData("endless-growth", "trapped: Interrupted")]
    [InlineData("endless-fills", "trapped: Interrupted")]
    [InlineData("endless-start", "trapped: Interrupted")]
    public void Time_ends_what_fuel_does_not(string name, string wanted)
    {
        var result = ChildProcess.Run("hostile-timed:" + name);
        output.WriteLine(result.Row(name));
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(wanted, result.Outcome);
    }
}
