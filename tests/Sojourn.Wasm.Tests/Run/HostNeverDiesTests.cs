using Sojourn.Wasm.Tests.Child;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Run;

/// <summary>What guests may do that could end the host's process, each in a process of its own.</summary>
public sealed class HostNeverDiesTests(ITestOutputHelper output)
{
    /// <summary>Scenarios and what they see.</summary>
    public static TheoryData<string, string> Scenarios => new()
    {
        { "recursion", "StackExhausted" },
        { "indirect-recursion", "StackExhausted" },
        { "reference-recursion", "StackExhausted" },
        { "mutual-recursion-with-vectors", "StackExhausted" },
        { "recursion-under-handlers", "StackExhausted" },
        { "host-recursion", "StackExhausted" },
        { "start-recursion", "StackExhausted" },
        { "memory-growth", "refused at 64 MiB" },
        { "table-growth", "refused at 1000000 elements" },
        { "heap-growth", "ResourceExhausted" },
        { "heap-growth-arrays", "ResourceExhausted" },
        { "heap-churn", "1 GB made, 32 MiB at most alive" },
        { "exception-growth", "ResourceExhausted" },
        { "many-instances", "ResourceExhausted after 2000" },
        { "many-stores", "sum 0" },
        { "whole-memory", "77 MemoryOutOfBounds MemoryOutOfBounds MemoryOutOfBounds -1 77 MemoryOutOfBounds MemoryOutOfBounds MemoryOutOfBounds -1" },
        { "traps-on-threads", "64000 traps" },
        { "traps-under-collection", "12000 traps, 12000 references kept" },
        { "traps-in-host-calls", "5000 5000 100" },
        { "host-faults-beside-traps", "12000 traps, 12000 null references of the host" },
        { "leaves-at-the-stacks-end", "StackExhausted" },
        { "great-tables", "-1 -1 -1 1 6 -1 -1 -1 1 6" },
    };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void The_host_goes_on(string scenario, string wanted)
    {
        var result = ChildProcess.Run(scenario);
        output.WriteLine(result.Row(scenario));
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(wanted, result.Outcome);
        Assert.InRange(result.PeakMegabytes, 0, 1024);
    }

    /// <summary>The platform's own exceptions do not reach the host as they are.</summary>
    [Fact]
    public void A_host_without_memory_goes_on()
    {
        var result = ChildProcess.Run("no-managed-memory", "DOTNET_GCHeapHardLimit=0x8000000");
        output.WriteLine(result.Row("no-managed-memory"));
        Assert.True(result.ExitCode == 0, result.Error);
        const string Tier = "ResourceExhausted ResourceExhausted -1 ResourceExhausted 1000";
        Assert.Equal($"{Tier} {Tier}", result.Outcome);
    }

    /// <summary>Of instructions that machine code performs, and of those that go through the stage.</summary>
    [Theory]
    [Trait("speed", "slow")]
    [InlineData("million-traps", "1000000 traps")]
    [InlineData("million-casts", "1000000 traps, no operands pile up")]
    public void A_million_traps_in_a_row(string scenario, string wanted)
    {
        var result = ChildProcess.Run(scenario);
        output.WriteLine(result.Row(scenario));
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(wanted, result.Outcome);
        Assert.InRange(result.PeakMegabytes, 0, 512);
    }

    [Fact]
    public void A_wild_access_of_the_hosts_own_is_no_trap()
    {
        var result = ChildProcess.Run("wild-pointer");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal("", result.Outcome);
    }
}
