using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Simulation.Checking;

public sealed class ModelCheckingTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 1, 1, true, false, false, 14, 6000)]
    [InlineData(4, 1, 3, true, false, false, 16, 6000)]
    [InlineData(3, 2, 1, false, false, false, 9, 6000)]
    [InlineData(3, 1, 1, false, true, false, 16, 8000)]
    [InlineData(3, 1, 1, false, false, true, 24, 8000)]
    public void Every_reachable_state_keeps_the_promises(int nodes, int jobs, int executors, bool lies, bool keys, bool judged, int depth, int statesMax)
    {
        var checker = new ModelChecker(nodes, jobs, executors, lies, keys, judged);
        checker.Explore(depth, () => checker.States >= statesMax);
        output.WriteLine($"nodes={nodes} jobs={jobs} executors={executors} keys={keys} checker={judged} depth={checker.Depth} states={checker.States} transitions={checker.Transitions} ends={checker.Ends}");
        Assert.True(checker.States > 100);
    }

    // Each configuration has its share of the slice's time; the depth that is told was explored whole.
    [Theory]
    [InlineData(2, 1, 1, false, false)]
    [InlineData(2, 1, 1, true, false)]
    [InlineData(3, 1, 1, false, false)]
    [InlineData(3, 1, 1, false, true)]
    [InlineData(3, 2, 1, false, false)]
    [InlineData(4, 1, 3, false, false)]
    [Trait("long", "model")]
    public void Exhaustively(int nodes, int jobs, int executors, bool keys, bool judged)
    {
        if (LongRun.Of("model") is not { } run)
        {
            return;
        }

        run = run with { Budget = run.Budget / 6 };
        var checker = new ModelChecker(nodes, jobs, executors, lies: true, keys, judged);
        checker.Explore(int.MaxValue, () => run.Over || GC.GetTotalMemory(forceFullCollection: false) > 6L << 30);
        LongRun.Record(output, "model", $"nodes={nodes} jobs={jobs} executors={executors} keys={keys} checker={judged} depth={checker.Depth}{(checker.Exhausted ? " (all)" : "")} states={checker.States} transitions={checker.Transitions} ends={checker.Ends} violations=0");
    }
}
