using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Simulation.Checking;

public sealed class ModelCheckingTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 1, 1, true, false, 14, 6000)]
    [InlineData(4, 1, 3, true, false, 16, 6000)]
    [InlineData(3, 2, 1, false, false, 9, 6000)]
    [InlineData(3, 1, 1, false, true, 16, 8000)]
    public void Every_reachable_state_keeps_the_promises(int nodes, int jobs, int executors, bool lies, bool keys, int depth, int statesMax)
    {
        var checker = new ModelChecker(nodes, jobs, executors, lies, keys);
        checker.Explore(depth, () => checker.States >= statesMax);
        output.WriteLine($"nodes={nodes} jobs={jobs} executors={executors} keys={keys} depth={checker.Depth} states={checker.States} transitions={checker.Transitions} ends={checker.Ends}");
        Assert.True(checker.States > 100);
    }

    // Each configuration has its share of the slice's time; the depth that is told was explored whole.
    [Theory]
    [InlineData(3, 1, 1, false)]
    [InlineData(3, 1, 1, true)]
    [InlineData(3, 2, 1, false)]
    [InlineData(4, 1, 3, false)]
    [Trait("long", "model")]
    public void Exhaustively(int nodes, int jobs, int executors, bool keys)
    {
        if (LongRun.Of("model") is not { } run)
        {
            return;
        }

        run = run with { Budget = run.Budget / 4 };
        var checker = new ModelChecker(nodes, jobs, executors, lies: true, keys);
        checker.Explore(int.MaxValue, () => run.Over || GC.GetTotalMemory(forceFullCollection: false) > 6L << 30);
        LongRun.Record(output, "model", $"nodes={nodes} jobs={jobs} executors={executors} keys={keys} depth={checker.Depth}{(checker.Exhausted ? " (all)" : "")} states={checker.States} transitions={checker.Transitions} ends={checker.Ends} violations=0");
    }
}
