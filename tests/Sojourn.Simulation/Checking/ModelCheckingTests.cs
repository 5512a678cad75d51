using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Simulation.Checking;

public sealed class ModelCheckingTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 1, 1, true, 14, 6000)]
    [InlineData(4, 1, 3, true, 16, 6000)]
    [InlineData(3, 2, 1, false, 9, 6000)]
    public void Every_reachable_state_keeps_the_promises(int nodes, int jobs, int executors, bool lies, int depth, int statesMax)
    {
        var checker = new ModelChecker(nodes, jobs, executors, lies);
        checker.Explore(depth, statesMax);
        output.WriteLine($"nodes={nodes} jobs={jobs} executors={executors} depth={depth} states={checker.States} transitions={checker.Transitions} ends={checker.Ends}");
        Assert.True(checker.States > 100);
    }

    [Theory]
    [InlineData(3, 1, 1, 24)]
    [InlineData(3, 2, 1, 14)]
    [InlineData(4, 1, 3, 20)]
    [Trait("long", "model")]
    public void Exhaustively(int nodes, int jobs, int executors, int depth)
    {
        if (LongRun.Of("model") is null)
        {
            return;
        }

        var checker = new ModelChecker(nodes, jobs, executors, lies: true);
        checker.Explore(depth, 400_000);
        LongRun.Record(output, "model", $"nodes={nodes} jobs={jobs} executors={executors} depth={depth} states={checker.States} transitions={checker.Transitions} ends={checker.Ends} violations=0");
    }
}
