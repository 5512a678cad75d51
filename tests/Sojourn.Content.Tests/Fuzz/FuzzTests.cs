using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Content.Tests.Fuzz;

/// <summary>Hostile bytes for every decoder: a refusal with a name or a value that holds, never another exception, and memory in proportion to the input.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    private const string Campaign = "fuzz-content";

    /// <summary>What a decoder may allocate: a fixed part (buffers of readers) and a part that grows with the input.</summary>
    private static long AllocationMax(int inputBytes) => (8L << 20) + (20_000L * inputBytes);

    public static TheoryData<string> Targets() => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Short_seeded_run(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        foreach (var good in target.Corpus)
        {
            Run(target, good);
        }

        var mutator = new Mutator(20250101, target.Corpus);
        for (var i = 0; i < 4000; i++)
        {
            Run(target, mutator.Make());
        }
    }

    [Fact]
    [Trait("long", Campaign)]
    public void Long_run()
    {
        if (LongRun.Of(Campaign) is not { } run)
        {
            return;
        }

        var mutators = FuzzTargets.All.Select((target, i) => (target, mutator: new Mutator((run.Seed * 1000) + (ulong)i, target.Corpus))).ToArray();
        long inputs = 0;
        while (!run.Over)
        {
            foreach (var (target, mutator) in mutators)
            {
                for (var i = 0; i < 1000; i++, inputs++)
                {
                    Run(target, mutator.Make());
                }
            }
        }

        LongRun.Record(output, Campaign, $"inputs={inputs} targets={mutators.Length} failures=0");
    }

    private static void Run(FuzzTarget target, byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Check(input);
        }
        catch (Exception wrong)
        {
            throw new InvalidOperationException($"{target.Name} fails on {Convert.ToHexStringLower(input)}: {wrong.Message}", wrong);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= AllocationMax(input.Length), $"{target.Name} allocates {allocated} bytes for {Convert.ToHexStringLower(input)}");
    }
}
